/**
 * The image without a Docker engine: its files, put together by the Dockerfile's own COPY lines, and what it starts. The
 * packages are links to those installed here, for the second stage without those of development.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { projectFolder } from '../src/local/folders.js';
import { choosePorts } from '../src/local/ports.js';
import { startTemporalServer } from '../src/local/temporal.js';
import { eventually, temporaryFolder } from './activities/support.js';
import { json, serve } from './helpers/server.js';

const root = projectFolder();
const run = promisify(execFile);

/** Instructions of each stage, with lines put together. */
const stages = readFileSync(join(root, 'Dockerfile'), 'utf8')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split(/^(?=FROM )/m)
  .map((stage) => stage.trim().split('\n'));
const argumentsOf = (stage: readonly string[], name: string): string[] =>
  stage.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
const nameOf = ([from]: readonly string[]): string => / AS (\S+)/.exec(from ?? '')?.[1] ?? 'image';

/** Packages that `npm ci` installs: links to those that are here. */
function install(folder: string, { development }: { development: boolean }): void {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const installed = new Set(Object.keys(packages).filter((path) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)));
  for (const path of installed) {
    if (!development && packages[path]?.dev) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(root, path), join(folder, path));
  }
}

/** Builds every stage in a folder of its own; comes back with the last one's. */
async function buildImage(): Promise<string> {
  let folder = '';
  for (const stage of stages) {
    folder = folderOf(nameOf(stage));
    for (const line of stage) {
      if (line.startsWith('COPY ')) copy(folder, line.split(' ').slice(1));
      if (line.startsWith('RUN npm ci ')) install(folder, { development: !line.includes(' --omit=dev ') });
      if (line === 'RUN npm run build') await run(process.execPath, ['scripts/build.js'], { cwd: folder });
    }
  }
  return folder;
}

const folderOf = (stage: string): string => join(image, stage);

