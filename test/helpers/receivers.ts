/** Slack, PagerDuty and a webhook as tests meet them: real HTTP, their documented schemas, and whatever goes wrong. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import { json, readBody, serve, type TestServer } from './server.js';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  raw: string;
  body: Record<string, unknown>;
}

export interface Receiver extends TestServer {
  received: Received[];
  /** What the next requests get instead of the usual answer, in turn. */
  instead: ((response: ServerResponse) => void)[];
  /** What is never answered. */
  ignores: (received: Received) => boolean;
}

/** Who hears when a receiver is to be closed; the test that starts it when absent. */
type End = Parameters<typeof serve>[1];

async function receiver(end: End, usual: (received: Received, response: ServerResponse) => void): Promise<Receiver> {
  const received: Received[] = [];
  const instead: Receiver['instead'] = [];
  const server = await serve((request, response) => {
    void readBody(request).then((raw) => {
      const one = { path: request.url ?? '', headers: request.headers, raw, body: JSON.parse(raw) as Received['body'] };
      received.push(one);
      if (whole.ignores(one)) return;
      const other = instead.shift();
      if (other) other(response);
      else usual(one, response);
    });
  }, end);
  const whole: Receiver = Object.assign(server, { received, instead, ignores: () => false });
  return whole;
}

/** A channel's ID, by which alone a message is edited. */
export const SLACK_CHANNEL = 'C0123456789';

/** What Slack takes for blocks: sections of Markdown, and buttons that lead somewhere (docs.slack.dev/reference/block-kit). */
const blocks = z.array(
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('section'),
      text: z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(3_000) }),
    }),
    z.strictObject({
      type: z.literal('actions'),
      elements: z
        .array(
          z.strictObject({
            type: z.literal('button'),
            action_id: z.string().min(1).max(255),
            text: z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(75) }),
            url: z.url().max(3_000),
          }),
        )
        .min(1)
        .max(25),
    }),
  ]),
);

/** chat.postMessage and chat.update as docs.slack.dev describes them; the first message has ts 1764000001.000100. */
export const slackReceiver = (end?: End): Promise<Receiver> => {
  let posted = 0;
  return receiver(end, ({ path, headers, body }, response) => {
    const isEdit = path === '/api/chat.update';
    if (!isEdit && path !== '/api/chat.postMessage') return json(response, { ok: false, error: 'unknown_method' });
    if (headers.authorization !== 'Bearer xoxb-canary-token')
      return json(response, { ok: false, error: 'invalid_auth' });
    if (!body.channel) return json(response, { ok: false, error: 'channel_not_found' });
    if (!body.text) return json(response, { ok: false, error: 'no_text' });
    if (!blocks.optional().safeParse(body.blocks).success)
      return json(response, { ok: false, error: 'invalid_blocks' });
    if (isEdit) {
      const isThere = Number(String(body.ts).slice(9, 10)) <= posted && /^176400000\d\.000100$/.test(String(body.ts));
      if (body.channel !== SLACK_CHANNEL) return json(response, { ok: false, error: 'channel_not_found' });
      if (!isThere) return json(response, { ok: false, error: 'message_not_found' });
      return json(response, { ok: true, channel: SLACK_CHANNEL, ts: body.ts, text: body.text });
    }
    posted += 1;
    const ts = `176400000${posted}.000100`;
    const { text, thread_ts } = body;
    const message = {
      type: 'message',
      subtype: 'bot_message',
      text,
      ts,
      username: 'surefoot',
      bot_id: 'B012345',
      thread_ts,
    };
    json(response, { ok: true, channel: SLACK_CHANNEL, ts, message });
  });
};

/** Events API v2, enqueue, as developer.pagerduty.com describes it. */
export const pagerDutyReceiver = (end?: End): Promise<Receiver> =>
  receiver(end, ({ path, body }, response) => {
    const errors = [];
    if (path !== '/v2/enqueue') errors.push('unknown path');
    if (body.routing_key !== 'canary-routing-key-0123456789abc')
      errors.push(`'routing_key' ${body.routing_key} is invalid`);
    if (!['trigger', 'acknowledge', 'resolve'].includes(String(body.event_action)))
      errors.push("'event_action' is invalid");
    if (String(body.dedup_key).length > 255) errors.push("Length of 'dedup_key' is too long");
    const payload = body.payload as Record<string, unknown> | undefined;
    if (body.event_action === 'trigger') {
      if (!payload?.summary || String(payload.summary).length > 1024)
        errors.push("'payload.summary' is missing or too long");
      if (!payload?.source) errors.push("'payload.source' is missing");
      if (!['critical', 'error', 'warning', 'info'].includes(String(payload?.severity)))
        errors.push("'payload.severity' is invalid");
    }
    if (errors.length > 0) json(response, { status: 'invalid event', message: 'Event object is invalid', errors }, 400);
    else json(response, { status: 'success', message: 'Event processed', dedup_key: body.dedup_key }, 202);
  });

const openUrl = z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string().min(1), url: z.url() });

/** The parts of http://adaptivecards.io/schemas/adaptive-card.json that are used here; text runs know no Markdown. */
const adaptiveCard = z.strictObject({
  $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
  type: z.literal('AdaptiveCard'),
  version: z.enum(['1.2', '1.3', '1.4', '1.5']),
  fallbackText: z.string(),
  body: z.array(
    z.strictObject({
      type: z.literal('RichTextBlock'),
      inlines: z.array(
        z.strictObject({
          type: z.literal('TextRun'),
          text: z.string().min(1),
          weight: z.enum(['Default', 'Lighter', 'Bolder']).optional(),
        }),
      ),
    }),
  ),
  actions: z.array(openUrl).min(1).max(6).optional(),
  msteams: z.strictObject({ width: z.literal('Full') }),
});

/** What a workflow of Teams is triggered by, as learn.microsoft.com describes it. */
const teamsPost = z.strictObject({
  type: z.literal('message'),
  attachments: z
    .array(
      z.strictObject({
        contentType: z.literal('application/vnd.microsoft.card.adaptive'),
        contentUrl: z.null(),
        content: adaptiveCard,
      }),
    )
    .min(1),
});

/** Characters of JSON that a message may have there, whatever they say (28 KB). */
const LONGEST_POST = 28 * 1_024;

/** A workflow "when a Teams webhook request is received": accepts, and says nothing more. */
export const teamsReceiver = (end?: End): Promise<Receiver> =>
  receiver(end, ({ raw, body }, response) => {
    const { error } = teamsPost.safeParse(body);
    if (Buffer.byteLength(raw) > LONGEST_POST) json(response, { error: { code: 'RequestEntityTooLarge' } }, 413);
    else if (error) json(response, { error: { code: 'TriggerInputSchemaMismatch', message: error.message } }, 400);
    else response.writeHead(202).end();
  });

export const webhookReceiver = (end?: End): Promise<Receiver> =>
  receiver(end, (_, response) => response.writeHead(204).end());

export const tooMany = (seconds: string) => (response: ServerResponse) => {
  response.writeHead(429, { 'retry-after': seconds, 'content-type': 'application/json' });
  response.end(JSON.stringify({ ok: false, error: 'ratelimited' }));
};
export const broken = (response: ServerResponse) => void response.writeHead(500).end('oops');
export const nonsense = (response: ServerResponse) =>
  void response.writeHead(200).end('<html>Welcome to the hotel</html>');
/** Never answers. */
export const silent = () => undefined;
