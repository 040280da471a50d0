/** A real mail server (the package smtp-server) on the loopback, closed with the test: it takes mail and keeps it. */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** As it came over the wire. */
  raw: string;
  /** Whether it came over TLS. */
  secure: boolean;
  /** Who had logged in. */
  user?: string;
}

export interface MailServerOfTest {
  port: number;
  received: ReceivedMail[];
  /** Each attempt to log in, as `user password`. */
  logins: string[];
  /** What the next mails are answered in place of being taken, in turn: `451 Try again later`. */
  refusals: string[];
  connections: number;
}

/** @param options of smtp-server; who logs in has the password `options.password` */
export async function mailServer({
  password,
  ...options
}: SMTPServerOptions & { password?: string } = {}): Promise<MailServerOfTest> {
  const test: MailServerOfTest = { port: 0, received: [], logins: [], refusals: [], connections: 0 };
  const server = new SMTPServer({
    authOptional: password === undefined,
    disableReverseLookup: true,
    closeTimeout: 100,
    // Without a certificate of the test's it would use one that has run out, and that everybody has the key of.
    ...(options.cert === undefined && { disabledCommands: ['STARTTLS'] }),
    onAuth: ({ username = '', password: given = '' }, _, done) => {
      test.logins.push(`${username} ${given}`);
      if (given === password) done(null, { user: username });
      else done(replyOf(`535 no such login: ${username} ${given}`));
    },
    onData: (stream, { envelope, secure, user }, done) => {
      let raw = '';
      stream.setEncoding('latin1').on('data', (part: string) => {
        raw += part;
      });
      stream.on('end', () => {
        const refusal = test.refusals.shift();
        if (refusal !== undefined) return done(replyOf(refusal));
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        test.received.push({ from, to, raw, secure, ...(user !== undefined && { user: String(user) }) });
        done();
      });
    },
    ...options,
  });
  // As they come: who trusts nobody breaks off in the midst of TLS.
  server.server.on('connection', () => {
    test.connections += 1;
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.port = (server.server.address() as AddressInfo).port;
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return test;
}

/** What a handler of smtp-server refuses with. */
export const replyOf = (reply: string): Error =>
  Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) });

/** The headers of a mail, each on one line; of its parts what they say, decoded (RFC 2045, 6.7). */
export function readMail({ raw }: ReceivedMail): { headers: Record<string, string>; text: string; html: string } {
  const end = raw.indexOf('\r\n\r\n');
  const fields = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = Object.fromEntries(fields.map((field) => [field.split(':', 1)[0]?.toLowerCase(), contentOf(field)]));
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1];
  const parts = raw.slice(end).split(`--${boundary}`);
  const part = (type: string) => {
    const found = parts.find((each) => each.toLowerCase().includes(`content-type: ${type}`)) ?? '';
    const content = found.slice(found.indexOf('\r\n\r\n') + 4);
    const bytes = found.includes('quoted-printable') ? unquoted(content) : content;
    return Buffer.from(bytes, 'latin1').toString().replaceAll('\r\n', '\n');
  };
  return { headers, text: part('text/plain').trimEnd(), html: part('text/html').trimEnd() };
}

const contentOf = (field: string): string => field.slice(field.indexOf(':') + 1).trim();

/** Of one character for each byte. */
const unquoted = (text: string): string =>
  text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
