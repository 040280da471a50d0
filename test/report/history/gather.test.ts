/** Reports of real histories: the deployment's own workflows on a real Temporal, in a world in which activities are simulated. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client, Connection, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pc from 'picocolors';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { archiveReports } from '../../../src/activities/evidence/report-archive.js';
import { viewLedger } from '../../../src/client/commands/ledger-view.js';
import { exitCodeOf } from '../../../src/client/commands/status.js';
import { renderStatus } from '../../../src/client/rendering/status.js';
import type { DeployInput } from '../../../src/contract/deployment.js';
import { decideUpdate } from '../../../src/contract/messages.js';
import type { ResolvedPlan } from '../../../src/contract/plan/plan.js';
import type { Watch } from '../../../src/contract/plan/watch.js';
import { sensibleAnswers } from '../../../src/domain/decisions/stand-ins.js';
import type { Decision, Question } from '../../../src/domain/ledger/ledger.js';
import { projectFolder } from '../../../src/local/folders.js';
import { contentOf } from '../../../src/report/content/document.js';
import { gather, type LedgerSource } from '../../../src/report/history/gather.js';
import { replay } from '../../../src/report/history/replay.js';
import { type Format, makeReport } from '../../../src/report/make.js';
import { readReport, verifyReport } from '../../../src/report/verify.js';
import type { Connected } from '../../../src/temporal/connection.js';
import { findRun, readLedger } from '../../../src/temporal/deployments.js';
import { cutOff } from '../../../src/temporal/ledger-view.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';
import { type Circumstances, simulatedActivities } from '../simulated.js';

// Failures are what some of these tests are about.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const workflowBundle = { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') };
const temporal = workflowServer();
let folder: string;
let client: Client;
let connected: Connected;
let plan: ResolvedPlan;

const shipped = loadWhole(SHIPPED);

/** The shipped plan with watches of minutes, and nobody to be told. */
function shortPlan(): ResolvedPlan {
  const short = (watch: Watch): Watch => ({
    ...watch,
    duration: 10 * 60_000,
    tick: 60_000,
    criteria: watch.criteria.map((criterion) => ({ ...criterion, minimumSamples: 1 })),
  });
  const notifications = {
    channels: [],
    events: {},
    templates: {},
    contacts: [],
    notices: shipped.notifications.notices,
  };
  const { approvals, soak, watches } = shipped;
  const evidence = join(folder, 'evidence');
  return { ...shipped, notifications, approvals, soak: short(soak), watches: watches.map(short), evidence };
}

beforeAll(() => {
  folder = temporal.folder;
  client = temporal.virtual;
  const connection = client.connection as Connection;
  connected = { client, connection, address: temporal.address, namespace: 'default' };
  plan = shortPlan();
});

const usual = (question: Question): Decision[] => sensibleAnswers(plan.approvals, question, 'test');
let count = 0;

interface Deployment {
  handle: WorkflowHandle;
  stopWorker: () => Promise<void>;
}

/** Starts a deployment with a worker of its own. @param say what people say when they are asked, by updates */
async function deploy(
  circumstances: Partial<Circumstances> & { say?: (question: Question) => Decision[] | 'leave' } = {},
): Promise<Deployment> {
  count += 1;
  const { failing = new Set<string>(), breaking, before, say = usual } = circumstances;
  const workflowId = `surefoot/shop-${count}/production`;
  const answer = async (question: Question) => {
    const said = say(question);
    if (said === 'leave') return;
    for (const decision of said) {
      await client.workflow
        .getHandle(workflowId)
        .executeUpdate(decideUpdate, { args: [decision] })
        .catch(() => undefined);
    }
  };
  const taskQueue = `reports-${count}`;
  const activities = {
    ...simulatedActivities(plan, { failing, breaking, before, answer }),
    admit: async () => ({ runner: taskQueue }),
  };
  const interceptors = { activity: [archiveReports] };
  const stopWorker = await temporal.work({ taskQueue, workflowBundle, activities, interceptors });
  const deployment = `shop-20251124-1200${String(count).padStart(2, '0')}-ab12`;
  const input: DeployInput = { deployment, plan, digest: 'd'.repeat(64), startedBy: 'isabel.reis', clock: 'virtual' };
  const handle = await client.workflow.start('DeployWorkflow', {
    taskQueue,
    workflowId,
    args: [input],
    memo: { deployment },
  });
  return { handle, stopWorker };
}

async function gathered({ handle }: Deployment, only?: LedgerSource) {
  const { runId } = await handle.describe();
  const found = await findRun(connected, { workflowId: handle.workflowId, runId });
  if (!found) throw new Error('no such run');
  return gather(connected, found, only);
}

