/** E-mail: a thread for each deployment, in text and in HTML. What it links to shows; nothing is decided by opening it. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { inert } from '../../domain/inert.js';
import { messageOf } from '../../domain/message.js';
import { inOneLine } from '../../domain/one-line.js';
import { shortened } from '../../domain/shortened.js';
import { readSecret } from '../evidence/secrets.js';
import { type ChannelProbe, type ChannelTrial, channelNotifier } from './channel-notifier.js';
import { DELIVERY_PATIENCE, type Delivery, deliver, receiverWords, type Sending } from './deliveries.js';
import { handOver, type Mail, smtpServer, tryToLogIn } from './smtp.js';

/** Characters. Nobody reads more in a mail that says what has happened. */
const LONGEST_TEXT = 20_000;
/** What a list of mails shows. */
const LONGEST_SUBJECT = 150;

const channel = smtpServer.extend({
  id: z.string(),
  password: z.string().optional(),
  from: z.string(),
  to: z.array(z.string()),
});
type EmailChannel = z.output<typeof channel>;

export const email = channelNotifier({ channel, send, probe, placeOf: ({ to }) => to.join(', ') });

function send(sending: Sending<EmailChannel>): Promise<Delivery> {
  const { channel, message, signal, patience = DELIVERY_PATIENCE } = sending;
  const references = channel.password === undefined ? [] : [channel.password];
  return deliver(sending, references, async (_, [password]) => {
    const mail = mailOf(channel, message);
    const refused = await handOver(channel, { mail, password, signal, patience });
    if (refused.length === 0) return { told: true };
    return { told: false, why: `not to all: ${refused.length} of its recipients are refused: ${refused.join('; ')}` };
  });
}

async function probe({ channel, signal, patience }: ChannelTrial<EmailChannel>): Promise<ChannelProbe> {
  const { id, host, port, user } = channel;
  const what = `e-mail (${id}): ${host}:${port}`;
  const password = channel.password === undefined ? undefined : await readSecret(channel.password);
  try {
    await tryToLogIn(channel, { password, signal, patience });
    const how = user === undefined ? 'takes connections' : `lets ${user} log in`;
    return { ok: true, note: true, text: `${what} ${how}; nothing was sent, so whether it takes mail is not known` };
  } catch (error) {
    signal.throwIfAborted();
    const text = `${what}: ${receiverWords(messageOf(error), password === undefined ? [] : [password])}`;
    return { ok: false, text, advice: 'Check the host, its certificate, the user and the password.' };
  }
}

/** One message, as long as it is the same: a mail that is handed over twice is one to those who get it. */
const messageId = (what: string, { from }: EmailChannel): string =>
  `<surefoot-${createHash('sha256').update(what).digest('hex').slice(0, 32)}@${from.slice(from.lastIndexOf('@') + 1)}>`;

/**
 * All mails of a deployment refer to one that was never sent, as GitHub's do of an issue: so whoever sends one, and
 * whichever was lost, they are one thread (RFC 5322, 3.6.4). Some programs need the same subject, too.
 */
function mailOf(channel: EmailChannel, message: Sending['message']): Mail {
  const { about, mentions, loud } = message;
  const thread = messageId(about.deployment, channel);
  return {
    from: { name: 'Surefoot', address: channel.from },
    // Each as one address: a text could hold a list of them.
    to: [...new Set([...channel.to, ...mentions])].map((address) => ({ name: '', address })),
    subject: shortened(inOneLine(inert(`${about.title} (${about.deployment})`)), LONGEST_SUBJECT),
    messageId: messageId(message.id, channel),
    inReplyTo: thread,
    references: [thread],
    ...(loud && { priority: 'high' as const }),
    ...contentOf(message),
    // Else long lines are broken, and with them their links.
    textEncoding: 'quoted-printable',
    // No holiday answers it (RFC 3834), nor does Exchange.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

function contentOf({ text, page, values, about }: Sending['message']): { text: string; html: string } {
  const said = shortened(inert(text), LONGEST_TEXT);
  const label = inOneLine(inert(values.question ?? about.deployment));
  const link = page === undefined ? '' : `<p><a href="${inHtml(page)}">${inHtml(label)}</a></p>`;
  return {
    text: page === undefined ? `${said}\n` : `${said}\n\n${label}\n${page}\n`,
    html: `<!doctype html><html><body><p style="white-space: pre-wrap">${inHtml(said)}</p>${link}</body></html>`,
  };
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text of outside origin becomes no element, attribute or address. */
const inHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
