/** Single HTTP requests with a limit on time and size, and failures put into words. */
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Agent, request as undiciRequest } from 'undici';
import { formatDuration } from '../../domain/duration.js';
import { shortened } from '../../domain/shortened.js';

export interface HttpRequest {
  url: string;
  method?: 'GET' | 'POST' | 'PUT';
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as an HTML form is (application/x-www-form-urlencoded). */
  form?: Record<string, string>;
  /** Milliseconds for the whole, from connecting to the last byte. */
  timeout: number;
  signal?: AbortSignal;
  /** Longest answer that is read, bytes, also once it is decoded: a small answer may unfold without end. */
  largest?: number;
}

export interface HttpAnswer {
  status: number;
  /** `503 Service Unavailable`. */
  statusText: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** From the start to the last byte. */
  milliseconds: number;
}

/** No answer came. The message is for people: `connection refused`, `no answer within 5 s`. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
  constructor(
    message: string,
    /** `timeout`, or the system's or undici's error code. */
    readonly code: string,
  ) {
    super(message);
  }
}

/** Codes of what came instead of an answer to be read: something did answer, or nobody was asked. */
const ANSWERED =
  /^(cached|no look|encoding|rate-limit|ERR_INVALID_URL|HPE_.*|HTTPParserError|(Z|ERR__ERROR|ERR_BROTLI|ZSTD)_.*|UND_ERR_(RES_EXCEEDED_MAX_SIZE|HEADERS_OVERFLOW)|ERR_BUFFER_TOO_LARGE)$/;

/** Whether nothing was heard: refused, timed out, no such name, a connection that is not trusted or breaks off. */
export const isSilence = (heard: unknown): boolean => heard instanceof NoAnswer && !ANSWERED.test(heard.code);

const LARGEST_BODY = 16 * 1024 * 1024;

/** Characters; headers have 16 KiB together, which is undici's own limit. */
const LONGEST_STATUS = 100;

// A fresh connection for each request: a kept one that the server closes in a restart would look like an outage.
const agent = new Agent({ pipelining: 0, headersTimeout: 0, bodyTimeout: 0, maxResponseSize: LARGEST_BODY });

/**
 * Sends one request and reads the answer whole. Redirects are answers, not followed.
 * @throws NoAnswer when there is none; the signal's reason when it is aborted
 */
export async function request(options: HttpRequest): Promise<HttpAnswer> {
  const limit = AbortSignal.timeout(Math.ceil(options.timeout));
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
  const start = performance.now();
  try {
    options.signal?.throwIfAborted();
    const answer = await undiciRequest(options.url, {
      dispatcher: agent,
      method: options.method ?? 'GET',
      ...content(options),
      signal,
      reset: true,
    });
    const { largest = LARGEST_BODY } = options;
    const body = await decoded(await whole(answer.body, largest), {
      header: answer.headers['content-encoding'],
      largest,
    });
    return {
      status: answer.statusCode,
      statusText: shortened(`${answer.statusCode} ${answer.statusText}`.trim(), LONGEST_STATUS),
      headers: answer.headers,
      body: body.toString('utf8'),
      milliseconds: performance.now() - start,
    };
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (limit.aborted) throw new NoAnswer(`no answer within ${formatDuration(options.timeout)}`, 'timeout');
    throw new NoAnswer(networkMessage(error), errorCode(error));
  }
}

function content({ json, form, headers }: HttpRequest) {
  if (json !== undefined)
    return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) };
  if (form === undefined) return { headers, body: null };
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  return { headers: { ...type, ...headers }, body: new URLSearchParams(form).toString() };
}

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const CODINGS: Record<string, Decode> = {
  gzip: promisify(zlib.gunzip),
  'x-gzip': promisify(zlib.gunzip),
  br: promisify(zlib.brotliDecompress),
  // Some servers leave out zlib's own header, whose first half byte is 8 (RFC 1950).
  deflate: (body, options) => promisify(((body[0] ?? 0) & 15) === 8 ? zlib.inflate : zlib.inflateRaw)(body, options),
  // Node 22.15 and later.
  ...('zstdDecompress' in zlib ? { zstd: promisify(zlib.zstdDecompress as typeof zlib.gunzip) } : {}),
};