async function written(deployment: Deployment, format: Format): Promise<string> {
  const out = join(folder, `report-${count}.${format}`);
  await writeFile(out, (await makeReport(await gathered(deployment), { format, out })).text);
  return out;
}

const verify = async (file: string, text = readFileSync(file, 'utf8')) =>
  verifyReport(connected, readReport(text, file));

describe('a deployment that succeeded', () => {
  let ended: Deployment;
  beforeAll(async () => {
    ended = await deploy();
    await ended.handle.result();
    await ended.stopWorker();
  }, 120_000);

  test('is told from its result: 117 items, none unknown, none failed', async () => {
    const { source, ledger, ...rest } = await gathered(ended);
    expect({ source, status: rest.status, outcome: ledger.outcome }).toEqual({
      source: 'result',
      status: 'COMPLETED',
      outcome: 'succeeded',
    });
    expect(ledger.items).toMatchObject({ total: 117, failed: 0, unknown: 0, skipped: 0 });
  });

  test('is told by its history just as its result has it, to the last word', async () => {
    expect((await gathered(ended, 'history')).source).toBe('history');
    expect(contentOf(await gathered(ended, 'history'))).toEqual(contentOf(await gathered(ended)));
  });

  test.each(['html', 'checklist', 'json'] as const)('its report as %s is verified', async (format) => {
    const file = await written(ended, format);
    expect(await verify(file)).toMatchObject({ format, differences: [], notes: [] });
  });

  test('what was edited is told: a box, a page, a state with a new hash', async () => {
    const checklist = readFileSync(await written(ended, 'checklist'), 'utf8');
    const ticked = checklist.replace(
      '- [ ] Serviços reiniciados com sucesso',
      '- [x] Serviços reiniciados com sucesso',
    );
    expect((await verify('c.md', ticked)).differences).toMatchObject([{ where: expect.stringContaining('box 3.8.1') }]);

    const page = readFileSync(await written(ended, 'html'), 'utf8');
    const [before = '', after = ''] = page.split('id="surefoot-report">');
    const shown = before.replace('<td class="passed">passed</td>', '<td class="failed">failed</td>');
    expect((await verify('p.html', `${shown}id="surefoot-report">${after}`)).differences).toMatchObject([
      { kind: 'text' },
    ]);

    const json = readFileSync(await written(ended, 'json'), 'utf8');
    const edited = json.replace('"startedBy": "isabel.reis"', '"startedBy": "eve"');
    expect((await verify('r.json', edited)).differences.map(({ where }) => where)).toEqual(['sha256', 'startedBy']);
  });

  test('evidence that is missing or was changed is told, file by file', async () => {
    const file = await written(ended, 'json');
    const { evidence } = contentOf(await gathered(ended));
    const place = join(plan.evidence, (await gathered(ended)).input.deployment);
    const [gone, changed] = [evidence[0]?.path ?? '', evidence[1]?.path ?? ''];
    const kept = [gone, changed].map((path) => [join(place, path), readFileSync(join(place, path))] as const);
    await rm(join(place, gone));
    await appendFile(join(place, changed), 'one more line\n');
    const { differences: found } = await verify(file);
    for (const [path, content] of kept) await writeFile(path, content);
    expect(found).toMatchObject([
      { kind: 'evidence-missing', where: gone, text: 'there is no such file' },
      { kind: 'evidence-changed', where: changed, text: expect.stringContaining('its sha256 is') },
    ]);
  });

  test('another run is told: one that Temporal does not know, and one that was not meant', async () => {
    const json = readFileSync(await written(ended, 'json'), 'utf8');
    const { runId } = contentOf(await gathered(ended));
    const unknown = json.replaceAll(runId, '00000000-0000-4000-8000-000000000000');
    expect((await verify('r.json', unknown)).differences).toMatchObject([{ kind: 'other-run' }]);
    const other = await findRun(connected, { workflowId: ended.handle.workflowId, runId });
    const verified = await verifyReport(connected, readReport(unknown, 'r.json'), { expected: other });
    expect(verified.differences).toMatchObject([
      { kind: 'other-run', text: expect.stringContaining(`not of run ${runId}`) },
    ]);
  });

  test('where the evidence is not at hand the report is made without plots, and verifying says what it could not check', async () => {
    const all = await gathered(ended);
    const elsewhere = { ...all, input: { ...all.input, plan: { ...plan, evidence: join(folder, 'nowhere') } } };
    const { document, text } = await makeReport(elsewhere, { format: 'html' });
    expect(document.source.evidence).toEqual({ read: false, why: expect.stringContaining('is not on this machine') });
    expect(text).toContain('Plots are left out');
    expect(text).toContain('<h3><span lang="pt-BR">Monitoramento Staging (24h)</span>');
    // The same content as with the evidence: where it was made does not count.
    expect(document.sha256).toBe((await makeReport(all, { format: 'html' })).document.sha256);
    expect((await verify('p.html', text)).differences).toEqual([]);
  });
});

