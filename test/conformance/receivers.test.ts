/** Receivers of messages: that one was told is read from what they answer. Their channels are as a plan has them. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { SMTPServerOptions } from 'smtp-server';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { NOTIFIERS, notifierOf } from '../../src/adapters/notify/notifiers.js';
import type { Channel } from '../../src/domain/notifications/notifications.js';
import { loadPlan } from '../../src/plan/load.js';
import { CHANNEL_KINDS } from '../../src/plan/notifications/channel-kinds.js';
import { makeAuthority } from '../helpers/certificates.js';
import { mailServer, replyOf } from '../helpers/mail-server.js';
import { type Handler, json, readBody, serve } from '../helpers/server.js';
import { replaceOnce, shippedText, write } from '../plan/plan-files.js';
import { notifierConforms, type Receivers } from './notifier.js';

/** Long and without a sign: what a receiver quotes of it looks like any other word. */
const SECRET = 'verysecretcredentialofthischannel';
/** A part of it is no less a secret. */
const secrets = [SECRET.slice(0, 12), SECRET.slice(-12)];
process.env.TEST_RECEIVER_SECRET = SECRET;
process.env.TEST_RECEIVER_URL = 'http://127.0.0.1:9/unused';

const NOWHERE = 'http://127.0.0.1:9';

/** What is made of a channel by the plan that holds it: that, and nothing else, is what its notifier is given. */
function channelOf(written: string, host = NOWHERE): Channel {
  const text = [
    ['\nhosts:\n', `\nhosts:\n  receiver: ${host}\n`],
    ['\ncredentials:\n', '\ncredentials:\n  key: env:TEST_RECEIVER_SECRET\n  address: env:TEST_RECEIVER_URL\n'],
    ['\n  channels:\n', `\n  channels:\n    tested: ${written}\n`],
  ] as const;
  const { channels } = loadPlan(write('plan.yaml', text.reduce(replaceOnce, shippedText))).resolved.notifications;
  return channels.find(({ id }) => id === 'tested') as Channel;
}

/** The kinds that were put through it. */
const conforming = new Set<string>();

interface HttpReceiver {
  /** The channel in a plan; `receiver` is its host, `key` its credential. */
  written: string;
  /** Where messages are posted. */
  path: string;
  /** Anything else that it is asked: it tells nobody. */
  otherwise?: Handler;
  good: Handler;
  /** How it says that it does not take the message, with the credential in its words. */
  refusal: Handler;
  /** No answer of its, with the status of a good one. */
  nonsense: Handler;
}

function overHttp({ written, path, otherwise, good, refusal, nonsense }: HttpReceiver): Receivers {
  const resolved = JSON.stringify(channelOf(written));
  conforming.add((JSON.parse(resolved) as Channel).kind);
  const before = (handle: (taking: Handler) => Handler) => async () => {
    let taken = 0;
    const server = await serve(
      handle((request, response) => {
        if (request.url !== path) return (otherwise ?? refusal)(request, response);
        taken += 1;
        good(request, response);
      }),
    );
    process.env.TEST_RECEIVER_URL = `${server.url}${path}`;
    return { channel: JSON.parse(resolved.replaceAll(NOWHERE, server.url)) as Channel, taken: () => taken };
  };
  return {
    value: before((taking) => taking),
    none: before(() => (_, response) => void response.writeHead(302, { location: '/login' }).end()),
    hidden: before(() => refusal),
    partial: before(() => (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"ok": tr', () => response.destroy());
    }),
    error: before(() => (_, response) => void response.writeHead(500, 'x'.repeat(6_000)).end(SECRET)),
    hang: before(() => () => {}),
    nonsense: before(() => nonsense),
    huge: before(() => (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        response.once('drain', more);
      };
      response.writeHead(200);
      more();
    }),
    rateLimit: before((taking) => {
      let allowed = 0;
      return (request, response) => {
        const now = performance.now();
        if (allowed === 0) {
          allowed = now + 990;
          response.writeHead(429, { 'retry-after': '1' }).end();
        } else if (now < allowed) {
          response.writeHead(403).end('asked again too early');
        } else {
          taking(request, response);
        }
      };
    }),
    secrets: before(() => (request, response) => void quoteAll(request, response)),
  };
}

/** Refuses with all that it was sent: in the status line, in every field, and so often that it stands where it is cut. */
async function quoteAll(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = `${request.headers.authorization} ${request.url} ${await readBody(request)}`.replaceAll(/[^ -~]/g, '');
  const quoted = `${sent} ${`${SECRET} `.repeat(20)}`;
  response.writeHead(400, quoted, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ok: false, error: SECRET, status: SECRET, message: quoted, errors: [SECRET] }));
}

const answering =
  (body: unknown, status = 200): Handler =>
  (_, response) =>
    json(response, body, status);

const nonsenseOf =
  (status: number): Handler =>
  (_, response) =>
    void response.writeHead(status).end(`<html>${SECRET}`);

notifierConforms(
  'adapters/notify/slack.ts',
  overHttp({
    written: '{ kind: slack, host: receiver, token: key, channel: "#deploys" }',
    path: '/api/chat.postMessage',
    otherwise: answering({ ok: true, user: 'surefoot' }),
    good: answering({ ok: true, ts: '1764000001.000100' }),
    refusal: answering({ ok: false, error: SECRET }),
    nonsense: nonsenseOf(200),
  }),
  { secrets },
);

