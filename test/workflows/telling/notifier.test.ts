/** Reminders, escalation, pages and threads: the deployment's own code on a real server, in virtual time. */
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPeopleActivities } from '../../../src/activities/notify/people.js';
import type { DeployInput } from '../../../src/contract/deployment.js';
import {
  concernRaised,
  concernSettled,
  decideUpdate,
  decisionSignals,
  statusQuery,
} from '../../../src/contract/messages.js';
import type { Ledger, Question } from '../../../src/domain/ledger/ledger.js';
import type { Channel, Notifications } from '../../../src/domain/notifications/notifications.js';
import { loadPlan } from '../../../src/plan/load.js';
import { pagerDutyReceiver, type Receiver, slackReceiver } from '../../helpers/receivers.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';

const temporal = workflowServer();
/** What the stand-in people of a test do. */
let answer: (question: Question) => Promise<void> = async () => {};

/** @param console where it is, by the worker's word */
const work = (taskQueue: string, console?: string) =>
  temporal.work({
    taskQueue,
    workflowsPath: fileURLToPath(new URL('../asking.ts', import.meta.url)),
    activities: createPeopleActivities({
      answer: (question) => answer(question),
      patience: { answer: 400, whole: 2_000, pause: 10 },
      console,
    }),
  });

beforeAll(async () => {
  await work('telling');
});

let slack: Receiver;
let pager: Receiver;

beforeEach(async () => {
  process.env.SLACK_TOKEN = 'xoxb-canary-token';
  process.env.PAGERDUTY_DEVOPS_ROUTING_KEY = 'canary-routing-key-0123456789abc';
  process.env.PAGERDUTY_DBA_ROUTING_KEY = 'canary-routing-key-0123456789abc';
  [slack, pager] = await Promise.all([slackReceiver(), pagerDutyReceiver()]);
  answer = async () => {};
});

const { resolved } = loadPlan(SHIPPED);
let count = 0;

/** Starts a workflow of `asking.ts` with the shipped plan's notifications, at this test's receivers. */
async function start(
  type: string,
  changes: Partial<Notifications> & { clock?: DeployInput['clock'] } & Record<string, unknown> = {},
  taskQueue = 'telling',
): Promise<WorkflowHandle> {
  const { clock = 'real', outcome, ...more } = changes;
  const at = (channel: Channel): Channel =>
    channel.kind === 'webhook' ? channel : { ...channel, api: channel.kind === 'slack' ? slack.url : pager.url };
  const channels = resolved.notifications.channels.map(at);
  const deployment = `d-${++count}`;
  const plan = { ...resolved, notifications: { ...resolved.notifications, channels, ...more } };
  const input = { deployment, plan, digest: 'd'.repeat(64), startedBy: 'ana.souza', clock, outcome };
  return temporal.virtual.workflow.start(type, { taskQueue, workflowId: `${type}-${count}`, args: [input] });
}

const confirm = (handle: WorkflowHandle, subject: string, who: string, role: string) =>
  handle.executeUpdate(decideUpdate, { args: [{ kind: 'confirm', who, role, subject }] });

const posts = (channel: string) => slack.received.map(({ body }) => body).filter((body) => body.channel === channel);
const textsOf = (channel: string) => posts(channel).map(({ text }) => String(text));

/** Does something while a receiver is being told: an activity in flight keeps virtual time where it is. */
function whenTold(receiver: Receiver, isIt: (text: string) => boolean, act: () => Promise<unknown>): void {
  const usual = receiver.handle;
  let done = false;
  receiver.handle = (request, response) => {
    const end = response.end.bind(response) as (...words: unknown[]) => typeof response;
    response.end = ((...words: unknown[]) => {
      const { body } = receiver.received.at(-1) as Receiver['received'][number];
      if (done || !isIt(JSON.stringify(body))) return end(...words);
      done = true;
      void act().finally(() => end(...words));
      return response;
    }) as typeof response.end;
    usual(request, response);
  };
}

const eventsOf = async (handle: WorkflowHandle) => (await handle.fetchHistory()).events ?? [];