test('a rollback is told the same from the result and from the history: why, how long, its steps', async () => {
  const deployment = await deploy({ breaking: 'watch-5m' });
  await deployment.handle.result();
  await deployment.stopWorker();
  const [result, rebuilt] = [contentOf(await gathered(deployment)), contentOf(await gathered(deployment, 'history'))];
  expect(result).toMatchObject({ outcome: 'rolled-back', rollbacks: [{ option: 'full', succeeded: true }] });
  expect(rebuilt).toEqual(result);
  for (const format of ['html', 'checklist', 'json'] as const) {
    expect(await verify(await written(deployment, format))).toMatchObject({ differences: [], notes: [] });
  }
}, 120_000);

test('a rollback that outlives its deployment is told as it stands, then as it ended', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const before = async (step: string) => (step === 'rollback-full.deploy' ? held : undefined);
  const deployment = await deploy({ breaking: 'watch-5m', before });
  const rollback = async () => contentOf(await gathered(deployment, 'history')).rollbacks[0];
  const isHeld = async () => (await rollback())?.steps.some(({ id }) => id === 'rollback-full.deploy');
  await vi.waitUntil(isHeld, { timeout: 90_000, interval: 200 });
  await deployment.handle.terminate('by mistake');
  expect(await rollback()).toMatchObject({
    option: 'full',
    steps: [
      { id: 'rollback-full.downgrade', state: 'passed' },
      { id: 'rollback-full.deploy', state: 'running' },
    ],
  });
  release();
  const { workflowId = '' } = (await rollback()) ?? {};
  await client.workflow.getHandle(workflowId).result();
  const { ledger } = await gathered(deployment);
  expect(ledger.rollback).toMatchObject({ succeeded: true, took: expect.any(Number) });
  expect(await rollback()).toMatchObject({
    succeeded: true,
    steps: expect.arrayContaining([expect.objectContaining({ id: 'rollback-full.verify' })]),
  });
}, 180_000);

test('a step that failed and was skipped is told the same from the history: who went on without it, and why', async () => {
  const skip = (question: Question): Decision[] =>
    question.kind === 'step-failed'
      ? [{ kind: 'skip', who: 'diego.alves', role: 'devops', why: 'known noise', subject: question.id }]
      : usual(question);
  const deployment = await deploy({ failing: new Set(['staging.logs/logs']), say: skip });
  await deployment.handle.result();
  await deployment.stopWorker();
  const [result, rebuilt] = [contentOf(await gathered(deployment)), contentOf(await gathered(deployment, 'history'))];
  expect(result.counts).toMatchObject({ skipped: 1, failed: 0, unknown: 0 });
  expect(result.items.find(({ state }) => state === 'skipped')).toMatchObject({
    id: '1.1.4',
    people: [{ who: 'diego.alves' }],
  });
  expect(rebuilt).toEqual(result);
}, 120_000);

