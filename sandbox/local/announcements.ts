/** Plays Slack, PagerDuty and any webhook for the sandbox: what people would be told is told over real HTTP, and kept. */
import { appendFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { choosePorts } from '../../src/local/ports.js';

export interface AnnouncementReceiver {
  url: string;
  /** One JSON object a line: when, at which path, and what was sent. */
  file: string;
  stop(): Promise<void>;
}

const LONGEST_BODY = 1024 * 1024;

/** Listens on the loopback. Keys in messages are not kept; tokens come in headers, which are not either. */
export async function startAnnouncementReceiver(home: string): Promise<AnnouncementReceiver> {
  const file = join(home, 'announcements.jsonl');
  let posted = 0;
  let writing: Promise<void> = Promise.resolve();
  const server = createServer((request, response) => {
    // Only asks whether the token is valid: nobody is told anything.
    if (request.url === '/api/auth.test') {
      request.resume();
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ok: true, user: 'surefoot' }));
      return;
    }
    void readJson(request).then(
      async (sent) => {
        const path = request.url ?? '/';
        if (!sent) return response.writeHead(400).end();
        const { routing_key: _, ...kept } = sent;
        const line = `${JSON.stringify({ at: new Date().toISOString(), path, ...kept })}\n`;
        writing = writing.then(() => appendFile(file, line, { mode: 0o600 }));
        await writing;
        posted += 1;
        const { status, body } = answerTo(path, { ...sent, posted });
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });
  const { announcements: port } = await choosePorts(home, ['announcements']);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, file, stop };
}

function answerTo(path: string, sent: Record<string, unknown> & { posted: number }): { status: number; body: unknown } {
  if (path === '/api/chat.postMessage' || path === '/api/chat.update') {
    const ts = `${Math.floor(Date.now() / 1_000)}.${String(sent.posted).padStart(6, '0')}`;
    return {
      status: 200,
      body: { ok: true, channel: 'C0SANDBOX', ts, message: { type: 'message', text: sent.text, ts } },
    };
  }
  if (path === '/v2/enqueue') {
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: sent.dedup_key } };
  }
  return { status: 200, body: {} };
}

/** The body when it is a JSON object. */
async function readJson(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > LONGEST_BODY) return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
