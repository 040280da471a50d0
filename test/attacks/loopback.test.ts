/** The loopback is no border: what a page that somebody visits, or another user of the machine, tries there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openState } from '../../sandbox/local/state.js';
import { CODEC_PATH, serveWebUi, type WebUi } from '../../sandbox/local/web-ui.js';
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from '../../src/contract/names.js';
import { EncryptionCodec } from '../../src/encryption/codec.js';
import { FAILURE_CONVERTER } from '../../src/encryption/data-converter.js';
import { codecEndpoint } from '../../src/encryption/endpoint.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/local/temporal.js';
import { loadPlan } from '../../src/plan/load.js';
import { SHIPPED } from '../plan/plan-files.js';

const MAIN = fileURLToPath(new URL('../../dist/src/client/main.js', import.meta.url));

const TOKEN = 'the-token-that-only-readers-have-got';
const KEY = Buffer.alloc(32, 7);
const KEYS = { active: 'sandbox', keys: new Map([['sandbox', KEY]]) };

let folder: string;
let server: TemporalServer;
let webUi: WebUi;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surefoot-loopback-'));
  const ports = await choosePorts(folder, ['grpc', 'ui', 'front']);
  const searchAttributes = SEARCH_ATTRIBUTES;
  server = await startTemporalServer({
    folder,
    ports,
    virtualTime: false,
    searchAttributes,
    codecEndpoint: CODEC_PATH,
  });
  webUi = await serveWebUi({
    port: ports.front,
    behind: server.uiUrl,
    codec: new EncryptionCodec(KEYS, 'throw'),
    token: TOKEN,
  });
}, 60_000);

afterAll(async () => {
  await webUi.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** As a browser asks that was told another name for this machine, or a program that writes its own headers. */
