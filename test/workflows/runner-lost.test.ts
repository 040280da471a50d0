/** A runner that nobody serves any more, for a while or for good: on a real server, with real processes. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import { runnerIdentity } from '../../src/adapters/commands/runner-identity.js';
import { type DeployInput, startAttributes } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import { deployWorkflowId, runnerQueue } from '../../src/contract/names.js';
import type { Command } from '../../src/contract/plan/commands.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Decision, Ledger, OpenQuestion } from '../../src/domain/ledger/ledger.js';
import type { Message } from '../../src/domain/notifications/notifications.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { alive } from '../activities/support.js';
import { commandsAsk, surefoot } from '../client/command-line.js';
import { json, serve } from '../helpers/server.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED, shippedText, write } from '../plan/plan-files.js';

// Workers that go away are what these tests are about.
Runtime.install({ logger: new DefaultLogger('ERROR') });
vi.setConfig({ testTimeout: 90_000 });

const temporal = workflowServer();
const shipped = loadWhole(SHIPPED);
const { target, previous } = shipped.release;
const told: Message[] = [];

/** The worker of a runner, on its own state folder. */
interface Runner {
  identity: string;
  serve(): Promise<void>;
  leave(): Promise<void>;
}
let first: Runner;
let second: Runner;

async function runnerAt(name: string): Promise<Runner> {
  const state = join(temporal.folder, name);
  const { identity } = await runnerIdentity(state);
  let stop = async () => {};
  return {
    identity,
    serve: async () => {
      stop = await temporal.work({
        taskQueue: runnerQueue(identity),
        activities: createCommandActivities({ state, runner: identity }),
      });
    },
    leave: () => stop(),
  };
}

beforeAll(async () => {
  const patience = fileURLToPath(new URL('./impatient.ts', import.meta.url));
  await temporal.work({
    taskQueue: 'runner-lost',
    workflowsPath: fileURLToPath(new URL('./runner-lost.ts', import.meta.url)),
    bundlerOptions: {
      webpackConfigHook: (config) => ({
        ...config,
        resolve: {
          ...config.resolve,
          alias: { ...config.resolve?.alias, './patience.js': patience, '../common/patience.js': patience },
        },
      }),
    },
    activities: {
      ...createHttpActivities(),
      ...createVerificationActivities(),
      tell: async ({ messages }: { messages: Message[] }) => {
        told.push(...messages);
        return { threads: {}, untold: [] };
      },
      archiveDeployment: async () => ({ untold: [] }),
    },
  });
}, 120_000);

let place: string;
commandsAsk(temporal);
beforeEach(async () => {
  place = join(temporal.folder, `production-${++count}`);
  mkdirSync(place);
  told.length = 0;
  [first, second] = await Promise.all([runnerAt(`first-${count}`), runnerAt(`second-${count}`)]);
});
afterEach(async () => {
  await Promise.all([first.leave(), second.leave()]);
});
let count = 0;

/** Each release waits in the middle of its deploy while there is a file that says so. */
const DEPLOY = `echo $$ > "process-$0"; echo "begin $0" >> log
while [ -e "wait-$0" ]; do sleep 0.1; done
printf '%s' "$0" > version; echo "end $0" >> log`;

const has = (name: string) => existsSync(join(place, name));
const log = () => (has('log') ? readFileSync(join(place, 'log'), 'utf8').trim().split('\n') : []);
/** What runs there, by its own word. */
const version = () => readFileSync(join(place, 'version'), 'utf8');
const holdUp = (release: string) => writeFileSync(join(place, `wait-${release}`), '');
const letGo = (release: string) => rmSync(join(place, `wait-${release}`));

