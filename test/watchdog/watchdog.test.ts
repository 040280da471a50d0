/** The watchdog on a real server, by its schedule and its queue, over deployments that are not carried on. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { METADATA_ENCODING_KEY } from '@temporalio/common';
import { encode } from '@temporalio/common/lib/encoding.js';
import { beforeAll, expect, type TestContext, test, vi } from 'vitest';
import { createForgeActivities } from '../../src/activities/forge/forge.js';
import type { ForgeActivities } from '../../src/contract/activities/forge.js';
import { startAttributes } from '../../src/contract/deployment.js';
import type { WatchInput } from '../../src/contract/messages.js';
import { WATCHDOG } from '../../src/contract/names.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import type { WatchdogLook } from '../../src/contract/watchdog.js';
import type { ForgeState } from '../../src/domain/forge/forge-report.js';
import type { Sample } from '../../src/domain/watch/criteria.js';
import type { WatchdogRules } from '../../src/domain/watchdog/symptoms.js';
import { projectFolder } from '../../src/local/folders.js';
import { loadPlan } from '../../src/plan/load.js';
import { watchdogService } from '../../src/temporal/watchdog-service.js';
import { createWatchdogActivities } from '../../src/watchdog/activities.js';
import { ensureWatchdog } from '../../src/watchdog/schedule.js';
import { criterionWith } from '../helpers/criteria.js';
import { COMMIT, githubForgeServer } from '../helpers/forges.js';
import { pagerDutyReceiver, type Receiver, webhookReceiver } from '../helpers/receivers.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

const SECOND = 1_000;
/** As the schedule has them, in seconds rather than minutes. */
const RULES: WatchdogRules = {
  absence: 3 * SECOND,
  ticks: 3,
  silence: 3 * SECOND,
  taskAttempt: 3,
  activityAttempt: 20,
  again: 600 * SECOND,
};
const QUEUE = 'deployments';
const temporal = workflowServer();
const { resolved: shipped } = loadPlan(SHIPPED);

let sampled: () => Sample;
let stopWorking: () => Promise<void>;

async function work(): Promise<void> {
  stopWorking = await temporal.work({
    taskQueue: QUEUE,
    workflowsPath: fileURLToPath(new URL('./standing-in.ts', import.meta.url)),
    activities: {
      sampleMetrics: async () => ({ errors: [sampled()] }),
      sealSeries: async () => [],
      ...createForgeActivities(),
    },
    // What the server has handed to a worker that goes away is not waited for.
    stickyQueueScheduleToStartTimeout: '1s',
  });
}

