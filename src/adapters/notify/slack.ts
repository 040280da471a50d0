/**
 * Slack's chat.postMessage (https://docs.slack.dev/reference/methods/chat.postMessage), by undici and zod rather than by
 * @slack/web-api: one endpoint is used, and that client is 9 MB with retries, queue, logs and time-outs of its own beside
 * those that every other receiver has here (by default ten retries in half an hour, and no time-out).
 */
import { z } from 'zod';
import type { SlackChannel } from '../../domain/notifications/notifications.js';
import { type HttpAnswer, jsonOf } from '../http/http.js';
import { type Delivery, deliver, type Sending, shortened } from './deliveries.js';

/** Slack cuts at 40,000 characters; nobody reads that many. */
const LONGEST_TEXT = 3_900;

const answered = z.union([
  z.object({ ok: z.literal(true), ts: z.string().regex(/^\d+\.\d+$/) }),
  z.object({ ok: z.literal(false), error: z.string().regex(/^[a-z0-9_]{1,80}$/) }),
]);

/** What people can do about the errors that a first try ends with. */
const ADVICE: Record<string, string> = {
  not_in_channel: 'invite the app to the channel',
  channel_not_found: 'the channel does not exist, or the app is not in it',
  invalid_auth: 'the token is not valid',
  token_revoked: 'the token has been revoked',
  missing_scope: 'the app needs the scope chat:write',
};

export function postToSlack(sending: Sending<SlackChannel>): Promise<Delivery> {
  const { channel, message, thread } = sending;
  return deliver(sending, [channel.token], async (request, [token]) => {
    const answer = await request({
      url: `${channel.api}/api/chat.postMessage`,
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      json: {
        channel: channel.channel,
        text: [...message.mentions.map(mention), shortened(escaped(message.text), LONGEST_TEXT)].join(' '),
        unfurl_links: false,
        unfurl_media: false,
        ...(thread === undefined ? {} : { thread_ts: thread, reply_broadcast: message.loud }),
      },
    });
    return judge(answer);
  });
}

/** 200 alone says nothing: `ok` does. */
function judge(answer: HttpAnswer): Delivery {
  if (answer.status !== 200) return { told: false, why: `Slack answered ${answer.statusText}` };
  const { data } = answered.safeParse(jsonOf(answer));
  if (!data) return { told: false, why: 'Slack answered something else than its API describes' };
  if (data.ok) return { told: true, thread: data.ts };
  const advice = ADVICE[data.error];
  return { told: false, why: `Slack refused: ${data.error}${advice ? ` (${advice})` : ''}` };
}

/** Text of outside origin must not name anybody nor become a link (https://docs.slack.dev/messaging/formatting-message-text). */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const mention = (id: string): string => (id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`);