async function begin() {
  writeFileSync(join(place, 'version'), previous);
  const { url } = await serve((_, response) => json(response, { version: version() }));
  const command = (...run: string[]): Command => ({ run, on: 'worker', folder: place, timeout: 60_000 });
  const { health: _, ...production } = shipped.environments.production;
  const local = { ...production, api: url, server: { kind: 'local' as const }, tools: [], database: undefined };
  const pager = { id: 'pager', kind: 'pagerduty', address: 'https://events.pagerduty.com', key: 'env:NONE' };
  const plan: ResolvedPlan = {
    ...shipped,
    evidence: join(temporal.folder, 'evidence'),
    notifications: { ...shipped.notifications, channels: [pager], events: { 'rollback-failed': ['pager'] } },
    environments: { staging: shipped.environments.staging, production: local },
    commands: { deploy: command('sh', '-c', DEPLOY, '{version}') },
    migration: undefined,
    healthPath: '/health',
    healthWithin: 10_000,
    rollback: { ...shipped.rollback, onStepFailure: 'code', overrideWithin: 0 },
  };
  const deployment = `${plan.service}-20251124-1200${String(count).padStart(2, '0')}-ab12`;
  const digest = digestOf(plan);
  const input: DeployInput = { deployment, plan, digest, startedBy: 'ana.souza', clock: 'real' };
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    taskQueue: 'runner-lost',
    workflowId: deployWorkflowId(plan.service),
    args: [{ ...input, runner: runnerQueue(first.identity) }],
    memo: { deployment },
    typedSearchAttributes: startAttributes(input),
  });
  const ledger = (): Promise<Ledger> => handle.query(statusQuery);
  const when = (holds: (ledger: Ledger) => unknown): Promise<Ledger> =>
    vi.waitUntil(
      async () => {
        const now = await ledger();
        return holds(now) ? now : undefined;
      },
      { timeout: 40_000, interval: 100 },
    ) as Promise<Ledger>;
  return {
    deployment,
    when,
    asked: async (kind: OpenQuestion['kind']): Promise<OpenQuestion> => {
      const of = ({ questions }: Ledger) => questions.find((question) => question.kind === kind);
      return of(await when(of)) as OpenQuestion;
    },
    ended: handle.result() as Promise<Ledger>,
    say: (decision: Omit<Decision, 'who' | 'role'>) =>
      handle.executeUpdate(decideUpdate, { args: [{ who: 'diego.alves', role: 'devops', ...decision }] }),
  };
}

const moveTo = (deployment: string, to: string) =>
  surefoot('move', deployment, '--to', to, '--as', 'diego.alves', '--role', 'devops', '--why', 'the machine is gone');
const ROLLBACK = { kind: 'rollback', why: 'I have looked', option: 'code' } as const;
const begun = (release: string) => vi.waitUntil(() => log().includes(`begin ${release}`), { timeout: 20_000 });

/** What production is, what status says and what a start does are one story. */
async function agree(expected: { version: string; status: string; code: number; starts: boolean }): Promise<void> {
  expect(version()).toBe(expected.version);
  const status = await surefoot('status', shipped.service);
  expect(status.out).toContain(expected.status);
  expect(status.code).toBe(expected.code);
  const start = await surefoot('start', write('shipped.yaml', shippedText), '--as', 'ana.souza');
  expect(start.code, start.err).toBe(expected.starts ? 0 : 2);
  if (expected.starts)
    await temporal.client.workflow.getHandle(deployWorkflowId(shipped.service)).terminate('the test has seen it');
}

test('a deploy that nobody takes is asked about and paged, and goes on by itself when its runner is served', async () => {
  const { asked, ended, when } = await begin();
  const question = await asked('runner-not-served');
  expect(question).toMatchObject({ title: `Nobody serves runner ${first.identity}`, moves: ['move'] });
  expect(question.text).toMatch(/^it has not been served since 20\S+Z: “Deploy.*” waits to begin there; nothing of it/);
  await vi.waitFor(() =>
    expect(told).toMatchObject([{ event: 'runner-not-served', alert: { action: 'trigger', severity: 'critical' } }]),
  );
  const { out } = await surefoot('status', shipped.service);
  expect(out).toContain(`runner ${first.identity} has not been served`);
  expect(log()).toEqual([]);
  await first.serve();
  expect(await ended).toMatchObject({ outcome: 'succeeded' });
  await when(({ questions }) => questions.length === 0);
  expect(log()).toEqual([`begin ${target}`, `end ${target}`]);
  expect(told.at(-1)).toMatchObject({ alert: { action: 'resolve' } });
});

test('a deploy that has begun is attended to again by whoever serves its runner again, and is run once', async () => {
  await first.serve();
  holdUp(target);
  const { asked, ended } = await begin();
  await begun(target);
  await first.leave();
  expect((await asked('runner-not-served')).text).toContain('has begun there, and how it goes is not known');
  letGo(target);
  await vi.waitUntil(() => log().includes(`end ${target}`), { timeout: 20_000 });
  await first.serve();
  expect(await ended).toMatchObject({ outcome: 'succeeded' });
  expect(log()).toEqual([`begin ${target}`, `end ${target}`]);
});