async function ask(url: string, { method = 'GET', headers, body }: Asked = {}) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { method, headers }, resolve).once('error', reject).end(body);
  });
  return { status: answer.statusCode, said: await text(answer) };
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
  let url: string;

  beforeAll(async () => {
    const endpoint = codecEndpoint(new EncryptionCodec(KEYS, 'throw'), { origin: UI, token: TOKEN });
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

describe('the sandbox’s Web UI', () => {
  const API = '/api/v1/namespaces';
  const own = () => new URL(webUi.url).host;

  test('is there for who asks it by its address', async () => {
    expect(await ask(`${webUi.url}${API}`)).toEqual({ status: 200, said: expect.stringContaining('"default"') });
    expect((await ask(webUi.url)).said).toContain('<html');
    expect(await ask(`${webUi.url}/`, { headers: { Host: own().replace('127.0.0.1', 'localhost') } })).toMatchObject({
      status: 308,
    });
  });

  test.each(['evil.example', '127.0.0.1.evil.example', 'evil.example@127.0.0.1'])(
    'answers nothing to a page of %s that the name service has led here',
    async (name) => {
      const Host = `${name}:${new URL(webUi.url).port}`;
      // The page would be one of the Web UI's own: what that wants beside the start, the page can make itself.
      const headers = { Host, Cookie: '_csrf=12345678901234567890', 'X-CSRF-Token': '12345678901234567890' };
      const path = `${API}/default/workflows/by-another-name`;
      expect(await ask(`${webUi.url}${path}`, { method: 'POST', headers, body: START })).toMatchObject({ status: 421 });
      expect(await ask(`${webUi.url}${API}`, { headers })).toMatchObject({ status: 421 });
      expect(await ask(webUi.signIn(), { headers })).toMatchObject({ status: 421 });
    },
  );

  test('takes nothing from pages of another origin, and leads nobody elsewhere', async () => {
    const headers = { Origin: 'https://evil.example', 'Content-Type': 'text/plain' };
    const path = `${API}/default/workflows/from-elsewhere`;
    expect(await ask(`${webUi.url}${path}`, { method: 'POST', headers, body: START })).toMatchObject({ status: 403 });
    const link = `${webUi.url}/sign-in?token=${TOKEN}&to=//evil.example/`;
    expect(await ask(link)).toMatchObject({ status: 400 });
    const raw = connect(Number(new URL(webUi.url).port), '127.0.0.1');
    raw.end(`GET //evil.example/ HTTP/1.1\r\nHost: ${own()}\r\nConnection: close\r\n\r\n`);
    expect(await text(raw)).toMatch(/^HTTP\/1.1 400 /);
  });

  test.runIf(process.platform === 'linux')('Temporal’s own is behind an address that no page can guess', async () => {
    const { hostname, port } = new URL(server.uiUrl);
    expect(hostname).not.toBe('127.0.0.1');
    await expect(ask(`http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  test('shows payloads to the browser that has signed in by the sandbox’s link, and to no other', async () => {
    const [sealed] = await new EncryptionCodec(KEYS, 'throw').encode([
      defaultPayloadConverter.toPayload('in clear') as Payload,
    ]);
    const { Payloads } = proto.temporal.api.common.v1;
    const body = JSON.stringify(Payloads.fromObject({ payloads: [sealed as Payload] }).toJSON());
    const decode = (headers: Record<string, string>) =>
      fetch(`${webUi.url}${CODEC_PATH}/decode`, { method: 'POST', headers, body });
    expect((await decode({})).status).toBe(401);
    expect((await decode({ Cookie: `surefoot-${new URL(webUi.url).port}=guessed` })).status).toBe(401);
    expect((await fetch(webUi.signIn().replace(TOKEN, 'guessed'))).status).toBe(401);
    const signedIn = await fetch(webUi.signIn('/namespaces/default'), { redirect: 'manual' });
    expect(signedIn.headers.get('location')).toBe(`${webUi.url}/namespaces/default`);
    const [cookie = '', ...limits] = signedIn.headers.getSetCookie()[0]?.split('; ') ?? [];
    expect(limits).toEqual(expect.arrayContaining(['HttpOnly', 'SameSite=Strict', `Path=${CODEC_PATH}`]));
    const { payloads } = (await (await decode({ Cookie: cookie })).json()) as { payloads: { data: string }[] };
    expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).toBe('"in clear"');
  });
});

test('who starts a deployment in the sandbox without its key is refused by a worker that was told nothing of keys', async () => {
  const home = await mkdtemp(join(folder, 'running-'));
  await writeFile(join(home, 'payload-key'), KEY.toString('base64'), { mode: 0o600 });
  const { address, namespace, uiUrl } = server;
  const description = {
    pid: process.pid,
    temporal: { address, namespace, uiUrl },
    payloadKeys: `sandbox=file:${join(home, 'payload-key')}`,
    postgres: { clientTools: { pgDump: join(home, 'pg_dump') } },
    target: { binFolder: home },
  };
  await writeFile(join(home, 'sandbox.json'), JSON.stringify(description));
  const others = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|SUREFOOT)_/.test(name));
  const env = { ...Object.fromEntries(others), SUREFOOT_HOME: home, TEMPORAL_CONFIG_FILE: join(home, 'none.toml') };
  const worker = spawn(process.execPath, [MAIN, 'worker'], { env, stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(worker, 'exit');
    worker.kill('SIGTERM');
    await ended;
  });
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  const { resolved, digest } = loadPlan(SHIPPED);
  const input = { deployment: 'd-1', plan: resolved, digest, startedBy: 'mallory', clock: 'real' };
  const options = { taskQueue: TASK_QUEUE, workflowId: 'surefoot/eduautismo/production', args: [input] };
  const handle = await new Client({ connection }).workflow.start('DeployWorkflow', options);
  await expect(handle.result()).rejects.toThrow();
  const dataConverter = {
    payloadCodecs: [new EncryptionCodec(KEYS, 'throw')],
    failureConverterPath: FAILURE_CONVERTER,
  };
  const holder = new Client({ connection, dataConverter }).workflow.getHandle(handle.workflowId);
  const failure = await holder.result().catch((error: unknown) => error);
  expect((failure as WorkflowFailedError).cause).toMatchObject({
    type: 'Refused',
    message: expect.stringContaining('not encrypted although this worker wants it to be'),
  });
}, 60_000);