function copy(folder: string, words: string[]): void {
  const stage = /^--from=(\S+)$/.exec(words[0] ?? '')?.[1];
  const sources = words.slice(stage === undefined ? 0 : 1, -1);
  const target = join(folder, words.at(-1) ?? '');
  for (const source of sources) {
    const origin = stage === undefined ? join(root, source) : join(folderOf(stage), source.replace(/^\/app\//, ''));
    cpSync(origin, sources.length > 1 ? join(target, basename(source)) : target, { recursive: true });
  }
}

const last = (instruction: string): string => argumentsOf(stages.at(-1) ?? [], instruction).at(-1) ?? '';
const STATE = last('VOLUME');

/** What the image starts, without tini: its entry point with these words instead of its command. */
function entryPoint(...words: string[]): [string, string[]] {
  const [tini, end, node, ...args] = JSON.parse(last('ENTRYPOINT')) as string[];
  expect([tini, end, node]).toEqual(['tini', '--', 'node']);
  return [process.execPath, [...args, ...words]];
}

const image = mkdtempSync(join(tmpdir(), 'surefoot-image-'));
let app: string;

beforeAll(async () => {
  app = await buildImage();
}, 180_000);

afterAll(() => rmSync(image, { recursive: true, force: true }));

test('the image answers for its version, checks a plan, and has the commands that ask', async () => {
  const surefoot = (...words: string[]) => run(...entryPoint(...words), { cwd: app });
  expect((await surefoot('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await surefoot('plan', 'check', 'plans/minimal.yaml')).stdout).toContain('greeter');
  expect((await surefoot('status', '--help')).stdout).toContain('Usage: surefoot status');
});

test('its worker carries a deployment out, tells JSON on stderr only, counts, is healthy, and ends in order', async () => {
  const folder = temporaryFolder();
  const ports = await choosePorts(folder, ['grpc', 'ui', 'metrics']);
  const server = await startTemporalServer({ folder, ports, virtualTime: false });
  onTestFinished(() => server.stop());
  const state = join(folder, 'state');
  const env = { ...process.env, TEMPORAL_ADDRESS: server.address, SUREFOOT_STATE: state, NODE_ENV: 'production' };
  const health = (more = {}) =>
    run(process.execPath, ['docker/worker-health.js'], { cwd: app, env: { ...env, ...more } });
  await expect(health()).rejects.toMatchObject({
    stderr: expect.stringContaining('Which runner this is, is not known'),
  });
  await expect(health({ SUREFOOT_STATE: '' })).rejects.toMatchObject({
    stderr: expect.stringContaining('SUREFOOT_STATE'),
  });

  const startedAt = Date.now();
  const metrics = `127.0.0.1:${ports.metrics}`;
  const command = (JSON.parse(last('CMD')) as string[]).map((word) => (word === STATE ? state : word));
  const worker = spawn(...entryPoint(...command, '--metrics', metrics), { cwd: app, env });
  onTestFinished(() => void worker.kill('SIGKILL'));
  const ended = once(worker, 'exit');
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    worker[stream].on('data', (text) => {
      said[stream] += text;
    });
  }
  await eventually(
    'it is healthy',
    () =>
      health()
        .then(() => true)
        .catch(() => undefined),
    60_000,
  );

  // A service whose version is a file, and beside its plan the deploy script that writes it.
  const version = join(folder, 'version');
  writeFileSync(version, 'v1.9.0');
  writeFileSync(join(folder, 'deploy.sh'), `#!/bin/sh\nprintf %s "$1" > ${version}\n`, { mode: 0o755 });
  const greeter = await serve((_, response) => json(response, { version: readFileSync(version, 'utf8') }));
  const [plan, bindings] = [join(folder, 'minimal.yaml'), join(folder, 'bindings.yaml')];
  cpSync(join(app, 'plans', 'minimal.yaml'), plan);
  writeFileSync(bindings, JSON.stringify({ surefoot: 1, plan: 'minimal.yaml', hosts: { production: greeter.url } }));
  const start = ['start', plan, '--bindings', bindings, '--as', 'maya'];
  await run(...entryPoint(...start), { cwd: app, env });

  const figures = await eventually(
    'its watch has read a sample',
    async () => {
      const text = await (await fetch(`http://${metrics}/metrics`)).text();
      return /^surefoot_samples_total\{.*kind="ok".*\} [1-9]/m.test(text) ? text : undefined;
    },
    120_000,
  );
  expect(readFileSync(version, 'utf8')).toBe('v2.0.0');
  const readAt = Number(/^surefoot_last_samples_timestamp_seconds\{.*\} (\d+)$/m.exec(figures)?.[1]);
  expect(readAt * 1_000).toBeGreaterThan(startedAt);
  expect(readAt * 1_000).toBeLessThanOrEqual(Date.now());
  const runner = JSON.parse(readFileSync(join(state, 'runner.json'), 'utf8')) as { identity: string };
  const slots = new RegExp(
    `^temporal_worker_task_slots_used\\{.*task_queue="surefoot@${runner.identity}".*\\} 0$`,
    'm',
  );
  expect(figures).toMatch(slots);

  // The core, too, has something to say when the server is away.
  await server.stop();
  await eventually('the core tells of it', () => said.stderr.includes('"sdkComponent":"core"'), 60_000);
  worker.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(said.stdout).toBe('');
  const lines = said.stderr.trimEnd().split('\n');
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), service: 'surefoot-worker' });
  expect(JSON.parse(lines[0] as string)).toMatchObject({ runner: runner.identity, state });
}, 240_000);

test('of the native core the image keeps this platform’s only', async () => {
  const folder = temporaryFolder();
  const releases = 'node_modules/@temporalio/core-bridge/releases';
  const shipped = readdirSync(join(root, releases));
  const pruning = argumentsOf(stages.at(-1) ?? [], 'RUN').flatMap((line) => /find .*releases.*$/.exec(line) ?? []);
  expect(pruning).toHaveLength(1);
  for (const machine of ['x86_64', 'aarch64']) {
    for (const platform of shipped) mkdirSync(join(folder, releases, platform), { recursive: true });
    await run('sh', ['-c', `uname() { echo ${machine}; }; ${pruning[0]}`], { cwd: folder });
    expect(readdirSync(join(folder, releases))).toEqual([`${machine}-unknown-linux-gnu`]);
  }
});
