/** The loopback is no border: what a page that somebody visits, or another user of the machine, tries there. */
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openState } from '../../sandbox/local/state.js';
import { EncryptionCodec } from '../../src/encryption/codec.js';
import { codecEndpoint } from '../../src/encryption/endpoint.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/local/temporal.js';

let folder: string;
let server: TemporalServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surefoot-loopback-'));
  server = await startTemporalServer({ folder, ports: await choosePorts(folder, ['grpc', 'ui']), virtualTime: false });
}, 60_000);

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** As a browser asks that was told another name for this machine, or a program that writes its own headers. */
async function ask(url: string, { method = 'GET', headers, body }: Asked): Promise<{ status: number; said: string }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { method, headers }, resolve).once('error', reject).end(body);
  });
  return { status: answer.statusCode ?? 0, said: await text(answer) };
}

const START = JSON.stringify({ workflowType: { name: 'DeployWorkflow' }, taskQueue: { name: 'surefoot' } });

test.each(['localhost', '127.0.0.1', 'evil.example'])(
  'a page that posts a start to the sandbox’s Temporal, as text and as %s, starts nothing',
  async (host) => {
    // The server says itself where its HTTP API is.
    const log = await readFile(server.logFile, 'utf8');
    const [, port] = /Temporal HTTP:\s+\S+:(\d+)/.exec(log) ?? [];
    const start = await ask(`http://127.0.0.1:${port}/api/v1/namespaces/default/workflows/from-a-page`, {
      method: 'POST',
      headers: { Host: `${host}:${port}`, Origin: 'https://evil.example', 'Content-Type': 'text/plain' },
      body: START,
    });
    expect(start).toEqual({ status: 403, said: expect.stringContaining('Host not allowed') });
    const connection = await Connection.connect({ address: server.address });
    onTestFinished(() => connection.close());
    const started = new Client({ connection }).workflow.getHandle('from-a-page').describe();
    await expect(started).rejects.toThrow('not found');
  },
);

test('a home folder that was open to every user of the machine is closed to them', async () => {
  const home = await mkdtemp(join(folder, 'home-'));
  await chmod(home, 0o755);
  await (await openState(home)).close();
  expect((await stat(home)).mode & 0o777).toBe(0o700);
  await chmod(home, 0o755);
  await (await openState(home)).close();
  expect((await stat(home)).mode & 0o777).toBe(0o700);
});

describe('the codec endpoint', () => {
  const UI = 'http://127.0.0.1:8233';
  const TOKEN = 'the-token-that-only-readers-have-got';
  const codec = new EncryptionCodec({ active: 'k1', keys: new Map([['k1', Buffer.alloc(32, 7)]]) }, 'throw');
  let url: string;

  beforeAll(async () => {
    const endpoint = codecEndpoint(codec, { origin: UI, token: TOKEN });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
    return () => new Promise((resolve) => endpoint.close(resolve));
  });

  const post = (path: string, headers: Record<string, string>) =>
    ask(`${url}${path}`, { method: 'POST', headers: { Origin: UI, ...headers }, body: '{"payloads": []}' });

  test.each<[string, Record<string, string>]>([
    ['/decode', {}],
    ['/decode', { Authorization: 'Bearer guessed' }],
    ['/decode', { Authorization: 'Bearer ' }],
    ['/guessed/decode', {}],
    // The path counts where it names one: a header beside it is no second try.
    ['/guessed/decode', { Authorization: `Bearer ${TOKEN}` }],
    ['//decode', {}],
  ])('reads nothing to who asks %s with %j', async (path, headers) => {
    expect(await post(path, headers)).toMatchObject({ status: 401 });
  });

  test('reads nothing under the name of somebody else that leads to this machine, whatever they know', async () => {
    expect(await post('/decode', { Authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 200 });
    const named = await post('/decode', { Authorization: `Bearer ${TOKEN}`, Host: 'evil.example' });
    expect(named).toEqual({ status: 421, said: expect.stringContaining('evil.example') });
  });

  test('encrypts nothing: who can only read cannot decide', async () => {
    expect(await post('/encode', { Authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 404 });
    expect(await post(`/${TOKEN}/encode`, {})).toMatchObject({ status: 404 });
  });
});
