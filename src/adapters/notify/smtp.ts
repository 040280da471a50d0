/**
 * Handing mail to a server (SMTP, RFC 5321), by nodemailer: over TLS whose certificate is verified. Without TLS only to
 * this machine itself, and never with a password.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { formatDuration } from '../../domain/duration.js';
import { inOneLine } from '../../domain/one-line.js';
import { readText, whyUnread } from '../../files/bounded-files.js';
import { Deadline } from '../deadline.js';
import { networkMessage } from '../http/http.js';
import type { Patience } from '../http/patient-request.js';
import { isLoopback } from '../postgres/postgres-tls.js';

/** A server as plans describe it: `secure` begins with TLS, the others go over to it by STARTTLS. */
export const smtpServer = z.object({
  host: z.string(),
  port: z.number(),
  secure: z.boolean(),
  user: z.string().optional(),
  rootCertificate: z.string().optional(),
});
type SmtpServer = z.output<typeof smtpServer>;

interface Means {
  password?: string;
  signal: AbortSignal;
  patience: Patience;
}

type Transport = Awaited<ReturnType<typeof transportTo>>;
export type Mail = Parameters<Transport['sendMail']>[0];

const TRIES = 3;
/** Servers look into mail before they take it: they have so many times the time that others have to answer. */
const READING = 4;

/**
 * Hands a mail over: again when the server says that it cannot take it now, or nothing.
 * @returns the answers to those whom the server takes no mail for; somebody it has taken it for
 * @throws Error in words for people: nobody gets it. They may quote the server. The signal's reason
 */
export async function handOver(server: SmtpServer, { mail, ...means }: Means & { mail: Mail }): Promise<string[]> {
  const { signal, patience } = means;
  const deadline = new Deadline(patience.whole);
  const transport = await transportTo(server, means);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const limit = AbortSignal.timeout(Math.ceil(deadline.left));
      const { rejectedErrors = [] } = await transport.sendMail({ ...mail, signal: AbortSignal.any([signal, limit]) });
      return rejectedErrors.map((error) => smtpWords(error, patience));
    } catch (error) {
      signal.throwIfAborted();
      const pause = patience.pause * 2 ** (attempt - 1);
      if (attempt === TRIES || isRefusal(error) || pause >= deadline.left) throw new Error(smtpWords(error, patience));
      await sleep(pause, undefined, { signal });
    }
  }
}

/** Connects, and logs in where there is a password. Sends nothing. @throws as {@link handOver} does */
export async function tryToLogIn(server: SmtpServer, means: Means): Promise<void> {
  const { signal, patience } = means;
  const transport = await transportTo(server, means);
  try {
    await transport.verify();
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(smtpWords(error, patience));
  }
}

async function transportTo({ host, port, secure, user, rootCertificate }: SmtpServer, { password, patience }: Means) {
  const isOurs = !secure && password === undefined && isLoopback(host);
  return createTransport({
    host,
    port,
    secure,
    ...(isOurs ? { ignoreTLS: true } : { requireTLS: true }),
    // Else it would send without, where the server does not ask for it.
    ...(password === undefined ? {} : { auth: { user, pass: password }, forceAuth: true }),
    tls: rootCertificate === undefined ? {} : { ca: await certificateOf(rootCertificate) },
    dnsTimeout: patience.answer,
    connectionTimeout: patience.answer,
    greetingTimeout: patience.answer,
    socketTimeout: patience.answer * READING,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Bytes; all authorities of a system have some 200 KB. */
const LARGEST_CERTIFICATES = 4_000_000;

async function certificateOf(file: string): Promise<string> {
  try {
    return await readText(file, LARGEST_CERTIFICATES);
  } catch (error) {
    throw new Error(`the root certificate ${file} cannot be read by the worker (${whyUnread(error)})`);
  }
}

/** What nodemailer says of a failure. */
interface SmtpFailure {
  code?: string;
  /** The system's or TLS's, where `code` is nodemailer's own. */
  originalCode?: string;
  timeoutType?: string;
  response?: string;
  responseCode?: number;
}

/** For good: the same would be refused again (RFC 5321, 4.2.1), or no certificate becomes another. */
const isRefusal = (error: unknown): boolean => {
  const { responseCode = 0, originalCode = '', code = '' } = error as SmtpFailure;
  return responseCode >= 500 || CERTIFICATE.test(originalCode) || ['EAUTH', 'ETLS'].includes(code);
};

const CERTIFICATE = /CERT|SIGNATURE/;

const WORDS: Record<string, string> = {
  ETLS: 'no TLS: without it nothing is sent beyond this machine, nor any password',
  EPROTOCOL: 'the answer is not SMTP',
  ECONNECTION: 'connection closed before the answer was complete',
  EDNS: 'host name could not be resolved',
};

function smtpWords(error: unknown, { answer, whole }: Patience): string {
  const { code = '', originalCode = '', timeoutType, response, responseCode } = error as SmtpFailure;
  // What is said of a login may quote it.
  if (code === 'EAUTH') return `the server does not log in this user with this password (${responseCode ?? code})`;
  if (code === 'EABORT') return `not taken within ${formatDuration(whole)}`;
  if (CERTIFICATE.test(originalCode)) return `the server’s certificate is not trusted (${originalCode})`;
  if (code === 'ETIMEDOUT') {
    const waited = timeoutType === 'SOCKET_TIMEOUT' ? answer * READING : answer;
    return `no answer within ${formatDuration(waited)}`;
  }
  if (code !== 'ETLS' && response !== undefined && responseCode !== undefined)
    return `the server answered ${inOneLine(response)}`;
  if (code === 'ESOCKET' && originalCode !== '') return networkMessage({ code: originalCode });
  return WORDS[code] ?? networkMessage({ code });
}
