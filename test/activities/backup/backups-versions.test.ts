/** Backups at both ends of the versions that are promised. */
import { expect, test } from 'vitest';
import { readIndexes } from '../../../src/adapters/postgres/catalogue.js';
import { withDatabase } from '../../../src/adapters/postgres/postgres.js';
import { startTestServer } from '../postgres-server.js';
import { GOOD, oks, runBackup, SCHEMA, subjectOf, text } from './backups-support.js';

test.each([13, 18] as const)(
  'a database of PostgreSQL %i is dumped and restored on trial',
  async (version) => {
    const server = await startTestServer({ version });
    try {
      const database = await server.create('plans');
      await server.query(
        database,
        `${SCHEMA}; create function audit() returns event_trigger language plpgsql as 'begin end';
       create event trigger watch on ddl_command_end execute function audit();
       create table part (id int not null) partition by range (id); create index on part (id);
       create table part_1 partition of part for values from (0) to (10); insert into part values (1)`,
      );
      const scratch = { ...(await server.asRole(database, 'maker', 'createdb')), name: 'postgres' };
      const report = await runBackup(subjectOf(database, { scratch }));
      expect(oks(report), JSON.stringify(report.facts)).toEqual(GOOD);
      expect(text(report, 'restored')).toMatch(
        /2002 rows in 3 tables, .*without event trigger watch \(permission denied/,
      );
      expect(await withDatabase(database, (client) => readIndexes(client, 'part'))).toMatchObject([{ valid: true }]);
    } finally {
      await server.stop();
    }
  },
  120_000,
);
