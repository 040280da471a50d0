/** The codec endpoint: lets the Web UI in a browser show payloads that only the key holders can read. It writes none. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import { decode } from '@temporalio/common/lib/encoding.js';
import proto, { type temporal } from '@temporalio/proto';
import { ENCRYPTED } from './codec.js';

/** Bytes; Temporal itself refuses larger messages. */
const LARGEST_BODY = 4 * 1024 * 1024;
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

type Payloads = temporal.api.common.v1.IPayloads;

/** To whom the endpoint answers: pages of `origin`, the Web UI's, with `token`. */
export interface CodecReaders {
  origin: string;
  token: string;
}

/** Serves what {@link codecAnswers} says. Start it on the loopback address, or behind something that knows its users. */
export const codecEndpoint = (codec: PayloadCodec, readers: CodecReaders): Server =>
  createServer(codecAnswers(codec, readers));

/**
 * Answers `POST /decode` as the Web UI asks it, with the token as `Authorization: Bearer …` or, because the Web UI sends
 * that header to HTTPS alone, as the first part of the path: `POST /TOKEN/decode`. Nothing is encrypted here: what carries the
 * key's seal decides, and a browser is no place to make it.
 */
export function codecAnswers(codec: PayloadCodec, readers: CodecReaders): RequestListener {
  return (request, response) => {
    answer(codec, readers, request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : 'unknown error';
      end(response, 400, { message });
    });
  };
}

async function answer(
  codec: PayloadCodec,
  { origin, token }: CodecReaders,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type, X-Namespace, Authorization');
  response.setHeader('Vary', 'Origin');
  const { host = '', origin: from, authorization } = request.headers;
  // A name of somebody else's that leads to this machine makes their page one of this origin, for the browser.
  if (![...LOOPBACK, new URL(origin).hostname].includes(hostname(host)))
    return end(response, 421, { message: `nothing is answered under the name ${hostname(host)}` });
  if (from !== undefined && from !== origin)
    return end(response, 403, { message: `pages of ${from} may not ask here` });
  if (request.method === 'OPTIONS') return end(response, 204);
  const parts = new URL(request.url ?? '/', 'http://x').pathname.split('/').slice(1);
  const given = parts.length > 1 ? parts.shift() : authorization?.replace(/^Bearer /i, '');
  if (!isSame(given ?? '', token)) {
    response.setHeader('WWW-Authenticate', 'Bearer');
    return end(response, 401, { message: 'the token is missing, or another one' });
  }
  if (request.method !== 'POST' || parts[0] !== 'decode')
    return end(response, 404, { message: 'POST /decode; nothing is encoded here' });
  const asked = proto.temporal.api.common.v1.Payloads.fromObject(JSON.parse(await bodyOf(request)) as Payloads);
  const payloads = await decoded(codec, asked.payloads);
  end(response, 200, proto.temporal.api.common.v1.Payloads.fromObject({ payloads }).toJSON());
}

/** What is not encrypted is shown as it is: here nothing is decided by it. */
async function decoded(codec: PayloadCodec, payloads: Payload[]): Promise<Payload[]> {
  const shown = payloads.map(async (payload) => {
    const encoding = decode(payload.metadata?.[METADATA_ENCODING_KEY] ?? new Uint8Array());
    return encoding === ENCRYPTED ? codec.decode([payload]) : [payload];
  });
  return (await Promise.all(shown)).flat();
}

/** The name in a `Host` header, without its port. */
const hostname = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** Whether a secret is the one that was given, in the same time whatever was given. */
export function isSame(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > LARGEST_BODY) throw new Error('the request is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function end(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, body === undefined ? {} : { 'Content-Type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