beforeAll(async () => {
  process.env.WATCHDOG_PAGER_KEY = 'canary-routing-key-0123456789abc';
  sampled = () => ({ at: Date.now(), kind: 'ok', value: 1 });
  await work();
  await ensureWatchdog(temporal.client);
  // A schedule that is there already is brought up to date.
  await ensureWatchdog(temporal.client, { every: SECOND, rules: RULES });
  await temporal.work({
    taskQueue: WATCHDOG,
    workflowBundle: { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') },
    activities: createWatchdogActivities(),
  });
}, 120_000);

interface Begun {
  handle: WorkflowHandle;
  deployment: string;
  pager: Receiver;
  hook: Receiver;
}

let begun = 0;

/** A deployment whose plan tells a pager and a webhook of its own; it ends with its test. */
async function begin(
  { onTestFinished }: TestContext,
  {
    clock = 'real',
    ...more
  }: {
    clock?: string;
    fails?: boolean;
    watch?: Watch;
    /** Where its forge is, and what that is told of it. */
    shown?: { api: string; state: ForgeState };
  } = {},
): Promise<Begun> {
  begun += 1;
  const service = `shop-${begun}`;
  const deployment = `${service}-20260101-000000-abcd`;
  const [pager, hook] = [await pagerDutyReceiver(onTestFinished), await webhookReceiver(onTestFinished)];
  const channels = [
    { id: 'pager', kind: 'pagerduty', api: pager.url, routingKey: 'env:WATCHDOG_PAGER_KEY' },
    { id: 'hook', kind: 'webhook', url: hook.url },
  ];
  const events = { 'rollback-failed': ['pager', 'hook'] };
  const notifications = { channels, events, templates: {}, contacts: [], notices: [] };
  const forge = more.shown && {
    ...({ kind: 'github', token: 'env:WATCHDOG_FORGE_TOKEN', owner: 'shop', repository: 'backend' } as const),
    ...{ api: more.shown.api, environment: 'production' },
  };
  const plan = { ...shipped, service, title: `Shop ${begun}`, notifications, secrets: [], forge };
  const tells: Parameters<ForgeActivities['tellForge']>[0] | undefined = forge && {
    forge,
    subject: { deployment, service, ref: COMMIT, target: 'v1', startedAt: Date.now() },
    report: { state: more.shown?.state ?? 'queued', text: 'as it said last' },
  };
  const evidence = { store: temporal.folder, deployment };
  const watched: Omit<WatchInput, 'parent' | 'watch'> = {
    deployment,
    service,
    evidence,
    clock: 'real',
    baselines: {},
    roles: [],
  };
  const watch = more.watch && { ...watched, watch: more.watch };
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    taskQueue: QUEUE,
    workflowId: `surefoot/${service}/production`,
    args: [{ deployment, plan, startedBy: 'ana.souza', clock, ...more, watch, tells }],
    typedSearchAttributes: startAttributes({ deployment, plan }),
  });
  onTestFinished(() => void handle.terminate().catch(() => undefined));
  return { handle, deployment, pager, hook };
}

const eventually = <T>(what: () => T | Promise<T>): Promise<T> =>
  vi.waitUntil(what, { timeout: 60_000, interval: 100 }) as Promise<T>;

const received = ({ received: all }: Receiver) => all.map(({ body }) => body);
const looked = async () => {
  const { info } = await temporal.client.schedule.getHandle(WATCHDOG).describe();
  return info.numActionsTaken;
};
/** So many looks more have begun, and all but the last of them have come to their end: one is there at a time. */
async function looks(count: number): Promise<void> {
  const before = await looked();
  await eventually(async () => (await looked()) > before + count);
}
const lastLook = async (): Promise<WatchdogLook> => {
  const query = `WorkflowType = 'WatchdogWorkflow' AND ExecutionStatus = 'Completed'`;
  for await (const { workflowId, runId } of temporal.client.workflow.list({ query })) {
    return (await temporal.client.workflow.getHandle(workflowId, runId).result()) as WatchdogLook;
  }
  throw new Error('there was no look');
};

test('with its worker away people are paged once, and hear that it is over when a worker is back', async (context) => {
  const { handle, pager, hook, deployment } = await begin(context);
  // It has been taken up.
  await handle.query('__stack_trace');
  await looks(2);
  expect([pager.received, hook.received]).toEqual([[], []]);
  await stopWorking();
  await handle.signal('go');
  await eventually(() => hook.received.length > 0);
  await looks(3);
  expect(received(pager)).toMatchObject([
    {
      event_action: 'trigger',
      dedup_key: `${deployment}/watchdog`,
      payload: { severity: 'critical', class: 'watchdog-alarm', summary: expect.stringContaining('PEOPLE ARE NEEDED') },
    },
  ]);
  expect(received(hook)).toMatchObject([{ event: 'watchdog-alarm', deployment, service: 'shop-1' }]);
  expect(received(hook)[0]?.text).toMatch(
    /^Shop 1: PEOPLE ARE NEEDED, says the watchdog: the deployment has a task that no worker takes, for \d+ s\. .*surefoot status shop-1-20260101-000000-abcd says more/,
  );
  await work();
  await eventually(() => hook.received.length > 1);
  await looks(2);
  expect(received(pager).map((event) => event.event_action)).toEqual(['trigger', 'resolve']);
  expect(received(hook).map(({ event }) => event)).toEqual(['watchdog-alarm', 'watchdog-all-clear']);
  expect(received(hook)[1]?.text).toMatch(
    /^Shop 1: the watchdog’s alarm is over after .*: it is carried on and watched again\.$/,
  );
}, 120_000);

