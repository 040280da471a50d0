import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createPeopleActivities } from '../../../src/activities/notify/people.js';
import { dedupKey } from '../../../src/adapters/notify/pagerduty.js';
import type { Question } from '../../../src/domain/ledger/ledger.js';
import type { About, Channel, Message } from '../../../src/domain/notifications/notifications.js';
import { evidencePlace, inActivity } from '../../helpers/context.js';
import {
  broken,
  nonsense,
  pagerDutyReceiver,
  type Receiver,
  SLACK_CHANNEL,
  silent,
  slackReceiver,
  teamsReceiver,
  tooMany,
  webhookReceiver,
} from '../../helpers/receivers.js';
import { deadPort, json } from '../../helpers/server.js';

const TOKEN = 'xoxb-canary-token';
const ROUTING_KEY = 'canary-routing-key-0123456789abc';
const SIGNING_KEY = 'whsec_Y2FuYXJ5LXNpZ25pbmcta2V5';

beforeEach(() => {
  process.env.TEST_SLACK_TOKEN = TOKEN;
  process.env.TEST_ROUTING_KEY = ROUTING_KEY;
  process.env.TEST_SIGNING_KEY = SIGNING_KEY;
});

const about: About = {
  title: 'Deploy',
  service: 'eduautismo',
  deployment: 'd-1',
  target: 'main',
  previous: 'v1.2.3',
  startedBy: 'ana.souza',
  link: 'https://temporal.example.com/workflows/d-1',
};

const slack = ({ url }: { url: string }, id = 'deploys'): Channel => ({
  id,
  kind: 'slack',
  api: url,
  token: 'env:TEST_SLACK_TOKEN',
  channel: `#${id}`,
});
const pager = ({ url }: { url: string }): Channel => ({
  id: 'pager',
  kind: 'pagerduty',
  api: url,
  routingKey: 'env:TEST_ROUTING_KEY',
});
const webhook = ({ url }: { url: string }, secret?: string): Channel => ({
  id: 'hook',
  kind: 'webhook',
  url,
  ...(secret && { secret }),
});

const teams = ({ url }: { url: string }): Channel => {
  process.env.TEST_TEAMS_URL = `${url}/canary-workflow?sig=canary`;
  return { id: 'team', kind: 'teams', url: 'env:TEST_TEAMS_URL' };
};

/** Where a question is answered. */
const page = 'https://surefoot.example.com/deployments/d-1/decide/smoke';

let count = 0;
const message = (channel: Channel, changes: Partial<Message> = {}): Message => ({
  id: `d-1/${++count}`,
  channel,
  event: 'breach',
  subject: 'breach',
  text: 'Errors at 12 %',
  values: { reason: 'Errors at 12 %' },
  about,
  loud: false,
  mentions: [],
  ...(channel.kind === 'pagerduty' && { alert: { key: 'incident', action: 'trigger', severity: 'critical' } }),
  ...changes,
});

/** Receivers that are waited for no longer than a test may take. */
const { tell, sendNotices } = createPeopleActivities({ patience: { answer: 300, whole: 4_000, pause: 10 } });
const say = (messages: Message[], threads: Record<string, string> = {}) =>
  inActivity(() => tell({ messages, threads, questions: [] }));
const bodies = ({ received }: Receiver) => received.map(({ body }) => body);