describe('moved', () => {
  test('with nothing begun, it goes on where it was moved to; to a runner that does not answer it is not moved', async () => {
    const { deployment, asked, ended, when } = await begin();
    await asked('runner-not-served');
    expect(await moveTo(deployment, first.identity)).toMatchObject({
      code: 2,
      err: expect.stringContaining('already'),
    });
    const silent = await moveTo(deployment, second.identity);
    expect(silent).toMatchObject({
      code: 2,
      err: expect.stringContaining(`runner ${second.identity} has not answered`),
    });
    expect((await when(() => true)).runner).toBe(runnerQueue(first.identity));
    await second.serve();
    expect(await moveTo(deployment, second.identity)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`its commands run on runner ${second.identity} from now on`),
    });
    expect(await ended).toMatchObject({ outcome: 'succeeded', runner: runnerQueue(second.identity) });
    expect(log()).toEqual([`begin ${target}`, `end ${target}`]);
    expect((await moveTo(deployment, second.identity)).err).toContain('is not running any more');
    await agree({ version: target, status: 'succeeded', code: 0, starts: true });
  });

  test('in the middle of a deploy, what became of it is unknown: people are asked, and it is not run again', async () => {
    await Promise.all([first.serve(), second.serve()]);
    holdUp(target);
    const { deployment, asked, ended, say } = await begin();
    await begun(target);
    await first.leave();
    await asked('runner-not-served');
    expect(await moveTo(deployment, second.identity)).toMatchObject({ code: 0 });
    const question = await asked('outcome-unknown');
    expect(question.text).toContain(`was begun on runner ${first.identity}, which nobody serves`);
    expect(question.text).toContain('is not ended from here, so look that it is over before anything else is run');
    await agree({ version: previous, status: 'Nobody knows how', code: 0, starts: false });
    letGo(target);
    await vi.waitUntil(() => log().includes(`end ${target}`), { timeout: 20_000 });
    await say(ROLLBACK);
    expect(await ended).toMatchObject({ outcome: 'rolled-back' });
    expect(log()).toEqual([`begin ${target}`, `end ${target}`, `begin ${previous}`, `end ${previous}`]);
    await agree({ version: previous, status: 'rolled-back', code: 1, starts: true });
  });

  test('in the middle of a rollback, that is unknown too: people say how production goes back', async () => {
    await Promise.all([first.serve(), second.serve()]);
    holdUp(target);
    holdUp(previous);
    const { deployment, asked, ended, say, when } = await begin();
    await begun(target);
    await say(ROLLBACK);
    await begun(previous);
    await first.leave();
    expect((await asked('runner-not-served')).text).toContain(`“Deploy ${previous}” has begun there`);
    expect(await moveTo(deployment, second.identity)).toMatchObject({ code: 0 });
    const question = await asked('rollback-failed');
    expect(question.text).toContain(`was begun on runner ${first.identity}`);
    await agree({ version: previous, status: 'Nobody knows how “the code rollback” ended', code: 0, starts: false });
    expect((await when(() => true)).rollback).toMatchObject({ succeeded: false, steps: [{ unknown: true }] });
    letGo(previous);
    await vi.waitUntil(() => log().includes(`end ${previous}`), { timeout: 20_000 });
    await say({ kind: 'retry', subject: 'rollback', why: 'it is over there' });
    expect(await ended).toMatchObject({ outcome: 'rolled-back' });
    expect(log().filter((line) => line.startsWith('begin'))).toEqual(
      [target, previous, previous].map((each) => `begin ${each}`),
    );
    await agree({ version: previous, status: 'rolled-back', code: 1, starts: true });
  });
});

describe('stopped while nobody has the deploy in hand', () => {
  test.each([
    ['before people hear of it', false],
    ['when they have', true],
  ])('%s: it is ended before the rollback begins, which is the one that people name last', async (_, hear) => {
    await first.serve();
    holdUp(target);
    const { asked, ended, say, when } = await begin();
    await begun(target);
    await first.leave();
    if (hear) await asked('runner-not-served');
    await say({ kind: 'abort', why: 'enough' });
    const { ending } = await when((ledger) => ledger.ending !== undefined);
    expect(ending).toContain('abort by diego.alves');
    await say(ROLLBACK);
    await asked('runner-not-served');
    expect(log()).toEqual([`begin ${target}`]);
    await first.serve();
    expect(await ended).toMatchObject({ outcome: 'rolled-back' });
    expect(alive(Number(readFileSync(join(place, `process-${target}`), 'utf8')))).toBe(false);
    expect(log()).toEqual([`begin ${target}`, `begin ${previous}`, `end ${previous}`]);
    await agree({ version: previous, status: 'rolled-back', code: 1, starts: true });
  });
});