test('a question that nobody answers is reminded of, then escalated and paged, and resolved when it is answered', async () => {
  const handle = await start('asking');
  whenTold(
    slack,
    (text) => text.includes('ninguém respondeu') && text.includes('Is manual ready?'),
    async () => {
      await confirm(handle, 'access', 'diego.alves', 'devops');
      await confirm(handle, 'manual', 'fabio.nunes', 'qa');
    },
  );
  const ledger = (await handle.result()) as Ledger;
  expect(ledger.untold).toEqual([]);

  const about = (text: string) => textsOf('#backend-team').filter((each) => each.includes(text));
  expect(about('Is manual ready?').map((text) => text.split(': ').at(1))).toEqual([
    expect.stringContaining('Is manual ready?'),
    'sem resposta há 4 h',
    'sem resposta há 16 h',
    'ninguém respondeu em 24 h',
    expect.stringContaining('confirm by fabio.nunes as qa'),
  ]);
  expect(about('Is access ready?')[1]).toMatch(/^<!subteam\^S00DEVOPS> ⏰/);
  expect(textsOf('#incidents')[0]).toMatch(/^<!subteam\^S00DEVOPS> <@U00CTO> <@U00VPENG> 🔥/);
  const pages = pager.received.map(({ body }) => `${body.event_action} ${body.dedup_key}`);
  expect(pages.filter((text) => text.includes('manual'))).toEqual([
    expect.stringMatching(/^trigger d-\d+\/question\/manual\/\d+$/),
    expect.stringMatching(/^resolve d-\d+\/question\/manual\/\d+$/),
  ]);
  expect(pages.filter((text) => text.startsWith('trigger'))).toHaveLength(2);
  expect(pages.filter((text) => text.startsWith('resolve'))).toHaveLength(2);

  const timers = (await eventsOf(handle)).filter(({ timerStartedEventAttributes: timer }) => timer);
  const summaries = timers.map(({ userMetadata }) => Buffer.from(userMetadata?.summary?.data ?? []).toString());
  expect(new Set(summaries)).toEqual(
    new Set(
      ['access', 'manual'].flatMap((id) =>
        ['Remind of', 'Escalate'].map((what) => `"${what} “Is ${id} ready?” if it still waits"`),
      ),
    ),
  );
}, 60_000);

test('one thread in each channel, and what happens at one moment is told by one activity', async () => {
  answer = async (question) => {
    const [who, role] = question.id === 'access' ? ['diego.alves', 'devops'] : ['fabio.nunes', 'qa'];
    await confirm(temporal.virtual.workflow.getHandle(question.workflowId), question.id, who as string, role as string);
  };
  const handle = await start('asking', { clock: 'virtual' });
  await handle.result();
  expect(posts('#deploys').map(({ thread_ts }) => thread_ts)).toEqual([undefined, expect.stringMatching(/^\d+\.\d+$/)]);
  expect(posts('#backend-team').map(({ thread_ts }) => thread_ts)).toEqual([undefined, expect.any(String)]);

  const events = await eventsOf(handle);
  const summaries = events.flatMap(({ activityTaskScheduledEventAttributes, userMetadata }) =>
    activityTaskScheduledEventAttributes ? [JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString())] : [],
  );
  expect(summaries).toEqual([
    'Tell: the deployment begins; ask “Is access ready?”; ask “Is manual ready?”',
    'Tell: the deployment has ended',
  ]);
  // An answered question has cost no timer.
  expect(events.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes)).toBe(false);
});

describe('where a console is named', () => {
  const console = 'https://surefoot.example.com';
  const edits = () => slack.received.filter(({ path }) => path === '/api/chat.update').map(({ body }) => body);

  test.each([
    ['plan', { console }, 'telling'],
    ['worker', {}, 'telling-of-a-console'],
  ])('by the %s, questions lead to its page, until they say the answer', async (_, named, taskQueue) => {
    if (!('console' in named)) await work(taskQueue, console);
    answer = async (question) => {
      const [who, role] = question.id === 'access' ? ['diego.alves', 'devops'] : ['fabio.nunes', 'qa'];
      const handle = temporal.virtual.workflow.getHandle(question.workflowId);
      await confirm(handle, question.id, who as string, role as string);
    };
    const handle = await start('asking', { clock: 'virtual', ...named }, taskQueue);
    const ledger = (await handle.result()) as Ledger;
    expect(ledger.untold).toEqual([]);
    const asked = posts('#backend-team');
    expect(asked.map(({ blocks }) => JSON.stringify(blocks))).toEqual(
      ['access', 'manual'].map((id) =>
        expect.stringContaining(`"url":"${console}/deployments/${ledger.deployment}/decide/${id}"`),
      ),
    );
    expect(edits().map(({ text }) => String(text).split('\n')[0])).toEqual([
      expect.stringContaining('confirm by diego.alves as devops'),
      expect.stringContaining('confirm by fabio.nunes as qa'),
    ]);
    for (const [index, edit] of edits().entries()) {
      expect(edit.blocks).toEqual([]);
      const [, ...rest] = String(edit.text).split('\n');
      // Those who were named then are not named again.
      expect(String(asked[index]?.text)).toContain(rest.join('\n'));
    }
    // With the ending, which is told at the same moment.
    const activities = (await eventsOf(handle)).filter(({ activityTaskScheduledEventAttributes: sent }) => sent);
    expect(activities).toHaveLength(2);
  });

  test('sign-offs say who gave them', async () => {
    const handle = await start('signing', { console, events: { 'sign-offs-asked': ['deploys'] } });
    await handle.result();
    expect(edits()).toEqual([
      expect.objectContaining({
        text: expect.stringContaining('approve by devops-person as devops, by qa-person as qa'),
      }),
    ]);
  });
});

