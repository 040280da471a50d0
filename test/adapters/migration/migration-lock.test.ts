import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { HELD, takeMigrationLock } from '../../../src/adapters/migration/migration-lock.js';
import { withDatabase } from '../../../src/adapters/postgres/postgres.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import { startTestServer, type TestServer } from '../../activities/postgres-server.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await startTestServer();
  database = await server.create('locked');
  await server.query(database, 'create table plans (id int)');
});
afterAll(() => server.stop());

test('the lock lasts as long as its transaction, keeps others out of migrations and out of nothing else', async () => {
  const take = () => withDatabase(database, (client) => client.transaction(takeMigrationLock, HELD), { session: true });
  const hold = async (client: Parameters<typeof takeMigrationLock>[0]) => {
    expect(await takeMigrationLock(client)).toEqual({});
    expect((await take()).heldBy).toMatchObject({ applicationName: 'holder' });
    const { rows } = await server.query(
      database,
      `select state, backend_xmin from pg_stat_activity where application_name = 'holder'`,
    );
    expect(rows).toEqual([{ state: 'idle in transaction', backend_xmin: null }]);
    await server.query(database, 'create index concurrently ix_id on plans (id)');
  };
  await withDatabase(database, (client) => client.transaction(hold, HELD), {
    session: true,
    applicationName: 'holder',
  });
  expect(await take()).toEqual({});
});
