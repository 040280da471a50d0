/** Any receiver of JSON, signed as Standard Webhooks (https://www.standardwebhooks.com) when it has a secret. */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { isSecretReference } from '../../contract/plan/environment.js';
import { readSecret } from '../evidence/secrets.js';
import { channelNotifier } from './channel-notifier.js';
import { probeConnection } from './connection.js';
import { type Delivery, deliver, type Sending } from './deliveries.js';

/** `url` may be a reference to a secret, since whoever knows some URLs can post to them. */
const channel = z.object({ id: z.string(), url: z.string(), secret: z.string().optional() });
type WebhookChannel = z.output<typeof channel>;

export const webhook = channelNotifier({
  channel,
  send: postToWebhook,
  probe: async ({ channel: { id, url }, ...means }) =>
    probeConnection(isSecretReference(url) ? await readSecret(url) : url, means, {
      what: `webhook ${id}`,
      untried: 'nothing was posted',
    }),
});

function postToWebhook(sending: Sending<WebhookChannel>): Promise<Delivery> {
  const { channel, message } = sending;
  const references = [
    ...(isSecretReference(channel.url) ? [channel.url] : []),
    ...(channel.secret ? [channel.secret] : []),
  ];
  return deliver(sending, references, async (request, secrets) => {
    const url = isSecretReference(channel.url) ? secrets[0] : channel.url;
    const secret = channel.secret && secrets.at(-1);
    const { id, event, text, values, about, page } = message;
    const json = { id, event, text, ...(page !== undefined && { page }), ...about, ...values };
    const answer = await request({
      url: url ?? '',
      method: 'POST',
      headers: secret ? signature({ id, body: JSON.stringify(json), secret }) : {},
      json,
    });
    const told = answer.status >= 200 && answer.status < 300;
    return told ? { told } : { told, why: `the receiver answered ${answer.statusText}` };
  });
}

/** @param signed `secret`: any text, or `whsec_` and a key in base64 */
function signature(signed: { id: string; body: string; secret: string }): Record<string, string> {
  const { id, body, secret } = signed;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const code = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${code}` };
}
