/** Other tools than alembic, for real: known by the plan's commands and its query only. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { StepReport } from '../../../src/domain/evidence.js';
import { pythonWith } from '../../helpers/target-python.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { django, knex, projectOf, type ToolUse } from './other-tools-support.js';

// The first run on a machine installs Django.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

let server: TestServer;
const tools: Record<string, ToolUse> = {};
beforeAll(async () => {
  server = await startTestServer();
  tools.Knex = knex(dirname(dirname(createRequire(import.meta.url).resolve('knex/package.json'))));
  tools.Django = django((await pythonWith('test/fixtures/django/requirements.txt')).bin);
});
afterAll(() => server.stop());

const told = ({ facts }: StepReport, name: string) => facts.find((fact) => fact.name === name)?.text;
const broken = ({ facts }: StepReport) => facts.filter(({ ok }) => !ok).map(({ name }) => name);

describe.each(['Django', 'Knex'])('%s', (name) => {
  const project = () => projectOf(tools[name] as ToolUse, name, server);

  test('goes there, back to exactly where it was, and there again; a migration that fails leaves it there; and back to none', async () => {
    const [orders, total] = (tools[name] as ToolUse).revisions;
    const { revision, upgrade, downgrade, fail, columns, seen } = await project();
    expect(await revision()).toBe(orders);
    const up = await upgrade();
    expect([broken(up), up.before, up.after, told(up, 'schema')]).toEqual([
      [],
      orders,
      total,
      expect.stringContaining('public.orders.total'),
    ]);
    const down = await downgrade(total, orders);
    expect([broken(down), down.after, await columns()]).toEqual([[], orders, ['id']]);
    const again = await upgrade();
    expect([broken(again), again.after, again.schema?.after]).toEqual([[], total, up.schema?.after]);

    expect(await seen()).toEqual([1, 2].map(() => ({ name: expect.stringMatching(/^surefoot/), lock_timeout: '3s' })));

    const failed = await fail();
    expect(broken(failed)).toEqual(expect.arrayContaining(['ran', 'revision']));
    expect(told(failed, 'ran')).toMatch(/ended with exit code \d+/);
    expect([failed.schema?.after, await columns()]).toEqual([again.schema?.after, ['id', 'total']]);
    // Back from where this deployment did not bring it nothing is run.
    const elsewhere = await downgrade('another', orders);
    expect(told(elsewhere, 'ran')).toMatch(/nothing was run/);
    expect(await columns()).toEqual(['id', 'total']);

    const none = await downgrade(total, null);
    expect([broken(none), none.after, await revision(), await columns()]).toEqual([[], null, null, []]);
  });
});