notifierConforms(
  'adapters/notify/pagerduty.ts',
  overHttp({
    written: '{ kind: pagerduty, host: receiver, routingKey: key }',
    path: '/v2/enqueue',
    good: answering({ status: 'success', message: 'Event processed', dedup_key: 'k' }, 202),
    refusal: answering({ status: 'invalid event', message: SECRET, errors: [SECRET] }, 400),
    nonsense: nonsenseOf(202),
  }),
  { secrets },
);

notifierConforms(
  'adapters/notify/teams.ts',
  overHttp({
    written: '{ kind: teams, url: address }',
    path: `/workflows/${SECRET}?sig=${SECRET}`,
    good: (_, response) => void response.writeHead(202).end(),
    refusal: answering({ error: { code: 'TriggerInputSchemaMismatch', message: SECRET } }, 400),
    nonsense: nonsenseOf(200),
  }),
  { secrets },
);

const webhook = {
  good: (_, response) => void response.writeHead(204).end(),
  refusal: answering({ detail: SECRET }, 403),
  nonsense: nonsenseOf(302),
} satisfies Partial<HttpReceiver>;

notifierConforms(
  'adapters/notify/webhook.ts',
  overHttp({ ...webhook, written: '{ kind: webhook, host: receiver, secret: key }', path: '/' }),
  { secrets },
);

notifierConforms(
  'adapters/notify/webhook.ts, at an address that is a secret',
  overHttp({ ...webhook, written: '{ kind: webhook, url: address }', path: `/hooks/${SECRET}?sig=${SECRET}` }),
  { secrets },
);

const authority = makeAuthority();
afterAll(() => authority.remove());
const issued = authority.issue(['localhost', '127.0.0.1']);
const served = { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };

/** By a real mail server where one behaves so, else by whatever listens. */
function bySmtp(): Receivers {
  const written = '{ kind: email, host: receiver, password: key, from: a@b.example, to: [c@d.example] }';
  const resolved = channelOf(written, 'smtp://alerts@127.0.0.1:9');
  conforming.add(resolved.kind);
  const at = (port: number, taken: () => number) => ({
    channel: { ...resolved, port, rootCertificate: authority.root },
    taken,
  });
  const mail =
    (options: SMTPServerOptions = {}, refusals: string[] = []) =>
    async () => {
      const server = await mailServer({ ...served, password: SECRET, ...options });
      server.refusals.push(...refusals);
      return at(server.port, () => server.received.length);
    };
  const raw = (talk: (socket: Socket) => void) => async () => {
    const server = createServer((socket) => talk(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return at((server.address() as AddressInfo).port, () => 0);
  };
  const quoted = `550 ${`${SECRET} `.repeat(50)}`;
  return {
    value: mail(),
    none: raw((socket) => void socket.end('554 no mail here\r\n')),
    hidden: mail({ onRcptTo: (_address, _session, done) => done(replyOf('550 no such user')) }),
    partial: raw((socket) => void socket.end('220 mail.exam')),
    error: mail({}, ['554 no', '554 no', '554 no']),
    hang: raw(() => undefined),
    nonsense: raw((socket) => void socket.end(`HTTP/1.1 400 Bad Request\r\n\r\n<html>${SECRET}`)),
    huge: raw((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(`220-${' '.repeat(65_536)}`));
        socket.once('drain', more);
      };
      more();
    }),
    rateLimit: mail({}, ['421 Too many mails, try again later']),
    secrets: mail({}, [quoted]),
  };
}

notifierConforms('adapters/notify/email.ts', bySmtp(), { secrets });

test('each kind of channel that a plan may name has a notifier, and each notifier is put through all this', () => {
  expect(Object.keys(NOTIFIERS).sort()).toEqual(Object.keys(CHANNEL_KINDS).sort());
  expect([...conforming].sort()).toEqual(Object.keys(NOTIFIERS).sort());
});

test('each kind is known by its own name, and by no key that every channel or contact has', () => {
  for (const [kind, { schema }] of Object.entries(CHANNEL_KINDS)) {
    expect(schema.shape.kind.value, kind).toBe(kind);
    expect(['id', 'title', 'roles']).not.toContain(kind);
  }
});

test.each([
  ['a kind that this release does not know', { id: 'tested', kind: 'constructor' }, /no notifier for .* constructor/],
  [
    'a channel that another release has resolved',
    { id: 'tested', kind: 'slack', api: NOWHERE, token: `env:${SECRET}` },
    /cannot read a channel of kind slack without a good channel/,
  ],
])('%s is told nothing, and that is said', async (_, channel, why) => {
  const { signal } = new AbortController();
  const patience = { answer: 300, whole: 900, pause: 10 };
  const sending = { channel, message: {} as never, signal, patience };
  const notifier = notifierOf(channel);
  expect(await notifier.send(sending)).toEqual({ told: false, why: expect.stringMatching(why) });
  const probe = await notifier.probe({ channel, signal, patience });
  expect(probe).toEqual({ ok: false, text: expect.stringMatching(why) });
  expect(notifier.placeOf(channel)).toBe('tested');
});