// Each is about a deployment of its own, and waits for looks at it: at the same time.
test.concurrent('a deployment whose task fails is told of with the reason; one in virtual time is nobody’s business; an end is the all-clear', async (context) => {
  const real = await begin(context, { fails: true });
  const virtual = await begin(context, { fails: true, clock: 'virtual' });
  for (const { handle } of [real, virtual]) await handle.signal('go');
  await eventually(() => real.hook.received.length > 0);
  expect(received(real.hook)[0]?.text).toMatch(
    /the deployment cannot go on: its task has failed \d times \(cannot read properties of undefined\)/,
  );
  const attempts = async () => (await virtual.handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0;
  await eventually(async () => (await attempts()) >= RULES.taskAttempt);
  await looks(2);
  expect([virtual.pager.received, virtual.hook.received]).toEqual([[], []]);
  await real.handle.terminate('given up');
  await eventually(() => real.hook.received.length > 1);
  expect(received(real.hook)[1]?.text).toContain('it has ended');
}, 120_000);

test.concurrent('a message that nobody can read holds a deployment up, and is told', async (context) => {
  const { handle, pager } = await begin(context);
  await temporal.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: handle.workflowId },
    signalName: 'go',
    input: { payloads: [{ metadata: { [METADATA_ENCODING_KEY]: encode('json/plain') }, data: encode('{"who":') }] },
  });
  await eventually(() => pager.received.length > 0);
  expect(received(pager)[0]).toMatchObject({ payload: { summary: expect.stringContaining('its task has failed') } });
}, 120_000);

test.concurrent('a watch that sees nothing is told of with the metric and why, and that it sees again', async (context) => {
  sampled = () => ({ at: Date.now(), kind: 'error', message: 'connection refused' });
  const criteria = [criterionWith({ metric: 'errors' })];
  const source = {
    kind: 'command',
    command: 'errors',
    timeout: SECOND,
  } as unknown as Watch['metrics'][number]['source'];
  const metrics = [{ name: 'errors', title: 'errors', unit: '%', source }];
  const watch: Watch = {
    id: 'w',
    title: '5 min',
    environment: 'production',
    duration: 3_600 * SECOND,
    tick: SECOND,
    metrics,
    criteria,
    trends: [],
    gate: 'rollback',
    consider: { within: SECOND, otherwise: 'continue' },
  };
  const { hook } = await begin(context, { watch });
  await eventually(() => hook.received.length > 0);
  expect(received(hook)[0]?.text).toContain('the watch “5 min” sees nothing of errors: connection refused');
  await looks(3);
  expect(hook.received).toHaveLength(1);
  sampled = () => ({ at: Date.now(), kind: 'ok', value: 1 });
  await eventually(() => hook.received.length > 1);
  expect(received(hook)[1]).toMatchObject({ event: 'watchdog-all-clear' });
}, 120_000);

