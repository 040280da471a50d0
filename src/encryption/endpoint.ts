/** The codec endpoint: lets the Web UI in a browser show and send payloads that only the key holders can read. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { PayloadCodec } from '@temporalio/common';
import proto, { type temporal } from '@temporalio/proto';

/** Bytes; Temporal itself refuses larger messages. */
const LARGEST_BODY = 4 * 1024 * 1024;

type Payloads = temporal.api.common.v1.IPayloads;

/**
 * Serves `POST /encode` and `POST /decode` as the Web UI asks them. Only pages of `origin` may ask: whoever reads the
 * answers reads the payloads. Start it on the loopback address, or behind something that knows its users.
 */
export function codecEndpoint(codec: PayloadCodec, origin: string): Server {
  return createServer((request, response) => {
    answer(codec, origin, request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : 'unknown error';
      end(response, 400, { message });
    });
  });
}

async function answer(
  codec: PayloadCodec,
  origin: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type, X-Namespace, Authorization');
  response.setHeader('Vary', 'Origin');
  const from = request.headers.origin;
  if (from !== undefined && from !== origin)
    return end(response, 403, { message: `pages of ${from} may not ask here` });
  if (request.method === 'OPTIONS') return end(response, 204);
  const work = { '/encode': codec.encode, '/decode': codec.decode }[new URL(request.url ?? '/', 'http://x').pathname];
  if (request.method !== 'POST' || !work) return end(response, 404, { message: 'POST /encode or /decode' });
  const asked = proto.temporal.api.common.v1.Payloads.fromObject(JSON.parse(await bodyOf(request)) as Payloads);
  const payloads = await work.call(codec, asked.payloads);
  end(response, 200, proto.temporal.api.common.v1.Payloads.fromObject({ payloads }).toJSON());
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
