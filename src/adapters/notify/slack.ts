/**
 * Slack's chat.postMessage and chat.update (https://docs.slack.dev/reference/methods/chat.postMessage), by undici and zod
 * rather than by @slack/web-api: two endpoints are used, and that client is 9 MB with retries, queue, logs and time-outs of
 * its own beside those that every other receiver has here (by default ten retries in half an hour, and no time-out).
 */
import { z } from 'zod';
import { inert } from '../../domain/inert.js';
import { shortened } from '../../domain/shortened.js';
import { readSecret } from '../evidence/secrets.js';
import { fieldOf, type HttpAnswer, jsonOf, NoAnswer, request } from '../http/http.js';
import { type ChannelProbe, type ChannelTrial, channelNotifier } from './channel-notifier.js';
import { CHECK_THE_WAY } from './connection.js';
import { type Delivery, deliver, receiverWords, type Sending } from './deliveries.js';

/** Slack cuts at 40,000 characters; nobody reads that many. */
const LONGEST_TEXT = 3_900;
/** The same of one block, and of a button (https://docs.slack.dev/reference/block-kit). */
const LONGEST_BLOCK = 3_000;
const LONGEST_LABEL = 75;

/** A Slack channel. `api` is `https://slack.com` or what stands in for it, `channel` a name or an ID. */
const channel = z.object({ id: z.string(), api: z.string(), token: z.string(), channel: z.string() });
type SlackChannel = z.output<typeof channel>;

const refused = z.object({ ok: z.literal(false), error: z.string().regex(/^[a-z0-9_]{1,80}$/) });
/** `channel` is its ID: by the name that the plan may have it is posted to, and not edited in. */
const posted = z.object({
  ok: z.literal(true),
  ts: z.string().regex(/^\d+\.\d+$/),
  channel: z
    .string()
    .regex(/^[A-Z0-9]+$/)
    .optional()
    .catch(undefined),
});
const answered = z.union([posted, refused]);

/** What people can do about the errors that a first try ends with. */
const ADVICE: Record<string, string> = {
  not_in_channel: 'invite the app to the channel',
  channel_not_found: 'the channel does not exist, or the app is not in it',
  invalid_auth: 'the token is not valid',
  token_revoked: 'the token has been revoked',
  missing_scope: 'the app needs the scope chat:write',
};

export const slack = channelNotifier({
  channel,
  send: postToSlack,
  probe: tryToken,
  placeOf: ({ channel: name }) => name,
});

function postToSlack(sending: Sending<SlackChannel>): Promise<Delivery> {
  const { channel, message } = sending;
  return deliver(sending, [channel.token], async (request, [token]) => {
    const answer = await request({
      url: `${channel.api}/api/${message.edits === undefined ? 'chat.postMessage' : 'chat.update'}`,
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      json: message.edits === undefined ? post(sending) : edit(message, message.edits),
    });
    const delivery = judge(answer);
    // An edit begins no thread.
    return delivery.told && message.edits !== undefined ? { told: true } : delivery;
  });
}

function post({ channel, message, thread }: Sending<SlackChannel>) {
  return {
    channel: channel.channel,
    ...content(message),
    unfurl_links: false,
    unfurl_media: false,
    ...(thread === undefined ? {} : { thread_ts: thread, reply_broadcast: message.loud }),
  };
}

/** Without blocks it would keep its button. */
function edit(message: Said, place: string) {
  const [channel, ts] = place.split('/');
  return { channel, ts, ...content(message), blocks: [] };
}

type Said = Pick<Sending['message'], 'text' | 'mentions' | 'page' | 'values'>;

/** A button that leads to a page: to press it tells Slack and Surefoot nothing. */
function content({ text, mentions, page, values }: Said) {
  const said = (longest: number) => [...mentions.map(mention), shortened(escaped(text), longest)].join(' ');
  if (page === undefined) return { text: said(LONGEST_TEXT) };
  const label = { type: 'plain_text', text: shortened(inert(values.question ?? page), LONGEST_LABEL) };
  const button = { type: 'button', action_id: 'page', text: label, url: page };
  const section = { type: 'section', text: { type: 'mrkdwn', text: shortened(said(LONGEST_BLOCK), LONGEST_BLOCK) } };
  return { text: said(LONGEST_TEXT), blocks: [section, { type: 'actions', elements: [button] }] };
}

/** 200 alone says nothing: `ok` does. */
function judge(answer: HttpAnswer): Delivery {
  if (answer.status !== 200) return { told: false, why: `Slack answered ${answer.statusText}` };
  const { data } = answered.safeParse(jsonOf(answer));
  if (!data) return { told: false, why: 'Slack answered something else than its API describes' };
  if (data.ok) {
    const { ts, channel } = data;
    return { told: true, thread: ts, ...(channel !== undefined && { place: `${channel}/${ts}` }) };
  }
  const advice = ADVICE[data.error];
  return { told: false, why: `Slack refused: ${data.error}${advice ? ` (${advice})` : ''}` };
}

/** https://docs.slack.dev/reference/methods/auth.test posts nothing; whether the app is in the channel it does not say. */
async function tryToken({ channel, signal, patience }: ChannelTrial<SlackChannel>): Promise<ChannelProbe> {
  const token = await readSecret(channel.token);
  const headers = { authorization: `Bearer ${token}` };
  const what = `Slack ${channel.channel} (${channel.id})`;
  try {
    const url = `${channel.api}/api/auth.test`;
    const answer = await request({ url, method: 'POST', headers, timeout: patience.answer, signal });
    const said = jsonOf(answer);
    if (answer.status === 200 && fieldOf(said, 'ok') === true) {
      return { ok: true, text: `${what}: the token is valid; whether the app is in the channel is not known` };
    }
    const no = refused.safeParse(said);
    if (!no.success) {
      const text = `${what}: answered ${receiverWords(answer.statusText, [token])}`;
      return { ok: false, text, advice: 'Check the host: it does not answer as Slack does.' };
    }
    const advice = 'Give the credential a bot token with the scope chat:write.';
    return { ok: false, text: `${what}: refuses the token: ${receiverWords(no.data.error, [token])}`, advice };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { ok: false, text: `${what}: ${error.message}`, advice: CHECK_THE_WAY };
  }
}

/** Text of outside origin must not name anybody nor become a link (https://docs.slack.dev/messaging/formatting-message-text). */
const escaped = (text: string): string =>
  inert(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const mention = (id: string): string => (id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`);