test('receivers that are down delay nothing, and what could not be told is in the ledger, without a token', async () => {
  await Promise.all([slack.stop(), pager.stop()]);
  answer = async (question) => {
    const [who, role] = question.id === 'access' ? ['diego.alves', 'devops'] : ['fabio.nunes', 'qa'];
    await confirm(temporal.virtual.workflow.getHandle(question.workflowId), question.id, who as string, role as string);
  };
  const handle = await start('asking', { clock: 'virtual' });
  const ledger = (await handle.result()) as Ledger;
  expect(ledger.untold).toEqual([
    'the deployment begins: not told to deploys (connection refused)',
    'ask “Is access ready?”: not told to backend-team (connection refused)',
    'ask “Is manual ready?”: not told to backend-team (connection refused)',
    'the deployment has ended: not told to deploys (connection refused)',
  ]);
  const history = await handle.fetchHistory();
  const text = JSON.stringify(history, (key, value) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
  expect(text.includes('env:SLACK_TOKEN')).toBe(true);
  expect(text.includes('canary')).toBe(false);
});

test('a concern of a monitor is paged, and resolved when it settles', async () => {
  const handle = await start('concerned');
  // A concern is believed once its monitor is known to be at work.
  await handle.query(statusQuery);
  whenTold(
    pager,
    (text) => text.includes('"trigger"'),
    () => handle.signal(concernSettled, { criterion: 'consider-cpu', text: 'over' }),
  );
  const at = Date.now();
  const concern = {
    monitor: 'watch-1h',
    criterion: 'consider-cpu',
    title: 'CPU: roll back?',
    text: 'CPU at 97 %',
    at,
    until: at + 900_000,
  };
  await handle.signal(concernRaised, { ...concern, otherwise: 'continue' });
  await handle.result();
  expect(pager.received.map(({ body }) => body)).toEqual([
    expect.objectContaining({
      event_action: 'trigger',
      payload: expect.objectContaining({ severity: 'error', summary: expect.stringContaining('CPU at 97 %') }),
    }),
    expect.objectContaining({ event_action: 'resolve', dedup_key: pager.received[0]?.body.dedup_key }),
  ]);
  expect(textsOf('#incidents')[0]).toContain('surefoot resume consider-cpu --as WHO --role ROLE');
});

test('a hold is told, reminded of like a question, and its end is told', async () => {
  const handle = await start('asking', { reminders: { after: 3_600_000, every: 7_200_000 } });
  whenTold(
    slack,
    (text) => text.includes('começa o deploy'),
    async () => {
      await handle.signal(decisionSignals.hold, { who: 'diego.alves', role: 'devops', why: 'an incident elsewhere' });
      await confirm(handle, 'access', 'diego.alves', 'devops');
      await confirm(handle, 'manual', 'fabio.nunes', 'qa');
    },
  );
  whenTold(
    slack,
    (text) => text.includes('sem resposta há 3 h'),
    () => handle.signal(decisionSignals.resume, { who: 'diego.alves', role: 'devops' }),
  );
  await handle.result();
  expect(textsOf('#deploys').map((text) => text.split(': ').slice(1, 3).join(': '))).toEqual([
    expect.stringContaining('começa o deploy'),
    'pausado por diego.alves: an incident elsewhere.',
    expect.stringContaining('sem resposta há 1 h: held by diego.alves'),
    expect.stringContaining('sem resposta há 3 h: held by diego.alves'),
    expect.stringContaining('diego.alves deixou continuar'),
    expect.stringContaining('succeeded depois de'),
  ]);
}, 30_000);

test('a page does not wait behind a channel that hangs, and an ending waits for the page', async () => {
  slack.ignores = ({ body }) => String(body.text).includes('começa o deploy');
  const handle = await start('breaking', { outcome: 'rolled-back' });
  const ledger = (await handle.result()) as Ledger;
  const [first] = ledger.untold;
  expect(first).toBe('the deployment begins: not told to deploys (no answer within 400 ms)');
  expect(pager.received.map(({ body }) => body.event_action)).toEqual(['trigger', 'trigger', 'resolve', 'resolve']);
  const history = await eventsOf(handle);
  const scheduled = history.filter(({ activityTaskScheduledEventAttributes: sent }) => sent);
  const completed = history.filter(({ activityTaskCompletedEventAttributes: done }) => done);
  // The breach was on its way before the start had been given up.
  expect(Number(scheduled[1]?.eventId)).toBeLessThan(Number(completed[0]?.eventId));
});

test('a deployment that ends with a broken production resolves nothing of that', async () => {
  const handle = await start('breaking', { outcome: 'rollback-failed' });
  await handle.result();
  expect(pager.received.map(({ body }) => body.event_action)).toEqual(['trigger', 'trigger']);
});