describe('Slack', () => {
  test('gets text for its channel, and answers with the thread that the next messages reply to', async () => {
    const receiver = await slackReceiver();
    const channel = slack(receiver);
    const first = await say([message(channel, { text: 'begins' }), message(channel, { text: 'is going on' })]);
    expect(first).toEqual({ threads: { deploys: '1764000001.000100' }, untold: [] });
    const then = await say([message(channel, { text: 'has ended', loud: true })], first.threads);
    expect(then.threads).toEqual(first.threads);
    const common = { channel: '#deploys', unfurl_links: false, unfurl_media: false };
    const thread_ts = '1764000001.000100';
    expect(bodies(receiver)).toEqual([
      { ...common, text: 'begins' },
      { ...common, text: 'is going on', thread_ts, reply_broadcast: false },
      { ...common, text: 'has ended', thread_ts, reply_broadcast: true },
    ]);
    expect(receiver.received[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test('has a thread for each channel', async () => {
    const receiver = await slackReceiver();
    const { threads } = await say([message(slack(receiver)), message(slack(receiver, 'incidents'))]);
    expect(Object.keys(threads).sort()).toEqual(['deploys', 'incidents']);
    expect(new Set(Object.values(threads)).size).toBe(2);
  });

  test('names people and groups, and takes nothing in a text for a name or a link', async () => {
    const receiver = await slackReceiver();
    await say([message(slack(receiver), { text: '<!channel> a & b <@U1>', mentions: ['U00CTO', 'S00DEVOPS'] })]);
    expect(bodies(receiver)[0]?.text).toBe('<@U00CTO> <!subteam^S00DEVOPS> &lt;!channel&gt; a &amp; b &lt;@U1&gt;');
  });

  test('has a button to the page of a question, and can edit that message, by the channel’s ID', async () => {
    const receiver = await slackReceiver();
    const asked = { text: 'Smoke <failed>', mentions: ['U1'], page, values: { question: 'Smoke failed' } };
    const sent = message(slack(receiver), asked);
    const place = `${SLACK_CHANNEL}/1764000001.000100`;
    expect(await say([sent])).toMatchObject({ untold: [], places: { [sent.id]: place } });
    const text = '<@U1> Smoke &lt;failed&gt;';
    expect(bodies(receiver)[0]).toMatchObject({
      text,
      blocks: [
        { type: 'section', text: { type: 'mrkdwn', text } },
        {
          type: 'actions',
          elements: [{ type: 'button', text: { type: 'plain_text', text: 'Smoke failed' }, url: page }],
        },
      ],
    });
    const edit = message(slack(receiver), { text: 'retry by ana\nSmoke <failed>', edits: place });
    // An edit begins no thread, and replies to none.
    expect(await say([edit])).toEqual({ threads: {}, untold: [] });
    expect(receiver.received[1]?.path).toBe('/api/chat.update');
    expect(bodies(receiver)[1]).toEqual({
      channel: SLACK_CHANNEL,
      ts: '1764000001.000100',
      text: 'retry by ana\nSmoke &lt;failed&gt;',
      blocks: [],
    });
  });

  test('takes a question of any length, and an edit that finds nothing is told', async () => {
    const receiver = await slackReceiver();
    const long = { text: '&'.repeat(50_000), mentions: ['U00CTO'], page, values: { question: 'x'.repeat(500) } };
    expect(await say([message(slack(receiver), long)])).toMatchObject({ untold: [] });
    const lost = message(slack(receiver), { edits: `${SLACK_CHANNEL}/1764000009.000100` });
    expect((await say([lost])).untold).toEqual(['breach: not told to deploys (Slack refused: message_not_found)']);
  });

  test('cuts a text that nobody would read', async () => {
    const receiver = await slackReceiver();
    await say([message(slack(receiver), { text: 'x'.repeat(50_000) })]);
    expect(String(bodies(receiver)[0]?.text)).toHaveLength(3_900);
  });

  test('that says ok: false with status 200 has refused, with its error and what to do', async () => {
    const receiver = await slackReceiver();
    receiver.instead.push((response) => json(response, { ok: false, error: 'not_in_channel' }));
    const { untold, threads } = await say([message(slack(receiver))]);
    expect(untold).toEqual([
      'breach: not told to deploys (Slack refused: not_in_channel (invite the app to the channel))',
    ]);
    expect(threads).toEqual({});
    expect(receiver.received).toHaveLength(1);
  });

  test.each([
    ['a page of HTML', nonsense],
    ['ok without a ts', (response) => json(response, { ok: true })],
    ['an error that is no code', (response) => json(response, { ok: false, error: `bad token ${TOKEN}` })],
    ['a list', (response) => json(response, [])],
  ] as [string, Receiver['instead'][number]][])('that answers %s has not been told', async (_, answer) => {
    const receiver = await slackReceiver();
    receiver.instead.push(answer);
    const { untold } = await say([message(slack(receiver))]);
    expect(untold).toEqual(['breach: not told to deploys (Slack answered something else than its API describes)']);
  });

  test('is asked again after 429, not before Retry-After, and after 500', async () => {
    const receiver = await slackReceiver();
    const times: number[] = [];
    receiver.instead.push(
      (response) => {
        times.push(performance.now());
        tooMany('1')(response);
      },
      (response) => {
        times.push(performance.now());
        broken(response);
      },
    );
    expect(await say([message(slack(receiver))])).toMatchObject({ untold: [] });
    expect(receiver.received).toHaveLength(3);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('is not waited for when it asks for longer than a message is worth', async () => {
    const receiver = await slackReceiver();
    receiver.instead.push(tooMany('3600'));
    const { untold } = await say([message(slack(receiver))]);
    expect(untold).toEqual([expect.stringContaining('rate limit reached, to be asked again in 1 h')]);
    expect(receiver.received).toHaveLength(1);
  });
});

describe('PagerDuty', () => {
  test('is triggered and resolved by one key', async () => {
    const receiver = await pagerDutyReceiver();
    const channel = pager(receiver);
    const alert = { key: 'incident', action: 'resolve' } as const;
    expect(await say([message(channel), message(channel, { alert })])).toEqual({ threads: {}, untold: [] });
    expect(bodies(receiver)).toEqual([
      {
        routing_key: ROUTING_KEY,
        event_action: 'trigger',
        dedup_key: 'd-1/incident',
        client: 'Surefoot',
        client_url: about.link,
        links: [{ href: about.link, text: 'The deployment in Temporal' }],
        payload: {
          summary: 'Errors at 12 %',
          source: 'eduautismo/production',
          severity: 'critical',
          component: 'eduautismo',
          class: 'breach',
          custom_details: { deployment: 'd-1', target: 'main', reason: 'Errors at 12 %' },
        },
      },
      { routing_key: ROUTING_KEY, event_action: 'resolve', dedup_key: 'd-1/incident' },
    ]);
  });

  test('leads to the page of a question, and to the deployment', async () => {
    const receiver = await pagerDutyReceiver();
    expect(await say([message(pager(receiver), { page })])).toMatchObject({ untold: [] });
    expect(bodies(receiver)[0]).toMatchObject({
      client_url: page,
      links: [
        { href: page, text: 'The question in the console' },
        { href: about.link, text: 'The deployment in Temporal' },
      ],
    });
  });

  test('takes a key and a summary of any length: the key is cut where the rest is hashed, the same each time', async () => {
    const receiver = await pagerDutyReceiver();
    const alert = { key: `question/${'x'.repeat(400)}`, action: 'trigger', severity: 'error' } as const;
    const { untold } = await say([message(pager(receiver), { alert, text: 'y'.repeat(5_000) })]);
    expect(untold).toEqual([]);
    expect(dedupKey('x'.repeat(300))).toHaveLength(255);
    expect(dedupKey('x'.repeat(300))).toBe(dedupKey('x'.repeat(300)));
    expect(dedupKey('x'.repeat(300))).not.toBe(dedupKey('x'.repeat(301)));
  });

  test.each([
    [
      '400 with its reasons, but not the key',
      (response) =>
        json(
          response,
          {
            status: 'invalid event',
            message: 'Event object is invalid',
            errors: [`'routing_key' ${ROUTING_KEY} is invalid`],
          },
          400,
        ),
      "PagerDuty answered 400 Bad Request: Event object is invalid: 'routing_key' *** is invalid",
    ],
    [
      '200, which is no acceptance',
      (response) => json(response, { status: 'success' }, 200),
      'PagerDuty answered 200 OK',
    ],
    [
      '202 and nonsense',
      (response) => void response.writeHead(202).end('<html>'),
      'something else than its API describes',
    ],
  ] as [string, Receiver['instead'][number], string][])('that answers %s has not been told', async (_, answer, why) => {
    const receiver = await pagerDutyReceiver();
    receiver.instead.push(answer);
    const { untold } = await say([message(pager(receiver))]);
    expect(untold).toEqual([expect.stringContaining(why)]);
  });

  test('is asked again after 429 and 500', async () => {
    const receiver = await pagerDutyReceiver();
    receiver.instead.push(tooMany('0'), broken);
    expect(await say([message(pager(receiver))])).toMatchObject({ untold: [] });
    expect(receiver.received).toHaveLength(3);
  });
});

describe('Teams', () => {
  const cardOf = (receiver: Receiver, index = 0) =>
    (bodies(receiver)[index] as { attachments: { content: Record<string, unknown> }[] }).attachments[0]?.content;

  test('gets a card, with the page of a question', async () => {
    const receiver = await teamsReceiver();
    expect(await say([message(teams(receiver), { page, values: { question: 'Smoke failed' } })])).toEqual({
      threads: {},
      untold: [],
    });
    expect(receiver.requests).toEqual(['POST /canary-workflow?sig=canary']);
    expect(cardOf(receiver)).toMatchObject({
      body: [{ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: 'Errors at 12 %' }] }],
      actions: [
        { type: 'Action.OpenUrl', title: 'Smoke failed', url: page },
        { type: 'Action.OpenUrl', title: 'Temporal', url: about.link },
      ],
    });
    await say([message(teams(receiver), { about: { ...about, link: 'workflow d-1' } })]);
    expect(cardOf(receiver, 1)).not.toHaveProperty('actions');
  });

  test('takes texts of any kind and length as text', async () => {
    const receiver = await teamsReceiver();
    const text = '[link](https://evil.example) **bold** <at>everybody</at>';
    const long = { text: '\u2066"\\😀'.repeat(5_000), page, values: { question: '😀'.repeat(100) } };
    const { untold } = await say([message(teams(receiver), { text }), message(teams(receiver), long)]);
    expect(untold).toEqual([]);
    expect(cardOf(receiver)?.body).toMatchObject([{ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text }] }]);
  });

  test.each([
    ['200, which is no acceptance', nonsense, 'Teams answered 200 OK'],
    ['400', (response) => json(response, { error: { code: 'x' } }, 400), 'Teams answered 400 Bad Request'],
  ] as [string, Receiver['instead'][number], string][])('that answers %s has not been told', async (_, answer, why) => {
    const receiver = await teamsReceiver();
    receiver.instead.push(answer);
    expect((await say([message(teams(receiver))])).untold).toEqual([`breach: not told to team (${why})`]);
  });
});

test('where a question is answered says the plan, or else the worker', async () => {
  const receiver = await webhookReceiver();
  const led = createPeopleActivities({ console: 'https://console.example.com' });
  const messages = [
    message(webhook(receiver), { asks: 'smoke' }),
    message(webhook(receiver), { asks: 'smoke', page }),
    message(webhook(receiver)),
  ];
  await inActivity(() => led.tell({ messages, threads: {}, questions: [] }));
  await say([message(webhook(receiver), { asks: 'smoke' })]);
  expect(bodies(receiver).map((body) => body.page)).toEqual([
    'https://console.example.com/deployments/d-1/decide/smoke',
    page,
    undefined,
    undefined,
  ]);
});

describe('a webhook', () => {
  test('gets the page of a question, too', async () => {
    const receiver = await webhookReceiver();
    await say([message(webhook(receiver), { page })]);
    expect(bodies(receiver)[0]).toMatchObject({ page });
  });

  test('gets the text, and what a machine needs', async () => {
    const receiver = await webhookReceiver();
    const sent = message(webhook(receiver));
    expect(await say([sent])).toEqual({ threads: {}, untold: [] });
    expect(bodies(receiver)).toEqual([
      { id: sent.id, event: 'breach', text: 'Errors at 12 %', ...about, reason: 'Errors at 12 %' },
    ]);
    expect(receiver.received[0]?.headers['webhook-signature']).toBeUndefined();
  });

  test('is signed as Standard Webhooks are, over what was really sent', async () => {
    const receiver = await webhookReceiver();
    await say([message(webhook(receiver, 'env:TEST_SIGNING_KEY'))]);
    const { headers, raw } = receiver.received[0] as Receiver['received'][number];
    const key = Buffer.from(SIGNING_KEY.slice(6), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${raw}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60);
  });

  test('is told nothing that it could not be sure of: no message goes unsigned for a secret that is not there', async () => {
    const receiver = await webhookReceiver();
    for (const secret of ['env:TEST_NOWHERE', 'file:/nowhere/key', 'exec:/nowhere/helper key']) {
      const { untold } = await say([message(webhook(receiver, secret))]);
      expect(untold).toEqual([expect.stringContaining('Secret not found')]);
    }
    const { untold } = await say([message(webhook({ url: 'exec:/nowhere/helper url' }))]);
    expect(untold).toEqual([expect.stringContaining('Secret not found')]);
    expect(receiver.received).toEqual([]);
  });

  test('may be a secret itself, which no failure shows', async () => {
    const receiver = await webhookReceiver();
    process.env.TEST_HOOK = `${receiver.url}/canary-path`;
    expect(await say([message(webhook({ url: 'env:TEST_HOOK' }))])).toMatchObject({ untold: [] });
    expect(receiver.requests).toEqual(['POST /canary-path']);
    receiver.handle = (_, response) => json(response, {}, 404);
    expect((await say([message(webhook({ url: 'env:TEST_HOOK' }))])).untold).toEqual([
      'breach: not told to hook (the receiver answered 404 Not Found)',
    ]);
    process.env.TEST_HOOK = 'no URL: canary-path';
    expect((await say([message(webhook({ url: 'env:TEST_HOOK' }))])).untold).toEqual([
      'breach: not told to hook (invalid URL)',
    ]);
  });
});

describe('whatever becomes of one channel', () => {
  const kinds = [
    ['Slack', slack],
    ['PagerDuty', pager],
    ['Teams', teams],
    ['a webhook', webhook],
  ] as [string, (place: { url: string }) => Channel][];

  test.each(kinds)('%s that hangs is given up, and that is told', async (_, channel) => {
    const receiver = await webhookReceiver();
    receiver.instead.push(silent, silent, silent);
    const { untold } = await say([message(channel(receiver))]);
    expect(untold).toEqual([expect.stringContaining('no answer within 300 ms')]);
    expect(receiver.received).toHaveLength(3);
  });

  test.each(kinds)('%s that is down, or speaks no HTTP, is told as such', async (_, channel) => {
    const { untold } = await say([message(channel({ url: `http://127.0.0.1:${await deadPort()}` }))]);
    expect(untold).toEqual([expect.stringContaining('connection refused')]);
    const receiver = await webhookReceiver();
    receiver.handle = (request) => request.socket.end('nonsense\r\n\r\n');
    expect((await say([message(channel(receiver))])).untold).toEqual([expect.stringMatching(/not HTTP|connection/)]);
  });

  test.each(kinds)('%s that fails for good is tried three times', async (_, channel) => {
    const receiver = await webhookReceiver();
    receiver.instead.push(broken, broken, broken, broken);
    expect((await say([message(channel(receiver))])).untold).toEqual([expect.stringContaining('answered 500')]);
    expect(receiver.received).toHaveLength(3);
  });

  test('the others are told', async () => {
    const [good, hook] = await Promise.all([slackReceiver(), webhookReceiver()]);
    const channels = [slack({ url: `http://127.0.0.1:${await deadPort()}` }, 'incidents'), slack(good), webhook(hook)];
    const { untold, threads } = await say(channels.map((channel) => message(channel)));
    expect(untold).toEqual(['breach: not told to incidents (connection refused)']);
    expect(threads).toEqual({ deploys: '1764000001.000100' });
    expect(hook.received).toHaveLength(1);
  });

  test('a secret that is missing is named by its reference alone', async () => {
    delete process.env.TEST_SLACK_TOKEN;
    const { untold } = await say([message(slack(await slackReceiver()))]);
    expect(untold).toEqual([expect.stringContaining('TEST_SLACK_TOKEN is not set for the worker')]);
  });

  test('tokens are in no result', async () => {
    const receiver = await slackReceiver();
    const results = [];
    for (const answer of [broken, nonsense, tooMany('9999')]) {
      for (const [, channel] of kinds) {
        receiver.instead.push(answer, answer, answer);
        results.push(await say([message(channel(receiver))]));
        receiver.instead.length = 0;
      }
    }
    expect(JSON.stringify(results)).not.toMatch(/xoxb|canary/);
  });
});

describe('notices', () => {
  const key = { deployment: 'd-1', step: 'preparation.notices', generation: 1 };
  const notice = (changes: object) => ({
    id: 'devops',
    title: 'Window',
    to: ['deploys'],
    text: '{target} goes to production',
    messages: [] as Message[],
    off: [] as string[],
    ...changes,
  });

  test('say where and when they were told, and their text is evidence', async () => {
    const receiver = await slackReceiver();
    const evidence = await evidencePlace();
    const messages = [message(slack(receiver), { event: 'notice', text: 'main goes to production', loud: true })];
    const notices = [notice({ messages }), notice({ id: 'users', title: 'To users', to: [] })];
    const at = Date.UTC(2025, 10, 26, 11, 51);
    const report = await inActivity(() =>
      sendNotices({ key, evidence, at, about, threads: { deploys: '1.2' }, notices }),
    );
    expect(report.facts).toEqual([
      { name: 'devops', ok: true, text: 'Window: told in #deploys at 2025-11-26 11:51 UTC' },
      { name: 'users', ok: true, text: 'To users: prepared and kept as evidence; the plan sends it to nobody' },
    ]);
    expect(bodies(receiver)[0]).toMatchObject({ thread_ts: '1.2', reply_broadcast: true });
    expect(report.evidence.map(({ title }) => title)).toEqual(['Window', 'To users']);
    const file = join(evidence.store, evidence.deployment, report.evidence[1]?.path ?? '');
    expect(await readFile(file, 'utf8')).toBe('main goes to production\n');
  });

  test('that could not be told, or whose channel is off here, fail their fact and nothing else', async () => {
    const evidence = await evidencePlace();
    const down = message(slack({ url: `http://127.0.0.1:${await deadPort()}` }));
    const notices = [notice({ messages: [down] }), notice({ id: 'stakeholders', off: ['deploys'] })];
    const { facts } = await inActivity(() => sendNotices({ key, evidence, at: 0, about, threads: {}, notices }));
    expect(facts).toEqual([
      { name: 'devops', ok: false, advisory: true, text: 'Window: not told in #deploys: connection refused' },
      {
        name: 'stakeholders',
        ok: false,
        advisory: true,
        text: 'Window: not told in deploys: it is off on this machine',
      },
    ]);
  });
});

test('stand-in people are waited for, with heartbeats', async () => {
  const question: Question = {
    deployment: 'd-1',
    workflowId: 'w-1',
    service: 'eduautismo',
    kind: 'confirmation',
    id: 'sign-off',
    title: 'Ready?',
    roles: ['qa'],
    moves: ['confirm'],
  };
  const answered: Question[] = [];
  let release = () => {};
  const people = createPeopleActivities({
    answer: async (asked) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      answered.push(asked);
    },
  });
  const environment = new MockActivityEnvironment();
  const beats = vi.fn();
  environment.on('heartbeat', beats);
  const asking = inActivity(() => people.tell({ messages: [], threads: {}, questions: [question] }), environment);
  await vi.waitUntil(() => beats.mock.calls.length >= 2, { timeout: 5_000 });
  expect(answered).toEqual([]);
  release();
  expect(await asking).toEqual({ threads: {}, untold: [] });
  expect(answered).toEqual([question]);
});
