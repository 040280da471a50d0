/** Waiting for windows and overriding them, and production's load test: the deployment's own code on a real server. */
import { fileURLToPath } from 'node:url';
import { Temporal } from '@js-temporal/polyfill';
import type { WorkflowHandle } from '@temporalio/client';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createWindowActivities } from '../../src/activities/windows.js';
import type { Activities } from '../../src/contract/activities/activities.js';
import type { Clock } from '../../src/contract/activities/step.js';
import type { WindowActivities } from '../../src/contract/activities/windows.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, decisionSignals, statusQuery } from '../../src/contract/messages.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Windows } from '../../src/contract/plan/windows.js';
import type { Decision, Ledger, StepRecord } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { replaceOnce, SHIPPED, shippedText, write } from '../plan/plan-files.js';

const HOUR = 3_600_000;
const LOAD = ['success-rate', 'p95', 'p99', 'timeouts', 'memory'];
const FACTS = ['approved', 'low-traffic', ...LOAD, 'impact'];

interface Ended {
  steps: StepRecord[];
  questions: number;
  at: number;
}

const temporal = workflowServer();
let look: WindowActivities['nextOpening'];
let sampled: Activities['sampleMetrics'];
const loadTests = vi.fn<Activities['runLoadTest']>();

beforeAll(async () => {
  const activities: Partial<Activities> = {
    ...createPeopleActivities(),
    nextOpening: (asked) => look(asked),
    runLoadTest: loadTests,
    sampleMetrics: (asked) => sampled(asked),
    sealSeries: async () => [],
  };
  await temporal.work({
    taskQueue: 'windows',
    workflowsPath: fileURLToPath(new URL('./windows.ts', import.meta.url)),
    activities,
  });
});

beforeEach(() => {
  look = createWindowActivities().nextOpening;
  sampled = async ({ at, metrics }) =>
    Object.fromEntries(metrics.map(({ name }) => [name, [{ at, kind: 'ok' as const, value: 0 }]]));
  loadTests.mockReset();
  loadTests.mockResolvedValue({
    summary: 'measured',
    facts: LOAD.map((name) => ({ name, ok: true, text: name })),
    evidence: [],
  });
});

const enabled = replaceOnce(shippedText, ['  loadTest:\n    enabled: false', '  loadTest:\n    enabled: true']);
const shipped = loadPlan(SHIPPED).resolved;
const withLoadTest = loadPlan(write('plan.yaml', enabled)).resolved;
let count = 0;

function start(
  type: string,
  plan: ResolvedPlan,
  clock: Clock,
  windows: Partial<Windows> | null,
): Promise<WorkflowHandle> {
  const deployment = `d-${++count}`;
  const notifications = { ...plan.notifications, channels: [], events: {}, reminders: undefined };
  const changed = {
    ...plan,
    notifications,
    windows: windows
      ? { timeZone: 'UTC', freeze: [], deploy: [], lowTraffic: [], overrideBy: ['devops'], ...windows }
      : undefined,
  };
  const input: DeployInput = { deployment, plan: changed, digest: '0'.repeat(64), startedBy: 'ana.souza', clock };
  const client = clock === 'virtual' ? temporal.virtual : temporal.client;
  return client.workflow.start(type, { taskQueue: 'windows', workflowId: deployment, args: [input] });
}

const ended = (handle: WorkflowHandle): Promise<Ended> => handle.result() as Promise<Ended>;
const ledgerOf = (handle: WorkflowHandle): Promise<Ledger> => handle.query(statusQuery);
const say = (handle: WorkflowHandle, decision: Decision) => handle.executeUpdate(decideUpdate, { args: [decision] });

/** The first question of a kind, as soon as it is open. */
const asks = (handle: WorkflowHandle, kind: string) =>
  vi.waitUntil(async () => (await ledgerOf(handle)).questions.find((question) => question.kind === kind), {
    timeout: 20_000,
    interval: 50,
  });

/** One hour a week, the day after tomorrow. */
function hourFarAway(): { days: number[]; from: string; to: string } {
  const day = Temporal.Now.zonedDateTimeISO('UTC').add({ days: 2 });
  return { days: [day.dayOfWeek], from: '09:00', to: '10:00' };
}

