/** A deployment that Temporal no longer has: told from what its last activity has left in the evidence store. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { createArchiveActivities } from '../../../src/activities/evidence/deployment-archive.js';
import { archiveReports } from '../../../src/activities/evidence/report-archive.js';
import { type ArchiveIndex, archiveIndexPath } from '../../../src/contract/archive.js';
import type { DeployInput, DeployResult } from '../../../src/contract/deployment.js';
import { decideUpdate } from '../../../src/contract/messages.js';
import type { ResolvedPlan } from '../../../src/contract/plan/plan.js';
import type { Watch } from '../../../src/contract/plan/watch.js';
import { sensibleAnswers } from '../../../src/domain/decisions/stand-ins.js';
import { EncryptionCodec } from '../../../src/encryption/codec.js';
import { projectFolder } from '../../../src/local/folders.js';
import { reportOfArchive } from '../../../src/report/archived.js';
import { contentOf, hashOfContent } from '../../../src/report/content/document.js';
import { gather } from '../../../src/report/history/gather.js';
import { findRun } from '../../../src/temporal/deployments.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';
import { simulatedActivities } from '../simulated.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const temporal = workflowServer();
const key = randomBytes(32);
const KEYS = { SUREFOOT_PAYLOAD_KEYS: 'k1=env:OUR_KEY', OUR_KEY: key.toString('hex') };
const dataConverter = { payloadCodecs: [new EncryptionCodec({ active: 'k1', keys: new Map([['k1', key]]) }, 'throw')] };
const deployment = 'archived-20251124-120000-ab12';
const workflowId = 'surefoot/archived/production';

let plan: ResolvedPlan;
let client: Client;
let runId: string;
let result: DeployResult;
/** Of the report, while Temporal still had the deployment. */
let hash: string;

const fileOf = (path: string) => join(plan.evidence, deployment, path);
const indexOf = (): ArchiveIndex => JSON.parse(readFileSync(fileOf(archiveIndexPath(runId)), 'utf8'));

const surefoot = (args: string[], environment: Record<string, string> = {}) =>
  execa(process.execPath, [join(projectFolder(), 'dist', 'src', 'client', 'main.js'), ...args], {
    cwd: temporal.folder,
    env: { TEMPORAL_ADDRESS: temporal.address, ...KEYS, ...environment },
    reject: false,
  });

/** The shipped plan with watches of minutes, and nobody to be told. */
function shortPlan(): ResolvedPlan {
  const whole = loadWhole(SHIPPED);
  const short = (watch: Watch): Watch => ({
    ...watch,
    duration: 10 * 60_000,
    tick: 60_000,
    criteria: watch.criteria.map((criterion) => ({ ...criterion, minimumSamples: 1 })),
  });
  const notifications = { ...whole.notifications, channels: [], events: {}, templates: {}, contacts: [] };
  const evidence = join(temporal.folder, 'evidence');
  return { ...whole, notifications, soak: short(whole.soak), watches: whole.watches.map(short), evidence };
}

beforeAll(async () => {
  plan = shortPlan();
  const { connection } = temporal.virtual;
  const { interceptors } = temporal.virtual.options;
  client = new Client({ connection, interceptors, dataConverter });
  const answer = async (question: Parameters<typeof sensibleAnswers>[1]) => {
    for (const decision of sensibleAnswers(plan.approvals, question, 'test')) {
      await client.workflow
        .getHandle(workflowId)
        .executeUpdate(decideUpdate, { args: [decision] })
        .catch(() => undefined);
    }
  };
  const taskQueue = 'archives';
  const stop = await temporal.work({
    taskQueue,
    dataConverter,
    workflowBundle: { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') },
    activities: {
      ...simulatedActivities(plan, { failing: new Set(), breaking: 'watch-5m', answer }),
      ...createArchiveActivities({ report: reportOfArchive }),
      admit: async () => ({ runner: taskQueue }),
    },
    interceptors: { activity: [archiveReports] },
  });
  const input: DeployInput = { deployment, plan, digest: 'd'.repeat(64), startedBy: 'isabel.reis', clock: 'virtual' };
  const handle = await client.workflow.start('DeployWorkflow', {
    taskQueue,
    workflowId,
    args: [input],
    memo: { deployment },
  });
  result = (await handle.result()) as DeployResult;
  await stop();
  runId = (await handle.describe()).runId;
  const connected = { client, connection: connection as Connection, address: temporal.address, namespace: 'default' };
  const found = await findRun(connected, { workflowId, runId });
  if (!found) throw new Error('no such run');
  hash = hashOfContent(contentOf(await gather(connected, found)));
}, 180_000);

test('the archive has the deployment’s own history, and those of its watches and its rollback, all runs of them', async () => {
  const { histories, missing, report } = indexOf();
  expect(missing).toEqual([]);
  expect(result.untold).toEqual([]);
  expect(report).toMatchObject({ title: 'Report' });
  const names = histories.map(({ type }) => type);
  expect(names[0]).toBe('DeployWorkflow');
  expect(names).toEqual(expect.arrayContaining(['MonitorWorkflow', 'RollbackFullWorkflow']));
  expect(histories.slice(1).filter(({ closed }) => !closed)).toEqual([]);
  const watched = [...result.monitors.map((watch) => watch.workflowId), result.rollback?.workflowId];
  expect(histories.map((history) => history.workflowId)).toEqual(expect.arrayContaining(watched));
  for (const history of histories) {
    const lines = (await readFile(fileOf(history.path), 'utf8')).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line));
    expect(events, history.path).toHaveLength(history.events);
    const own = client.workflow.getHandle(history.workflowId, history.runId);
    const { events: known } = await own.fetchHistory();
    expect(events.map(({ eventId }: { eventId: string }) => Number(eventId))).toEqual(
      known?.slice(0, history.events).map(({ eventId }) => Number(eventId)),
    );
  }
});