test.concurrent('a deployment of which nobody knows whom to tell is said so by the look, not left out', async (context) => {
  const real = await begin(context, { fails: true });
  const deployment = real.deployment;
  const notifications = { channels: [7], events: {}, templates: {}, contacts: [] };
  const hostile = {
    nothing: {},
    'no-plan': { deployment, startedBy: 'mallory', clock: 'real', plan: { notifications: 'all' } },
    // In the place of another, so that this one would be well.
    another: { deployment, startedBy: 'mallory', clock: 'real', plan: { ...shipped, secrets: [] } },
    spoilt: {
      ...{ deployment: 'spoilt-20260101-000000-abcd', startedBy: 'mallory', clock: 'real', fails: true },
      plan: { ...shipped, service: 'spoilt', notifications, secrets: [] },
    },
  };
  for (const [name, input] of Object.entries(hostile)) {
    const options = { taskQueue: QUEUE, workflowId: `surefoot/${name}/production`, args: [input] };
    const handle = await temporal.client.workflow.start('DeployWorkflow', options);
    context.onTestFinished(() => void handle.terminate().catch(() => undefined));
    await handle.signal('go');
  }
  await real.handle.signal('go');
  await eventually(() => real.hook.received.length > 0);
  const said = new Map<string, string>();
  const names = [
    'surefoot/nothing/production',
    'surefoot/no-plan/production',
    'surefoot/another/production',
    'spoilt-2026',
  ];
  await eventually(async () => {
    const { untold } = await lastLook();
    for (const name of names) said.set(name, untold.find((text) => text.includes(name)) ?? said.get(name) ?? '');
    return [...said.values()].every((text) => text !== '');
  }).catch((error: unknown) => expect([...said], String(error)).toEqual([]));
  for (const name of names.slice(0, 3)) expect(said.get(name)).toContain('is no deployment of its service');
  expect(said.get('spoilt-2026')).toMatch(/not told to|cannot be told/);
  expect(received(real.hook).map(({ event }) => event)).toEqual(['watchdog-alarm']);
}, 120_000);

test('the forge of one that was terminated shows that, also one that was away then; of one that has ended by itself, its own word', async (context) => {
  process.env.WATCHDOG_FORGE_TOKEN = 'ghp_canary-token';
  const [cut, over, ran] = await Promise.all([githubForgeServer(), githubForgeServer(), githubForgeServer()]);
  const shownAt = ({ states }: typeof cut) => [...states.values()].flat().map(({ state }) => state);
  const [cutOff, ended, goesOn] = [
    await begin(context, { shown: { api: cut.url, state: 'in-progress' } }),
    await begin(context, { shown: { api: over.url, state: 'success' } }),
    await begin(context, { shown: { api: ran.url, state: 'pending' } }),
  ];
  await eventually(() => [cut, over, ran].every((forge) => shownAt(forge).length === 1));
  await eventually(async () => Object.keys((await lastLook()).shown ?? {}).length === 3);
  const { handle } = cut;
  cut.handle = (_, response) => void response.writeHead(404).end();
  await Promise.all([cutOff.handle.terminate('by mistake'), ended.handle.terminate('too late')]);
  await eventually(async () =>
    (await lastLook()).untold.some((text) => text.startsWith(`${cutOff.deployment}: GitHub`)),
  );
  cut.handle = handle;
  await eventually(() => shownAt(cut).length === 2);
  await looks(2);
  expect([...cut.states.values()].flat().at(-1)).toMatchObject({
    state: 'failure',
    description: 'ended from outside (terminated): production is as it was left',
  });
  expect([cut, over, ran].map(shownAt)).toEqual([['in_progress', 'failure'], ['success'], ['pending']]);
  const { untold, shown } = await lastLook();
  expect(untold.filter((text) => text.includes('GitHub'))).toEqual([]);
  expect(Object.keys(shown ?? {})).toEqual([goesOn.deployment]);
}, 120_000);

test('who asks whether a watchdog looks is told when it last did, that it is paused, or that there is none', async () => {
  expect(await watchdogService(temporal)).toMatchObject({ state: 'looks', lastLookAt: expect.any(Number) });
  const schedule = temporal.client.schedule.getHandle(WATCHDOG);
  await schedule.pause('for the test');
  // Somebody has paused it: a worker that starts does not undo that.
  await ensureWatchdog(temporal.client, { every: SECOND, rules: RULES });
  expect(await watchdogService(temporal)).toMatchObject({
    state: 'absent',
    text: expect.stringContaining('is paused'),
  });
  await schedule.delete();
  expect(await watchdogService(temporal)).toMatchObject({
    state: 'absent',
    text: expect.stringContaining('no watchdog looks at deployments'),
    advice: expect.stringContaining('surefoot worker --watchdog'),
  });
}, 60_000);
