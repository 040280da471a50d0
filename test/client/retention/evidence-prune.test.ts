/** `surefoot evidence prune`: what a folder holds, beside what a real server says goes on. */
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { payloadAsJson } from '../../../src/adapters/evidence/history-archive.js';
import { type ArchiveIndex, archiveIndexPath } from '../../../src/contract/archive.js';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../../src/plan/load.js';
import { standIns } from '../../helpers/stand-ins.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED, shippedText, write } from '../../plan/plan-files.js';
import { commandsAsk, surefoot } from '../command-line.js';
import { ledgerWith } from '../ledgers.js';

const DAY = 86_400_000;
const temporal = workflowServer();
const deployments = standIns(temporal);
const { HistoryEvent } = proto.temporal.api.history.v1;
const { Payload } = proto.temporal.api.common.v1;
const service = 'eduautismo';
const named = (name: string) => `${service}-20251124-120000-${name}`;
let [plan, store] = ['', ''];

/** Ended so many days ago, and not touched since. */
async function archive(
  name: string,
  days: number,
  { outcome = 'succeeded' as Ledger['outcome'], clock = 'real' } = {},
) {
  const deployment = named(name);
  const at = Date.now() - days * DAY;
  const file = (path: string) => join(store, deployment, path);
  const reference = (path: string) => ({ title: '', path, sha256: '', bytes: 1 });
  const input = { deployment, clock, plan: loadPlan(plan).resolved };
  const [workflowId, runId] = [`surefoot/${service}/production`, name];
  const started = HistoryEvent.fromObject({
    workflowExecutionStartedEventAttributes: {
      input: { payloads: [Payload.toObject(defaultPayloadConverter.toPayload(input) as never)] },
    },
  });
  const history = {
    ...reference('archive/own.jsonl'),
    workflowId,
    runId,
    type: 'DeployWorkflow',
    events: 1,
    closed: true,
  };
  const index: ArchiveIndex = {
    ...{ format: 1, deployment, service, workflowId, runId, startedAt: at, archivedAt: at, missing: [] },
    ledger: reference(`archive/${name}/ledger.json`),
    histories: [history],
  };
  const ledger = ledgerWith({ deployment, service, outcome });
  const bytes = { longs: String, enums: String, bytes: String };
  const files = {
    [archiveIndexPath(runId)]: JSON.stringify(index),
    [`archive/${name}/ledger.json`]: payloadAsJson(defaultPayloadConverter.toPayload(ledger)),
    'archive/own.jsonl': `${JSON.stringify(HistoryEvent.toObject(started, bytes))}\n`,
    'production.backup/1/backup.json': 'x'.repeat(2_000_000),
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(file(path)), { recursive: true });
    await writeFile(file(path), text);
  }
  for (const path of await readdir(file('.'), { recursive: true })) await utimes(file(path), at / 1_000, at / 1_000);
}

beforeAll(async () => {
  plan = write('plan.yaml', `${shippedText}\nevidenceRetention: 30d\n`);
  store = loadPlan(plan).resolved.evidence;
  await archive('0001', 90);
  await archive('0002', 80, { outcome: 'rolled-back' });
  // One that was reset after it had been archived.
  await archive('0003', 70);
  await deployments.begin(ledgerWith({ deployment: named('0003'), service }));
  await archive('0004', 60);
  await writeFile(join(store, named('0004'), archiveIndexPath('other')), '{"format":');
  await archive('0005', 50);
  await archive('0006', 45, { clock: 'virtual' });
  await archive('0007', 2, { outcome: 'aborted' });
  await mkdir(join(store, named('0008')));
  await symlink(join(store, named('0001')), join(store, named('0009')));
  // Nobody's, another service's, dumps, and what was admitted.
  for (const other of ['notes', 'orders-20251124-120000-ab12', 'backups', '.admitted']) await mkdir(join(store, other));
}, 60_000);

commandsAsk(temporal);

const KEPT: [string, RegExp][] = [
  ['0003', /^it goes on/],
  ['0004', /^not known: .*other\.json cannot be read/],
  ['0005', /^no later deployment has succeeded/],
  ['0006', /^no later deployment has succeeded/],
  ['0007', /^it is kept until /],
  ['0008', /^it has no archive/],
  ['0009', /^not known: .*is no folder/],
];

test('where Temporal does not say what goes on, nothing is removed', async () => {
  vi.stubEnv('TEMPORAL_NAMESPACE', 'nobodys');
  const before = await readdir(store);
  expect((await surefoot('evidence', 'prune', plan, '--remove')).code).not.toBe(0);
  expect(await readdir(store)).toEqual(before);
});

/** This process alone is so far ahead of the machine that the server is on. */
function setClock(ahead: number): void {
  const Right = Date;
  class Ahead extends Right {
    constructor(...given: [] | [number]) {
      super(...((given.length === 0 ? [Ahead.now()] : given) as [number]));
    }
    static override now(): number {
      return Right.now() + ahead;
    }
  }
  vi.stubGlobal('Date', Ahead);
  onTestFinished(() => void vi.unstubAllGlobals());
}

test.each([
  ['ahead of', 40 * DAY],
  ['behind', -11 * 60_000],
])('where this machine’s clock is %s Temporal’s, nothing is removed, and that is said', async (word, by) => {
  setClock(by);
  const before = await readdir(store);
  const { code, err } = await surefoot('evidence', 'prune', plan, '--remove');
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`This machine's clock is \\S+( \\S+)? ${word} Temporal's.*Nothing is removed`, 's'));
  expect(await readdir(store)).toEqual(before);
});

test('a clock that is a little ahead is what clocks are', async () => {
  setClock(9 * 60_000);
  expect((await surefoot('evidence', 'prune', plan)).code).toBe(0);
});

test('says what is old, of what size, and why the rest is kept; removes it only when told to, and nothing after that', async () => {
  const before = (await readdir(store)).sort();
  const { code, out } = await surefoot('evidence', 'prune', plan, '--json');
  expect(code).toBe(0);
  const { evidence, ...about } = JSON.parse(out);
  expect(about).toEqual({ ok: true, service, folder: store, retention: 30 * DAY, removed: false });
  const old = ['0001', '0002'].map((name) => ({ deployment: named(name), isRemovable: true }));
  const kept = KEPT.map(([name, why]) => ({
    ...{ deployment: named(name), isRemovable: false },
    why: expect.stringMatching(why),
  }));
  expect(evidence).toMatchObject([...old, ...kept]);
  expect(evidence[0].bytes).toBeGreaterThan(2_000_000);
  const { out: told } = await surefoot('evidence', 'prune', plan);
  expect(told).toMatch(/old +eduautismo-20251124-120000-0001 +\d\.\d MB +ended /);
  expect(told).toContain(`2 of 9 deployments in ${store}, `);
  expect((await readdir(store)).sort()).toEqual(before);

  await surefoot('evidence', 'prune', plan, '--remove');
  const left = before.filter((name) => ![named('0001'), named('0002')].includes(name));
  expect((await readdir(store)).sort()).toEqual(left);
  expect((await surefoot('evidence', 'prune', plan, '--remove')).out).toContain('0 of 7 deployments');
});

test('without `evidenceRetention` it is kept for good', async () => {
  const { code, out } = await surefoot('evidence', 'prune', SHIPPED);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('0 of ') });
});
