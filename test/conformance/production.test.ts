/** What production runs: by its health check alone, before it is deployed to, and when it is proven at the end. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCommandActivities } from '../../src/activities/commands.js';
import { askRelease } from '../../src/activities/running-release.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import type { Database } from '../../src/contract/plan/environment.js';
import type { Migration } from '../../src/contract/plan/migration.js';
import type { StepReport } from '../../src/domain/evidence.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../activities/support.js';
import { type Handler, json, serve } from '../helpers/server.js';
import { type Answer, conforms } from './reader.js';
import { throttled } from './sources.js';

let postgres: TestServer;
let database: Database;
beforeAll(async () => {
  postgres = await startTestServer();
  database = await postgres.create('production');
  await postgres.query(
    database,
    `create table alembic_version (version_num text); insert into alembic_version values ('8c1f0a2d4b6e');
     create role stranger login password 'geheim'`,
  );
  process.env.SUREFOOT_TEST_STRANGER = 'geheim';
}, 120_000);
afterAll(() => postgres.stop());

const GOOD = { version: 'v1.2.3', maintenance: false };
const says =
  (body: unknown, status = 200): Handler =>
  (_, response) =>
    json(response, body, status);
const silent: Handler = () => {};
const endless: Handler = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = `${'x'.repeat(1_000_000)}`;
  for (let sent = 0; sent < 40; sent += 1) response.write(chunk);
  response.end();
};
const text =
  (body: string): Handler =>
  (_, response) =>
    void response.writeHead(200).end(body);

async function release(handler: Handler): Promise<Answer> {
  const { url } = await serve(handler);
  const said = await askRelease({ url: `${url}/health` }, 1_000, new AbortController().signal);
  return 'problem' in said ? { unknown: said.problem } : { known: said };
}

conforms('activities/running-release.ts', {
  value: () => release(says(GOOD)),
  none: () => release(says({ status: 'ok' })),
  hidden: () => release(says({ detail: 'forbidden' }, 403)),
  partial: () => release(text('{"version": "v1.2')),
  error: () => release(says(GOOD, 503)),
  hang: () => release(silent),
  nonsense: () => release(text('<html>Welcome</html>')),
  huge: () => release(endless),
  rateLimit: () => release(throttled),
});

const STRANGER = { user: 'stranger', password: 'env:SUREFOOT_TEST_STRANGER' } as const;
const KEY = { deployment: 'd', step: 'closing.state', generation: 1 };

/** One answer of facts: known when all hold; what is not known must not be told as something else. */
function ofFacts({ facts }: StepReport): Answer {
  const open = facts.filter(({ ok }) => !ok);
  if (open.length === 0) return { known: facts.map((fact) => fact.text) };
  const wrong = open.filter(({ unknown }) => !unknown).map((fact) => fact.text);
  return wrong.length > 0 ? { known: wrong } : { unknown: open.map((fact) => fact.text).join('; ') };
}

async function verify(handler: Handler, place: Partial<Database> = {}): Promise<Answer> {
  const { url } = await serve(handler);
  const environment = environmentWith({ api: url, database: { ...database, ...place } });
  const { verifyState } = createVerificationActivities({ answer: 1_000 });
  const evidence = { store: temporaryFolder(), deployment: 'd' };
  const expected = { version: 'v1.2.3', revision: '8c1f0a2d4b6e', tool: 'alembic' };
  const input = { key: KEY, evidence, environment, healthPath: '/health', expected };
  return ofFacts(await runActivity(() => verifyState(input)));
}

conforms(
  'activities/verification.ts',
  {
    value: () => verify(says(GOOD)),
    none: () => verify(says({ status: 'ok' })),
    hidden: () => verify(says(GOOD), STRANGER),
    partial: () => verify(text('{"version": "v1.2')),
    error: () => verify(says(GOOD, 500)),
    hang: () => verify(silent),
    nonsense: () => verify(text('v1.2.3')),
    huge: () => verify(endless),
    rateLimit: () => verify(throttled),
  },
  { secrets: ['geheim'] },
);

async function find(
  handler: Handler,
  current = `echo '8c1f0a2d4b6e (head)'`,
  place: Partial<Database> = {},
  left?: string,
) {
  const { url } = await serve(handler);
  const environment = environmentWith({ name: 'production', api: url, database: { ...database, ...place } });
  const migration = { tool: 'alembic', current: commandWith(['sh', '-c', current], { timeout: 1_000 }) } as Migration;
  const { checkProduction } = createCommandActivities({ state: temporaryFolder(), answer: 1_000 });
  const evidence = { store: temporaryFolder(), deployment: 'd' };
  const expected = { version: 'v1.2.3', target: 'v1.3.0', left };
  const input = { key: KEY, evidence, environment, migration, healthPath: '/health', expected };
  return ofFacts(await runActivity(() => checkProduction(input)));
}

conforms(
  'activities/production-found.ts',
  {
    value: () => find(says(GOOD)),
    none: () => find(says(GOOD), 'true'),
    hidden: () => find(says(GOOD), undefined, STRANGER),
    partial: () => find(says({ status: 'ok' })),
    error: () => find(says(GOOD), 'exit 1'),
    hang: () => find(silent, 'exec sleep 60'),
    nonsense: () => find(text('<html>'), 'echo "psql: error: connection refused"'),
    huge: () => find(endless, 'yes 8c1f0a2d4b6e | head -c 5000000'),
    rateLimit: () => find(throttled),
  },
  { secrets: ['geheim'] },
);

test('after a deployment that was ended from outside, the revision that it may have brought is not taken for the one before', async () => {
  expect(await find(says(GOOD), undefined, {}, '8c1f0a2d4b6e')).toEqual({
    known: [expect.stringMatching(/is at 8c1f0a2d4b6e already, .* what it was at before is not known$/)],
  });
  expect(await find(says(GOOD), undefined, {}, '5403edb1d087')).toMatchObject({
    known: expect.arrayContaining(["production's database is at 8c1f0a2d4b6e"]),
  });
});
