/** `surefoot list` against a real server, with deployments of which only the ledger is real. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { beforeAll, expect, test, vi } from 'vitest';
import { payloadAsJson } from '../../../src/adapters/evidence/history-archive.js';
import { listText } from '../../../src/client/rendering/list.js';
import pc from '../../../src/client/terminal/colors.js';
import type { ArchiveIndex } from '../../../src/contract/archive.js';
import type { ListedDeployment } from '../../../src/domain/deployments/listed.js';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { standIns } from '../../helpers/stand-ins.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { commandsAsk, surefoot } from '../command-line.js';
import { ledgerWith, questionWith, START } from '../ledgers.js';

const temporal = workflowServer();
const deployments = standIns(temporal);
const unserved = standIns(temporal, { queue: 'nobody', served: false });
const HOUR = 3_600_000;
let evidence: string;

const of = (service: string, parts: Partial<Ledger> = {}): Ledger =>
  ledgerWith({ deployment: `${service}-20251124-120000-ab12`, service, ...parts });

async function archive(runId: string, ledger: Ledger, { text }: { text?: string } = {}): Promise<void> {
  const folder = join(evidence, ledger.deployment, 'archive');
  await mkdir(join(folder, runId), { recursive: true });
  const reference = { title: 'Closing ledger', path: `archive/${runId}/ledger.json`, sha256: '', bytes: 1 };
  const index: ArchiveIndex = {
    format: 1,
    deployment: ledger.deployment,
    service: ledger.service,
    workflowId: `surefoot/${ledger.service}/production`,
    runId,
    startedAt: START,
    archivedAt: START + HOUR,
    ledger: reference,
    histories: [],
    missing: [],
  };
  await writeFile(join(folder, runId, 'ledger.json'), text ?? payloadAsJson(defaultPayloadConverter.toPayload(ledger)));
  await writeFile(join(folder, `${runId}.json`), JSON.stringify(index));
}

let runs: Record<'waiting' | 'over' | 'demo' | 'terminated', string>;

beforeAll(async () => {
  evidence = join(temporal.folder, 'evidence');
  const signOffs = questionWith({ kind: 'approvals', id: 'sign-offs', title: 'Sign-offs', roles: ['qa', 'dba'] });
  const approval = { role: 'qa', who: 'rui', at: START, digest: 'a'.repeat(64) };
  runs = {
    waiting: await deployments.begin(of('shop', { phase: 'approval', questions: [signOffs], approvals: [approval] })),
    over: await deployments.begin(of('orders', { outcome: 'rolled-back', phase: 'watch' })),
    demo: await deployments.begin(of('toy', { outcome: 'succeeded' }), { memo: { clock: 'virtual' } }),
    terminated: await deployments.begin(of('mail')),
  };
  await temporal.client.workflow.getHandle('surefoot/mail/production').terminate();
  // Temporal's word goes before the archive's.
  await archive(runs.over, of('orders', { outcome: 'succeeded' }));
  await archive('forgotten', of('old', { outcome: 'rejected', endedAt: START + HOUR }));
  await archive('garbled', of('older', { outcome: 'rejected' }), { text: '{}' });
  await mkdir(join(evidence, 'torn', 'archive'), { recursive: true });
  await writeFile(join(evidence, 'torn', 'archive', 'run.json'), '{"format":');
  await vi.waitUntil(async () => (await listed()).deployments.length === 6, { timeout: 20_000, interval: 200 });
}, 60_000);

commandsAsk(temporal);

type Row = Record<string, unknown> & { service: string };

async function listed(...options: string[]): Promise<{ deployments: Row[]; unknown: string[] }> {
  vi.stubEnv('TEMPORAL_ADDRESS', temporal.address);
  const { code, out } = await surefoot('list', '--json', '--evidence', evidence, ...options);
  expect(code).toBe(0);
  return JSON.parse(out);
}

const services = ({ deployments }: { deployments: Row[] }) => deployments.map(({ service }) => service).sort();

test('a deployment that waits is listed with those whose answer is missing, not with those who have given it', async () => {
  const { deployments } = await listed('--service', 'shop');
  expect(deployments).toEqual([
    expect.objectContaining({
      deploymentId: 'shop-20251124-120000-ab12',
      runId: runs.waiting,
      outcome: 'running',
      phase: 'approval',
      endedAt: null,
      waitsFor: [{ question: 'sign-offs', title: 'Sign-offs', roles: ['dba'] }],
    }),
  ]);
  const { out } = await surefoot('list', '--service', 'shop', '--evidence', evidence);
  expect(out).toMatch(/^shop-20251124-120000-ab12 {2}running: approval {2}.* waits for dba \(Sign-offs\)\n$/);
});

test('one that Temporal no longer has is listed from its archive, and what cannot be read there is said', async () => {
  const { deployments, unknown } = await listed();
  const by = (service: string) => deployments.filter((each) => each.service === service);
  expect(by('old')).toEqual([
    expect.objectContaining({ outcome: 'rejected', archived: true, endedAt: new Date(START + HOUR).toISOString() }),
  ]);
  expect(by('older')).toEqual([expect.objectContaining({ outcome: 'unknown', archived: true })]);
  expect(unknown).toEqual([
    expect.stringMatching(/torn.archive.run\.json cannot be read/),
    expect.stringContaining('how older-20251124-120000-ab12 ended: '),
  ]);
  expect(by('orders')).toEqual([
    expect.objectContaining({ runId: runs.over, outcome: 'rolled-back', archived: false }),
  ]);
});

test('a demo’s deployment is told apart, and one that was terminated did not end by itself', async () => {
  const { deployments } = await listed();
  expect(deployments.filter(({ virtualTime }) => virtualTime).map(({ runId }) => runId)).toEqual([runs.demo]);
  expect(services(await listed('--outcome', 'ended-from-outside'))).toEqual(['mail']);
});

test('they are listed by outcome and by time; one that has ended before is not', async () => {
  expect(services(await listed('--outcome', 'running'))).toEqual(['shop']);
  expect(services(await listed('--since', '1h'))).toEqual(['mail', 'orders', 'shop', 'toy']);
  expect(services(await listed('--since', '2025-11-23'))).toHaveLength(6);
  expect(await surefoot('list', '--since', 'lately')).toMatchObject({ code: 2, err: expect.stringContaining('30d') });
});

test('without an evidence folder it is said that deployments may be missing', async () => {
  const { code, err } = await surefoot('list', '--evidence', join(temporal.folder, 'elsewhere'));
  expect(code).toBe(0);
  expect(err).toMatch(/not known: there is no evidence folder .*elsewhere here/);
});

test('of one that nobody serves it is said that whom it waits for is not known', async () => {
  await unserved.begin(of('lost', { questions: [questionWith({ id: 'cleanup' })] }));
  const lost = vi.waitUntil(async () => (await listed('--service', 'lost')).deployments[0], { timeout: 20_000 });
  expect(await lost).toMatchObject({
    outcome: 'running',
    waitsFor: [{ question: 'cleanup', title: null, roles: null }],
    unanswered: expect.stringContaining('No worker answers'),
  });
  const row: ListedDeployment = { workflowId: 'w', runId: 'r', outcome: 'running', startedAt: START };
  const text = (waitingFor?: string) =>
    listText([{ listed: { ...row, waitingFor }, unanswered: 'no worker' }], { colors: pc, now: START });
  expect(text('cleanup')).toMatch(/waits for an answer to cleanup; whom it waits for is not known: no worker$/);
  expect(text()).toMatch(/ {2}whom it waits for is not known: no worker$/);
});
