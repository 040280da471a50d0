/** Encrypted payloads end to end: the built worker and CLI on a real server, and a stranger who has Temporal but no key. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { type ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import { SEARCH_ATTRIBUTES, TASK_QUEUE, WATCHDOG } from '../../src/contract/names.js';
import type { WatchdogLook } from '../../src/contract/watchdog.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { EncryptionCodec } from '../../src/encryption/codec.js';
import { readKeyring } from '../../src/encryption/keys.js';
import { clientInterceptors } from '../../src/encryption/uses-of-clients.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/local/temporal.js';
import { loadPlan } from '../../src/plan/load.js';
import { replaceOnce, SHIPPED, shippedText, write } from '../plan/plan-files.js';

const MAIN = fileURLToPath(new URL('../../dist/src/client/main.js', import.meta.url));
/** As workers and the CLI load it. */
const FAILURES = fileURLToPath(new URL('../../dist/src/encryption/failures.js', import.meta.url));
const UI = 'http://localhost:8233';

/** What must be readable to nobody without a key. */
const CANARIES = ['canary-in-the-title', 'canary-in-a-reason', 'canary-in-a-', 'is no readable git repository'];

let folder: string;
let server: TemporalServer;
let stranger: Client;
let holder: Client;
let worker: { stop: () => Promise<void> };
let plan: string;

const FORMER = 'surefoot/former/production';

const OLD = 'k1=env:KEY_ONE';
const ROTATED = 'k2=env:KEY_TWO,k1=env:KEY_ONE';
const secrets = { KEY_ONE: randomBytes(32).toString('base64'), KEY_TWO: randomBytes(32).toString('base64') };

function environment(keys: string | undefined): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|SUREFOOT)_/.test(name));
  return {
    ...Object.fromEntries(others),
    ...secrets,
    ...(keys === undefined ? {} : { SUREFOOT_PAYLOAD_KEYS: keys }),
    SUREFOOT_HOME: folder,
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'),
    NO_COLOR: '1',
  };
}

async function surefoot(keys: string | undefined, ...words: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, ...words], {
    env: environment(keys),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  return { code: exitCode, out: stdout, err: stderr };
}

async function startWorker(keys: string) {
  const log = openSync(join(folder, 'worker.log'), 'a', 0o600);
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'worker', '--state', join(folder, 'state')], {
    env: environment(keys),
    stdio: ['ignore', log, log],
  });
  return {
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surefoot-encrypted-'));
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  const databaseFile = join(folder, 'temporal', 'temporal.db');
  server = await startTemporalServer({
    folder,
    ports,
    virtualTime: false,
    databaseFile,
    searchAttributes: SEARCH_ATTRIBUTES,
  });
  stranger = new Client({ connection: await Connection.connect({ address: server.address }) });
  const keyring = readKeyring({ SUREFOOT_PAYLOAD_KEYS: ROTATED, ...secrets });
  if (!keyring) throw new Error('no keys');
  holder = new Client({
    connection: stranger.connection,
    dataConverter: { payloadCodecs: [new EncryptionCodec(keyring, 'throw')], failureConverterPath: FAILURES },
    interceptors: clientInterceptors,
  });
  // Of the time before there were keys, and retained.
  const former = { taskQueue: TASK_QUEUE, workflowId: FORMER, memo: { deployment: 'former-1' }, args: [{}] };
  await (await stranger.workflow.start('DeployWorkflow', former)).terminate('it is over');
  worker = await startWorker(OLD);
  const title = /^title: .*$/m.exec(shippedText)?.[0] ?? '';
  plan = write('plan.yaml', replaceOnce(shippedText, [title, 'title: canary-in-the-title']));
}, 120_000);