describe('a deployment that waits for its sign-offs', () => {
  let waiting: Deployment;
  let early: Record<Format, string>;
  const leave = (question: Question) => (question.kind === 'approvals' ? ('leave' as const) : usual(question));

  const asks = async () => {
    const { ledger } = await gathered(waiting);
    return ledger.questions.some(({ kind }) => kind === 'approvals');
  };

  beforeAll(async () => {
    waiting = await deploy({ say: leave });
    await vi.waitUntil(asks, { timeout: 60_000, interval: 200 });
  }, 120_000);

  /** What `surefoot status` says as it is built, in a process of its own. */
  async function asBuilt(): Promise<Record<string, unknown>> {
    const main = join(projectFolder(), 'dist', 'src', 'client', 'main.js');
    const env = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') };
    const args = [main, 'status', waiting.handle.workflowId, '--json'];
    // Exit codes other than 0 are no failures here.
    const ended = promisify(execFile)(process.execPath, args, { env, maxBuffer: 50_000_000 });
    const { stdout } = await ended.catch((error: { stdout: string }) => error);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  test('is told by its history, and the report of it is verified', async () => {
    const { source, status, ledger } = await gathered(waiting);
    expect({ source, status }).toEqual({ source: 'history', status: 'RUNNING' });
    expect(ledger.phase).toBe('approval');
    early = { html: '', checklist: '', json: '' };
    for (const format of ['html', 'checklist', 'json'] as const) {
      const file = await written(waiting, format);
      early[format] = readFileSync(file, 'utf8');
      expect((await verify(file)).differences, format).toEqual([]);
    }
  });

  test('is told just as its worker answers, and the same when no worker is there', async () => {
    const { runId } = await waiting.handle.describe();
    const found = await findRun(connected, { workflowId: waiting.handle.workflowId, runId });
    const answered = found && (await readLedger(connected, found));
    const { ledger } = await gathered(waiting);
    expect(JSON.parse(JSON.stringify(ledger))).toEqual(answered);
    expect((await asBuilt()).ledger).toEqual(answered);
    await waiting.stopWorker();
    expect((await gathered(waiting)).ledger).toEqual(ledger);
  }, 60_000);

  test('nobody answers for it: status shows what its history says, and why that is all', async () => {
    const { runId } = await waiting.handle.describe();
    const found = await findRun(connected, { workflowId: waiting.handle.workflowId, runId });
    const view = found && (await viewLedger(connected, found));
    expect(view?.ledger).toEqual((await gathered(waiting)).ledger);
    expect(view?.unanswered).toMatchObject({ exitCode: 3, message: expect.stringContaining('No worker answers for') });
    const { ledger, unanswered } = await asBuilt();
    expect(ledger).toEqual(JSON.parse(JSON.stringify(view?.ledger)));
    expect(unanswered).toMatchObject({ message: expect.stringContaining('No worker answers for') });
    expect(view && cutOff(view)).toBeUndefined();
  }, 60_000);

  test('terminated, it is told without a worker, and earlier reports of it still hold', async () => {
    await waiting.handle.terminate('the release is postponed');
    const { source, status, ...rest } = await gathered(waiting);
    expect({ source, status }).toEqual({ source: 'history', status: 'TERMINATED' });
    const content = contentOf({ source, status, ...rest });
    expect(content).toMatchObject({
      outcome: null,
      reason: 'terminated: the release is postponed',
      status: 'terminated',
    });
    expect(content.steps.find(({ id }) => id === 'sign-offs')).toMatchObject({
      state: 'failed',
      reason: 'the deployment was ended from outside (terminated: the release is postponed)',
    });
    const { runId } = await waiting.handle.describe();
    const closed = await findRun(connected, { workflowId: waiting.handle.workflowId, runId });
    const view = closed && (await viewLedger(connected, closed));
    expect(view && cutOff(view)).toBe('terminated: the release is postponed');
    expect(view && exitCodeOf(view)).toBe(1);
    expect((await asBuilt()).ledger).toEqual(JSON.parse(JSON.stringify(view?.ledger)));
    const shown = view && renderStatus(view.ledger, { colors: pc.createColors(false), now: 0, cutOff: cutOff(view) });
    expect(shown).toContain('ended in approval');
    expect(shown).toContain('Ended: from outside (terminated: the release is postponed)');
    for (const format of ['html', 'checklist', 'json'] as const) {
      const { differences: found, notes } = await verify(`early.${format}`, early[format]);
      expect(found, format).toEqual([]);
      expect(notes.length).toBeGreaterThan(0);
      expect(await verify(await written(waiting, format))).toMatchObject({ differences: [] });
    }
  }, 60_000);

  test('a box that was ticked in an earlier report is found all the same', async () => {
    const ticked = early.checklist.replace('- [ ] Latência média mantida < 1s', '- [x] Latência média mantida < 1s');
    expect((await verify('c.md', ticked)).differences).toHaveLength(1);
  });
});

test('a history that another release has made is not told in words of this one: that release is named', async () => {
  const { handle, stopWorker } = await deploy();
  await handle.result();
  await stopWorker();
  const fetched = await handle.fetchHistory();
  const events = structuredClone(fetched.events ?? []).map((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType?.name === 'checkReview') scheduled.activityType.name = 'checkEverything';
    return event;
  });
  const history = { input: undefined, startedAt: 0, events };
  await expect(replay(handle.workflowId, { ...history, release: '0.0.9' })).rejects.toMatchObject({
    message: expect.stringMatching(
      /^The history of \S+ was made by another release: it was started by Surefoot 0\.0\.9, /,
    ),
    hint: expect.stringContaining('Make the report with Surefoot 0.0.9'),
  });
  await expect(replay(handle.workflowId, history)).rejects.toThrow('a release that did not leave its name');
}, 120_000);