describe('the deploy window', () => {
  test('is waited for, in virtual time too, and nobody has to do anything', async () => {
    const window = hourFarAway();
    const { steps, questions, at } = await ended(await start('deploying', shipped, 'virtual', { deploy: [window] }));
    const wall = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO('UTC');
    expect([wall.dayOfWeek, wall.hour]).toEqual([window.days[0], 9]);
    expect(steps).toMatchObject([
      {
        id: 'production.window',
        state: 'passed',
        facts: [{ name: 'window', ok: true, text: expect.stringContaining('the deploy window: open until ') }],
      },
    ]);
    expect(questions).toBe(0);
  }, 60_000);

  test('a freeze is waited out before the window counts', async () => {
    const now = Temporal.Now.plainDateTimeISO('UTC');
    const to = now.add({ days: 9 }).toString({ smallestUnit: 'minute' });
    const freeze = [{ title: 'Fim de ano', from: now.subtract({ days: 1 }).toString({ smallestUnit: 'minute' }), to }];
    const began = Date.now();
    const { at, steps } = await ended(
      await start('deploying', shipped, 'virtual', { deploy: [hourFarAway()], freeze }),
    );
    expect(at - began).toBeGreaterThan(9 * 24 * HOUR - 60_000);
    expect(steps[0]?.facts[0]?.ok).toBe(true);
  }, 60_000);

  test('is overridden by a role that the plan names, with a reason: at once, and on the record', async () => {
    const handle = await start('deploying', shipped, 'real', { deploy: [hourFarAway()] });
    const question = await asks(handle, 'window');
    expect(question).toMatchObject({ id: 'production.window', roles: ['devops'], moves: ['override'] });
    expect(question?.text).toMatch(/^Waits for the deploy window: opens \w{3} 09:00 UTC \(in \d+ h( \d+ min)?\)$/);
    const override = { kind: 'override', who: 'diego.alves', role: 'devops' } as const;
    const refused = (decision: Decision) => say(handle, decision).catch((error: Error) => error.cause);
    expect(await refused(override)).toMatchObject({ message: 'say why the window is overridden' });
    expect(await refused({ ...override, why: 'x', who: 'fabio.nunes', role: 'qa' })).toMatchObject({
      message: 'production.window is answered by: devops',
    });
    expect(await refused({ ...override, why: 'x', kind: 'skip' })).toMatchObject({
      message: 'nothing is waiting for "skip"',
    });
    await say(handle, { ...override, why: 'the fix cannot wait' });
    const { steps, questions } = await ended(handle);
    expect(questions).toBe(0);
    expect(steps[0]).toMatchObject({
      state: 'passed',
      facts: [
        {
          name: 'window',
          ok: false,
          by: { who: 'diego.alves', role: 'devops', why: 'the fix cannot wait' },
          text: expect.stringMatching(
            /^the deploy window overridden by diego\.alves as devops: the fix cannot wait \(opens \w{3} 09:00/,
          ),
        },
      ],
    });
  }, 60_000);

  test('what is held when it opens goes on when it is released, if the window is open then', async () => {
    let looks = 0;
    let isHeld = () => {};
    const held = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    look = async () => {
      looks += 1;
      if (looks > 1) return { open: false, opensAt: Date.now() + HOUR, text: 'opens later' };
      await held;
      return { open: false, opensAt: Date.now() + 500, text: 'opens soon' };
    };
    const handle = await start('deploying', shipped, 'real', { deploy: [hourFarAway()] });
    // Held before it had looked, it would not look at all.
    await vi.waitUntil(() => looks === 1, { timeout: 20_000, interval: 10 });
    await handle.signal(decisionSignals.hold, { who: 'diego.alves', role: 'devops', why: 'an incident' });
    isHeld();
    // The timer of the opening, which asks nothing while it is held.
    await vi.waitUntil(async () => fired(handle), { timeout: 20_000, interval: 100 });
    expect(looks).toBe(1);
    await say(handle, { kind: 'resume', who: 'diego.alves', role: 'devops' });
    await vi.waitUntil(async () => (await asks(handle, 'window'))?.text.includes('opens later'), { timeout: 20_000 });
    expect(looks).toBe(2);
    await say(handle, { kind: 'abort', who: 'diego.alves', role: 'devops', why: 'not today' });
    expect((await ended(handle)).steps).toMatchObject([{ state: 'failed', reason: 'not today' }]);
  }, 60_000);

  test('a plan without deploy windows and freezes waits for nothing, and has no such step', async () => {
    expect((await ended(await start('deploying', shipped, 'real', { lowTraffic: [hourFarAway()] }))).steps).toEqual([]);
    expect((await ended(await start('deploying', shipped, 'real', null))).steps).toEqual([]);
  }, 60_000);
});

async function fired(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).some(({ timerFiredEventAttributes }) => timerFiredEventAttributes);
}

