/** The real target: its way back is proven on staging, a migration without one is refused, its users use the indexes. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBindings } from '../../sandbox/local/bindings.js';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createIndexActivities } from '../../src/activities/postgres/indexes.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import { SILENT_SINKS } from '../../src/contract/sinks.js';
import { startTraffic } from '../../src/demo/traffic.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { runActivity } from '../activities/support.js';
import { loadWhole, type WholePlan } from '../helpers/whole-plan.js';
import { BASE_REVISION, NEW_REVISION, operationsOf, ownSandbox, SHIPPED_PLAN, stateOf, until } from './support.js';

let sandbox: Sandbox;
let plan: WholePlan;
let client: Client;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  sandbox = await ownSandbox({ virtualTime: false });
  closers.push(() => sandbox.stop());
  const resolved = loadWhole(SHIPPED_PLAN, { bindings: await writeBindings(sandbox) });
  plan = { ...resolved, notifications: { ...resolved.notifications, channels: [], events: {} } };
  const { address } = sandbox.temporal;
  client = new Client({ connection: await Connection.connect({ address }) });
  closers.push(() => client.connection.close());
  const connection = await NativeConnection.connect({ address });
  closers.push(() => connection.close());
  const worker = await Worker.create({
    connection,
    taskQueue: 'reversible',
    workflowsPath: fileURLToPath(new URL('../workflows/reversible.ts', import.meta.url)),
    sinks: SILENT_SINKS,
    activities: {
      ...createPeopleActivities(),
      ...createHttpActivities(),
      ...createCommandActivities({ state: join(sandbox.home, 'worker') }),
    },
  });
  const working = worker.run();
  closers.push(async () => {
    worker.shutdown();
    await working;
  });
}, 300_000);

afterAll(async () => {
  while (closers.length > 0) await closers.pop()?.();
}, 60_000);

const deploy = (environment: string, version: string) =>
  execa(join(sandbox.target.operationsFolder, 'deploy.sh'), [environment, version], { stdio: 'ignore' });

const git = (...words: string[]) => {
  const as = ['safe.directory=*', 'user.name=t', 'user.email=t@example.com'].flatMap((setting) => ['-c', setting]);
  return execa('git', [...as, '-C', sandbox.target.repository, ...words]);
};

const commitOf = async (version: string): Promise<string> => (await git('rev-parse', version)).stdout.trim();

async function startProof(deployment: string) {
  const input: DeployInput = { deployment, plan, digest: '0'.repeat(64), startedBy: 'ana.souza', clock: 'real' };
  const args = [input, await commitOf('main')];
  return client.workflow.start('proving', { taskQueue: 'reversible', workflowId: deployment, args });
}

const proof = ({ steps }: Ledger) => steps.find(({ id }) => id === 'staging.reversibility');

test('the real migration goes there and back on staging, and v1.2.3 answers on the new schema', async () => {
  const { staging } = sandbox.target.environments;
  await deploy('staging', 'main');
  const ledger = (await (await startProof('good')).result()) as Ledger;
  expect(proof(ledger)?.facts.map(({ name, ok, text }) => [name, ok, text])).toEqual([
    ['downgrade', true, expect.stringContaining(`to ${BASE_REVISION}`)],
    ['schema-restored', true, expect.stringContaining('as it was before')],
    ['upgrade-again', true, expect.stringContaining(`to ${NEW_REVISION}`)],
    ['new-code', true, expect.stringContaining('main on the old schema')],
    ['previous-code', true, expect.stringContaining('v1.2.3 on the new schema')],
  ]);
  expect(ledger.eligibility).toMatchObject({ migration: true, code: true });
  expect(operationsOf(staging)).toEqual([
    'deploy staging main',
    'alembic upgrade head',
    `alembic downgrade ${BASE_REVISION}`,
    'alembic upgrade head',
    'deploy staging v1.2.3',
    'deploy staging main',
  ]);
  expect(await stateOf(staging)).toMatchObject({ version: 'main', revision: NEW_REVISION });
}, 120_000);

test('a migration without a way back is refused on staging, before anybody is asked to trust it', async () => {
  const { repository, environments } = sandbox.target;
  const versions = join(repository, 'backend/alembic/versions');
  await git('checkout', '-q', 'main');
  const file = join(versions, '20251124_1151_5403edb1d087_index_intervention_plans_for_pending_review.py');
  const text = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    `${text.slice(0, text.indexOf('def downgrade'))}def downgrade() -> None:\n    raise NotImplementedError("no way back")\n`,
  );
  await git('commit', '-qam', 'Take the way back out');
  await deploy('staging', 'main');

  const handle = await startProof('one-way');
  const asking = await until('people are asked', async () => {
    const ledger = await handle.query(statusQuery);
    return ledger.questions.length > 0 && ledger;
  });
  expect(asking.questions[0]).toMatchObject({
    id: 'staging.reversibility',
    text: expect.stringContaining('no way back'),
    moves: ['retry', 'skip', 'abort'],
  });
  expect(asking.eligibility).toMatchObject({ migration: false, code: true });
  const skip = { kind: 'skip' as const, who: 'diego.alves', role: 'devops', why: 'the test has seen enough' };
  await handle.executeUpdate(decideUpdate, { args: [skip] });
  await handle.result();
  expect(await stateOf(environments.staging)).toMatchObject({ version: 'main', revision: NEW_REVISION });
}, 120_000);

test('the demo’s users use all four indexes of production', async () => {
  const environment = plan.environments.production;
  const { binFolder } = sandbox.target;
  await deploy('production', 'main');
  const cwd = sandbox.target.environments.production.backendFolder;
  await execa(join(binFolder, 'alembic'), ['upgrade', 'head'], { cwd });
  const { checkIndexes, checkIndexUse } = createIndexActivities();
  const evidence = { store: join(sandbox.home, 'evidence'), deployment: 'd' };
  const key = { deployment: 'd', step: 'watch-5m.index-use', generation: 1 };
  const { indexes } = plan;
  const { facts, use } = await runActivity(() => checkIndexes({ key, evidence, environment, indexes }));
  expect(facts.filter(({ ok }) => !ok)).toEqual([]);

  const quiet = await runActivity(() =>
    checkIndexUse({ key, evidence, environment, indexes, baseline: use, advisory: false }),
  );
  expect(quiet.facts).toMatchObject([{ name: 'used', ok: false }]);
  const traffic = new AbortController();
  await startTraffic(plan, traffic.signal);
  const busy = await runActivity(() =>
    checkIndexUse({ key, evidence, environment, indexes, baseline: use, advisory: false }),
  );
  traffic.abort();
  expect(busy.facts).toMatchObject([{ name: 'used', ok: true }]);
}, 120_000);