test('nothing of what is encrypted in Temporal is archived in plain text', async () => {
  const { histories, ledger } = indexOf();
  for (const { path } of [ledger, ...histories]) {
    const text = await readFile(fileOf(path), 'utf8');
    const decoded = text.replaceAll(/"data": ?"([^"]*)"/g, (_, data: string) =>
      Buffer.from(data, 'base64').toString('latin1'),
    );
    expect(decoded).not.toContain('isabel.reis');
  }
});

describe('when Temporal’s retention has deleted it', () => {
  beforeAll(async () => {
    const { workflowService, options } = client;
    for (const { workflowId: id, runId: run } of indexOf().histories) {
      const workflowExecution = { workflowId: id, runId: run };
      await workflowService.deleteWorkflowExecution({ namespace: options.namespace, workflowExecution });
    }
    const isThere = () =>
      client.workflow
        .getHandle(workflowId, runId)
        .describe()
        .then(
          () => true,
          () => false,
        );
    while (await isThere()) await pause(100);
  }, 60_000);

  test('status tells how it ended, says that it is from the archive, and ends as for any other', async () => {
    const { stdout, stderr, exitCode } = await surefoot(['status', deployment, '--json']);
    const { outcome, running, archive, ledger } = JSON.parse(stdout);
    expect({ outcome, running, exitCode }).toEqual({ outcome: 'rolled-back', running: false, exitCode: 1 });
    expect(archive).toEqual({ folder: 'evidence', at: indexOf().archivedAt });
    expect(ledger).toEqual(JSON.parse(JSON.stringify(result)));
    expect(stderr).toContain('Temporal no longer has this deployment: it is told from its archive of ');
  }, 30_000);

  test('a report says what it said while Temporal had it, and is verified against the archive', async () => {
    const made = await surefoot(['report', plan.service, '--format', 'html', '--out', 'late.html', '--json']);
    expect(JSON.parse(made.stdout)).toMatchObject({
      sha256: hash,
      source: { ledger: 'result', archivedAt: indexOf().archivedAt, evidence: { read: true } },
    });
    const archived = fileOf(indexOf().report?.path ?? '');
    for (const file of ['late.html', archived]) {
      const verified = await surefoot(['report', '--verify', file, '--json']);
      const { ok, differences, notes } = JSON.parse(verified.stdout);
      expect({ ok, differences, exitCode: verified.exitCode }, file).toEqual({
        ok: true,
        differences: [],
        exitCode: 0,
      });
      expect(notes[0]).toContain('Temporal no longer has the deployment: compared with the archive of ');
    }
  }, 60_000);

  test('a history of the archive that was changed or is gone is found, and a ledger that was', async () => {
    const { histories, ledger } = indexOf();
    const [changed, gone] = [fileOf(histories[1]?.path ?? ''), fileOf(histories[2]?.path ?? '')];
    const kept = await Promise.all([changed, gone].map(async (file) => [file, await readFile(file)] as const));
    await appendFile(changed, ' ');
    await rm(gone);
    await surefoot(['report', deployment, '--format', 'json', '--out', 'checked.json']);
    const verified = await surefoot(['report', '--verify', 'checked.json', '--json']);
    for (const [file, content] of kept) await writeFile(file, content);
    expect(verified.exitCode).toBe(1);
    expect(JSON.parse(verified.stdout).differences).toMatchObject([
      { kind: 'evidence-changed', where: histories[1]?.path },
      { kind: 'evidence-missing', where: histories[2]?.path },
    ]);
    const whole = await readFile(fileOf(ledger.path));
    await writeFile(fileOf(ledger.path), '{"data": ""}');
    const broken = await surefoot(['status', deployment]);
    await writeFile(fileOf(ledger.path), whole);
    expect(broken).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot be used') });
  }, 60_000);

  test('where no archive of it is, or not its keys, that is said, and what to name', async () => {
    const elsewhere = await surefoot(['status', deployment, '--evidence', 'nowhere']);
    expect(elsewhere).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('and no archive of it in nowhere'),
    });
    const other = { OUR_KEY: randomBytes(32).toString('hex') };
    const locked = await surefoot(['report', deployment], other);
    expect(locked).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('SUREFOOT_PAYLOAD_KEYS') });
  }, 30_000);
});