afterAll(async () => {
  await worker.stop();
  await stranger.connection.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

/** What the CLI shows, as soon as it shows this: a worker that has just been started takes its time to answer. */
async function statusWith(keys: string, words: string): Promise<void> {
  let said = '';
  const shown = async () => {
    const { out, err } = await surefoot(keys, 'status', '--json');
    said = out + err;
    return out.includes(words);
  };
  await vi.waitUntil(shown, { timeout: 60_000, interval: 300 }).catch(() => expect(said).toContain(words));
}

/** Everything that Temporal keeps of a run, as bytes. */
async function historyOf(handle: WorkflowHandle): Promise<Buffer> {
  return Buffer.from(proto.temporal.api.history.v1.History.encode(await handle.fetchHistory()).finish());
}

async function taskFailures(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter(({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes).length;
}

const found = (bytes: Buffer): string[] => CANARIES.filter((canary) => bytes.includes(canary));

describe('a deployment with encrypted payloads', () => {
  let handle: WorkflowHandle;

  test('is started, shown and steered by who has the key', async () => {
    const started = await surefoot(OLD, 'start', plan, '--as', 'ana.souza', '--json');
    expect(started, started.err).toMatchObject({ code: 0 });
    const { workflowId } = JSON.parse(started.out) as { workflowId: string };
    handle = stranger.workflow.getHandle(workflowId);
    await statusWith(OLD, 'is no readable git repository');
    const held = await surefoot(OLD, 'hold', '--as', 'diego.alves', '--role', 'devops', '--why', 'canary-in-a-reason');
    expect(held, held.err).toMatchObject({ code: 0 });
    expect(await surefoot(OLD, 'resume', '--as', 'diego.alves', '--role', 'devops')).toMatchObject({ code: 0 });
  }, 150_000);

  test('is not hidden by one in plain text that is retained, of which is said what is in clear', async () => {
    const { code, out } = await surefoot(OLD, 'status', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ workflowId: handle.workflowId });
    const former = await surefoot(OLD, 'status', FORMER);
    expect(former).toMatchObject({ code: 1, out: '' });
    expect(former.err).toContain('ended as terminated: it is over');
  }, 60_000);

  test('shows a stranger nothing but names', async () => {
    const bytes = await historyOf(handle);
    expect(found(bytes)).toEqual([]);
    expect(bytes.includes('binary/encrypted')).toBe(true);
    await expect(handle.query(statusQuery)).rejects.toThrow();
    const without = await surefoot(undefined, 'status');
    expect(without).toMatchObject({ code: 2, out: '' });
    expect(without.err).toContain('SUREFOOT_PAYLOAD_KEYS');
  }, 60_000);

  test('is looked at by the watchdog, which hands on nothing that a stranger could read', async () => {
    const query = `WorkflowType = 'WatchdogWorkflow' AND ExecutionStatus = 'Completed'`;
    const lookedAtIt = async () => {
      for await (const { workflowId, runId } of holder.workflow.list({ query })) {
        const look = (await holder.workflow.getHandle(workflowId, runId).result()) as WatchdogLook;
        if (look.looked > 0) return { look, run: stranger.workflow.getHandle(workflowId, runId) };
      }
      return undefined;
    };
    await holder.schedule.getHandle(WATCHDOG).trigger();
    const { look, run } = await vi.waitUntil(lookedAtIt, { timeout: 60_000, interval: 300 });
    expect(look).toMatchObject({ looked: 1, untold: [] });
    const bytes = await historyOf(run);
    expect(bytes.includes('binary/encrypted')).toBe(true);
    expect(bytes.includes('"looked"')).toBe(false);
  }, 90_000);

  test('takes nothing from a stranger, and does not stop for it', async () => {
    const abort = { who: 'diego.alves', role: 'devops', why: 'mallory was here' };
    await handle.signal('abort', abort);
    await handle.signal('skip', abort);
    await handle.signal('abort', 'nonsense');
    await handle.signal('nothing-known', abort);
    const update = handle.executeUpdate(decideUpdate, { args: [{ kind: 'abort', ...abort }] });
    await expect(update).rejects.toThrow();
    const ledger = (await holder.workflow.getHandle(handle.workflowId).query(statusQuery)) as Ledger;
    expect(ledger.stop).toBeUndefined();
    expect(ledger.outcome).toBeUndefined();
    const refused = ledger.decisions.filter(({ accepted }) => !accepted).map(({ reason }) => reason);
    expect(refused).toEqual([
      ...Array(3).fill(`"who" is missing: the ID of a person on the plan's roster`),
      expect.stringContaining('"nothing-known" is no decision'),
    ]);
    expect(await taskFailures(handle)).toBe(0);
  }, 60_000);

  test('that began under one key is finished by a worker with the next one', async () => {
    await worker.stop();
    worker = await startWorker(ROTATED);
    await statusWith(ROTATED, 'is no readable git repository');
    const words = ['abort', '--as', 'diego.alves', '--role', 'devops', '--why', 'canary-in-a-reason'];
    const said = await surefoot(ROTATED, ...words);
    expect(said, said.err).toMatchObject({ code: 0 });
    expect(await holder.workflow.getHandle(handle.workflowId).result()).toMatchObject({
      outcome: 'aborted',
      title: 'canary-in-the-title',
      reason: expect.stringContaining('canary-in-a-reason'),
    });
    await statusWith(ROTATED, '"outcome": "aborted"');
    const report = await surefoot(ROTATED, 'report', '--format', 'json');
    expect(report, report.err).toMatchObject({ code: 0, out: expect.stringContaining('canary-in-the-title') });
    const old = await surefoot(OLD, 'status');
    expect(old.out).toBe('');
    expect(old.err).toContain('key k2, which SUREFOOT_PAYLOAD_KEYS does not name');
    expect(found(await historyOf(handle))).toEqual([]);
  }, 150_000);

  test('that fails does not say why in the history', async () => {
    const { resolved } = loadPlan(plan);
    const input: DeployInput = {
      deployment: 'd-1',
      plan: resolved,
      digest: 'canary-in-a-failure',
      startedBy: 'ana.souza',
      clock: 'real',
    };
    const options = { taskQueue: TASK_QUEUE, workflowId: 'surefoot/other/production', args: [input] };
    const refused = await holder.workflow.start('DeployWorkflow', options);
    expect(await refused.result()).toMatchObject({ reason: expect.stringContaining('not canary-in-a-…') });
    const seen = stranger.workflow.getHandle('surefoot/other/production');
    const { events } = await seen.fetchHistory();
    const failures = (events ?? []).flatMap(({ activityTaskFailedEventAttributes: failed }) => failed?.failure ?? []);
    expect(failures.map(({ message, stackTrace }) => [message, stackTrace])).toEqual([['Encoded failure', '']]);
    expect(found(await historyOf(seen))).toEqual([]);
  }, 60_000);
});

describe.each([
  'DeployWorkflow',
  'MonitorWorkflow',
  'ReversibilityWorkflow',
  'RollbackCodeWorkflow',
  'RollbackFullWorkflow',
  'WatchdogWorkflow',
])('a %s that a stranger starts in plain text', (type) => {
  test('is refused, and fails no task', async () => {
    const { resolved, digest } = loadPlan(SHIPPED);
    const input = { deployment: 'd-2', plan: resolved, digest, startedBy: 'mallory', clock: 'real', runner: 'x' };
    const workflowId = `mallory/${type}`;
    const handle = await stranger.workflow.start(type, { taskQueue: TASK_QUEUE, workflowId, args: [input] });
    const failure = await holder.workflow
      .getHandle(workflowId)
      .result()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect((failure as WorkflowFailedError).cause as ApplicationFailure).toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('not encrypted although this worker wants it to be'),
    });
    expect(await taskFailures(handle)).toBe(0);
  }, 30_000);
});

describe('surefoot codec', () => {
  test('shows the Web UI what is encrypted, pages of others nothing, and ends with Ctrl-C', async () => {
    const words = [MAIN, 'codec', '--port', '0', '--origin', `${UI}/some/page`, '--json'];
    const child = spawn(process.execPath, words, { env: environment(ROTATED), stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'exit');
    try {
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await vi.waitUntil(() => said.includes('}'), { timeout: 20_000 });
      const { url, origin, keys } = JSON.parse(said) as { url: string; origin: string; keys: string[] };
      expect({ origin, keys }).toEqual({ origin: UI, keys: ['k2', 'k1'] });
      expect(said).not.toContain(secrets.KEY_ONE);
      expect(new URL(url).hostname).toBe('127.0.0.1');

      const { events } = await stranger.workflow.getHandle('surefoot/other/production').fetchHistory();
      const sent = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads as Payload[];
      const body = JSON.stringify(proto.temporal.api.common.v1.Payloads.fromObject({ payloads: sent }).toJSON());
      const decoded = await fetch(`${url}/decode`, {
        method: 'POST',
        body,
        headers: { Origin: UI, 'X-Namespace': 'default' },
      });
      expect(decoded.headers.get('access-control-allow-origin')).toBe(UI);
      const { payloads } = (await decoded.json()) as { payloads: { data: string }[] };
      expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).toContain('canary-in-the-title');

      // What a browser asks before it sends that, and what it is told for a page of somebody else.
      const before = await fetch(`${url}/decode`, { method: 'OPTIONS', headers: { Origin: UI } });
      expect(before.status).toBe(204);
      expect(before.headers.get('access-control-allow-headers')).toContain('X-Namespace');
      const foreign = await fetch(`${url}/decode`, {
        method: 'POST',
        body,
        headers: { Origin: 'https://evil.example.com' },
      });
      expect(foreign.status).toBe(403);
      expect(foreign.headers.get('access-control-allow-origin')).toBe(UI);
      expect(await foreign.text()).not.toContain('payloads');

      // The Web UI's own signal button would have what it sends encrypted here: it decides nothing.
      const plain = defaultPayloadConverter.toPayload({ who: 'ana.souza', role: 'tech-lead' }) as Payload;
      const button = proto.temporal.api.common.v1.Payloads.fromObject({ payloads: [plain] }).toJSON();
      const encoded = await fetch(`${url}/encode`, {
        method: 'POST',
        body: JSON.stringify(button),
        headers: { Origin: UI },
      });
      expect(encoded.status).toBe(404);
      expect(await encoded.text()).not.toContain(Buffer.from('ana.souza').toString('base64').slice(0, 10));
    } finally {
      child.kill('SIGINT');
    }
    expect(await ended).toEqual([0, null]);
  }, 60_000);

  test.each([
    ['keys', undefined, ['--origin', UI], 'SUREFOOT_PAYLOAD_KEYS is not set'],
    ['a readable key', 'k1=env:NOT_THERE', ['--origin', UI], 'key k1 is not 32 bytes'],
    ['a port', OLD, ['--origin', UI, '--port', 'http'], 'http is no port'],
  ])('says that it needs %s', async (_, keys, words, message) => {
    const said = await surefoot(keys, 'codec', ...words);
    expect(said).toMatchObject({ code: 2, out: '' });
    expect(said.err).toContain(message);
  });
});

test('Temporal’s database and the worker’s log hold none of it', async () => {
  await worker.stop();
  await server.stop();
  const database = join(folder, 'temporal');
  const files = readdirSync(database);
  expect(files).toContain('temporal.db');
  for (const file of files) expect(found(readFileSync(join(database, file))), file).toEqual([]);
  const log = readFileSync(join(folder, 'worker.log'), 'utf8');
  for (const key of Object.values(secrets)) expect(log).not.toContain(key);
}, 60_000);