/** @throws NoAnswer for one that is too large, before the rest of it comes */
async function whole(body: AsyncIterable<Buffer>, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > largest) throw new NoAnswer(WORDS[TOO_LARGE] as string, TOO_LARGE);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Nobody encodes more often than once or twice. */
const MOST_CODINGS = 5;

/** The body without its content codings (RFC 9110, 8.4): the last one comes off first. @throws NoAnswer */
async function decoded(
  body: Buffer,
  { header = '', largest }: { header?: string | string[]; largest: number },
): Promise<Buffer> {
  const written = [header].flat().join(',').toLowerCase().split(',');
  const codings = written.map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity');
  if (codings.length > MOST_CODINGS || !codings.every((name) => Object.hasOwn(CODINGS, name)))
    throw new NoAnswer('the answer is in an encoding that is not understood', 'encoding');
  let plain = body;
  // An empty body is no less empty: some servers name a coding all the same.
  for (const name of codings.reverse())
    if (plain.length > 0) plain = (await CODINGS[name]?.(plain, { maxOutputLength: largest })) ?? plain;
  return plain;
}

/** The code of a network error; that of its cause when it has none of its own. */
export function errorCode(error: unknown): string {
  const { code, cause, errors, name } = error as {
    code?: string;
    cause?: { code?: string };
    errors?: { code?: string }[];
    name?: string;
  };
  return code ?? cause?.code ?? errors?.[0]?.code ?? name ?? 'unknown';
}

const TOO_LARGE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'connection closed before the answer was complete',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host name could not be resolved',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connecting timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connecting timed out',
  [TOO_LARGE]: 'answer too large',
  UND_ERR_HEADERS_OVERFLOW: 'answer with too large headers',
  ERR_BUFFER_TOO_LARGE: 'answer too large once it is decoded',
  CERT_HAS_EXPIRED: 'certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is self-signed',
  ERR_INVALID_URL: 'invalid URL',
};

/** A network error for people. Made from its code alone: messages may carry URLs with credentials. */
export function networkMessage(error: unknown): string {
  if (error instanceof NoAnswer) return error.message;
  const code = errorCode(error);
  if (code.startsWith('HPE_') || code === 'HTTPParserError') return `answer is not HTTP (${code})`;
  if (/^(Z|ERR__ERROR|ERR_BROTLI|ZSTD)_/.test(code)) return 'the answer could not be decoded: it is broken or cut off';
  return WORDS[code] ?? `request failed (${code})`;
}

/** `text/html` of `text/html; charset=utf-8`; empty when the header is missing. */
export const mediaType = (header: unknown): string =>
  typeof header === 'string' ? (header.split(';', 1)[0] ?? '').trim().toLowerCase().slice(0, 100) : '';

/** An HTML page that asks for a password: what a proxy or an application shows to those whom it does not know. */
export const isLoginPage = ({ headers, body }: HttpAnswer): boolean =>
  mediaType(headers['content-type']) === 'text/html' && /type=["']?password\b/i.test(body);

/**
 * Why an answer of the expected status is not what was asked for: a page to log in, or nothing at all where there
 * should be something; undefined when it is.
 */
export function insteadOfContent(answer: HttpAnswer): string | undefined {
  if (isLoginPage(answer)) return `${answer.statusText} with a page to log in`;
  return answer.body.trim() === '' ? `${answer.statusText} with nothing in it` : undefined;
}

/** The answer's body as JSON, or undefined when it is none. */
export function jsonOf(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.body) as unknown;
  } catch {
    return undefined;
  }
}

/** A field of a JSON object, or undefined. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