describe("production's load test", () => {
  const approve = { kind: 'confirm', who: 'ana.souza', role: 'tech-lead' } as const;
  const anyTime = { days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' };

  async function approved(windows: Partial<Windows> | null): Promise<WorkflowHandle> {
    const handle = await start('loadTesting', withLoadTest, 'real', windows);
    const question = await asks(handle, 'confirmation');
    expect(question).toMatchObject({ id: 'production-approval', roles: ['tech-lead'] });
    expect(loadTests).not.toHaveBeenCalled();
    await say(handle, approve);
    return handle;
  }

  test('runs once the Tech Lead has approved it, in a time of low traffic, and users feel nothing', async () => {
    const [step] = (await ended(await approved({ lowTraffic: [anyTime] }))).steps;
    expect(step).toMatchObject({ id: 'production', section: '4.4', state: 'passed' });
    expect(step?.facts.map(({ name }) => name)).toEqual(FACTS);
    expect(step?.facts.every(({ ok }) => ok)).toBe(true);
    expect(step?.facts[0]).toMatchObject({ text: 'approved by ana.souza as tech-lead', by: { who: 'ana.souza' } });
    expect(step?.facts[1]?.text).toBe('a time of low traffic: open');
    expect(step?.facts.at(-1)?.text).toMatch(/^no impact seen: .*Taxa de erro < 0.5%: at worst 0 %/);
    expect(loadTests).toHaveBeenCalledOnce();
    expect(loadTests.mock.calls[0]?.[0]).toMatchObject({
      environment: { name: 'production' },
      test: { requests: 50, concurrency: 5 },
      healthPath: '/health',
    });
  }, 60_000);

  test('outside that time it waits, and an override says so in its fact', async () => {
    const handle = await approved({ lowTraffic: [hourFarAway()] });
    const question = await asks(handle, 'window');
    expect(question).toMatchObject({ id: 'production-window', title: 'a time of low traffic' });
    expect(loadTests).not.toHaveBeenCalled();
    await say(handle, { kind: 'override', who: 'diego.alves', role: 'devops', why: 'traffic is low today' });
    const [step] = (await ended(handle)).steps;
    expect(step).toMatchObject({ state: 'passed' });
    expect(step?.facts[1]).toMatchObject({ name: 'low-traffic', ok: false, by: { why: 'traffic is low today' } });
  }, 60_000);

  test('a plan that names no such time leaves it to who approves', async () => {
    const [step] = (await ended(await approved(null))).steps;
    expect(step?.facts[1]).toMatchObject({
      name: 'low-traffic',
      ok: true,
      by: { who: 'ana.souza', role: 'tech-lead' },
    });
  }, 60_000);

  test('the Tech Lead may decline it: nothing is run, and nothing passes as measured', async () => {
    const handle = await start('loadTesting', withLoadTest, 'real', { lowTraffic: [anyTime] });
    await asks(handle, 'confirmation');
    await say(handle, { ...approve, kind: 'skip', why: 'not this week' });
    const [step] = (await ended(handle)).steps;
    expect(loadTests).not.toHaveBeenCalled();
    expect(step).toMatchObject({
      state: 'passed',
      summary: 'not run: declined by ana.souza as tech-lead: not this week',
    });
    expect(step?.facts).toEqual(
      FACTS.map((name) => ({
        name,
        ok: false,
        text: 'declined by ana.souza as tech-lead: not this week',
        by: { who: 'ana.souza', role: 'tech-lead', why: 'not this week' },
      })),
    );
  }, 60_000);

  test('users who feel it fail the step, with everything else that was measured', async () => {
    sampled = async ({ at, metrics }) =>
      Object.fromEntries(
        metrics.map(({ name }) => [
          name,
          [{ at, kind: 'ok' as const, value: name === 'error-rate' && loadTests.mock.calls.length > 0 ? 3 : 0 }],
        ]),
      );
    const handle = await approved({ lowTraffic: [anyTime] });
    await asks(handle, 'step-failed');
    const [step] = (await ledgerOf(handle)).steps;
    expect(step?.facts.filter(({ ok }) => !ok)).toMatchObject([
      { name: 'impact', text: expect.stringContaining('users felt it: Taxa de erro < 0.5%: at worst 3 %') },
    ]);
    expect(step?.facts.map(({ name }) => name)).toEqual(FACTS);
    await say(handle, { kind: 'skip', who: 'diego.alves', role: 'devops', why: 'seen' });
    await ended(handle);
  }, 60_000);
});
