/** Receivers of messages: that one was told is read from what they answer. */
import type { Delivery, Sending } from '../../src/adapters/notify/deliveries.js';
import { page } from '../../src/adapters/notify/pagerduty.js';
import { postToSlack } from '../../src/adapters/notify/slack.js';
import { postToWebhook } from '../../src/adapters/notify/webhook.js';
import type { About, Channel } from '../../src/domain/notifications/notifications.js';
import { type Handler, json, serve } from '../helpers/server.js';
import { type Answer, conforms, type Situations } from './reader.js';

const SECRET = 'not-to-be-told';
process.env.TEST_RECEIVER_SECRET = SECRET;
const about = { deployment: 'd-1', service: 'plans', target: 'v2', link: '' } as About;

async function told(channel: Channel, send: (sending: Sending<never>) => Promise<Delivery>): Promise<Answer> {
  const message = { id: 'm-1', event: 'breach', subject: 'x', text: 'x', values: {}, about, loud: false, mentions: [] };
  const alert = { key: 'k', action: 'trigger', severity: 'critical' };
  const sending = {
    ...{ channel, message: { ...message, alert }, signal: new AbortController().signal },
    patience: { answer: 300, whole: 900, pause: 10 },
  };
  const delivery = await send(sending as unknown as Sending<never>);
  return delivery.told ? { known: delivery } : { unknown: delivery.why };
}

const answering =
  (body: unknown, status = 200): Handler =>
  (_, response) =>
    json(response, body, status);

/** What a receiver answers when all is well, and when it refuses with the secret in its words. */
function situations(
  channelAt: (url: string) => Channel,
  { send, good, refusal }: { send: (sending: Sending<never>) => Promise<Delivery>; good: Handler; refusal: Handler },
): Situations {
  const before = (handle: Handler) => async () => told(channelAt((await serve(handle)).url), send);
  return {
    value: before(good),
    none: before((_, response) => void response.writeHead(302, { location: '/login' }).end()),
    hidden: before(refusal),
    partial: before((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"ok": tr', () => response.destroy());
    }),
    error: before(answering({ detail: SECRET }, 500)),
    hang: before(() => {}),
    nonsense: before((_, response) => void response.writeHead(302).end(`<html>${SECRET}`)),
    huge: before((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        response.once('drain', more);
      };
      response.writeHead(200);
      more();
    }),
  };
}

const any = { id: 'a', channel: 'C1' };
const reference = 'env:TEST_RECEIVER_SECRET';

conforms(
  'adapters/notify/slack.ts',
  {
    ...situations((api) => ({ ...any, kind: 'slack', api, token: reference }), {
      send: postToSlack,
      good: answering({ ok: true, ts: '1764000001.000100' }),
      refusal: answering({ ok: false, error: 'invalid_auth' }),
    }),
    nonsense: async () => {
      const server = await serve((_, response) => void response.end(`<html>${SECRET}`));
      return told({ ...any, kind: 'slack', api: server.url, token: reference }, postToSlack);
    },
  },
  { secrets: [SECRET] },
);

conforms(
  'adapters/notify/pagerduty.ts',
  {
    ...situations((api) => ({ id: 'p', kind: 'pagerduty', api, routingKey: reference }), {
      send: page,
      good: answering({ status: 'success', message: 'Event processed', dedup_key: 'k' }, 202),
      refusal: answering({ status: 'invalid event', message: SECRET, errors: [SECRET] }, 400),
    }),
    nonsense: async () => {
      const server = await serve((_, response) => void response.writeHead(202).end(`<html>${SECRET}`));
      return told({ id: 'p', kind: 'pagerduty', api: server.url, routingKey: reference }, page);
    },
  },
  { secrets: [SECRET] },
);

for (const reader of ['adapters/notify/webhook.ts', 'adapters/notify/deliveries.ts']) {
  conforms(
    reader,
    situations((url) => ({ id: 'w', kind: 'webhook', url, secret: reference }), {
      send: postToWebhook,
      good: (_, response) => void response.writeHead(204).end(),
      refusal: answering({ detail: SECRET }, 403),
    }),
    { secrets: [SECRET] },
  );
}
