import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { shippedText, write } from '../plan/plan-files.js';
import { surefoot } from './command-line.js';

const PLAN = 'plans/eduautismo-performance.yaml';
const FOLDERS = Object.keys((parse(shippedText) as { folders: object }).folders);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'surefoot-plan-'));
});

afterEach(() => {
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

test('check and show name what a plan includes, and show its steps as those of one file', async () => {
  const { approvals, ...rest } = parse(shippedText) as Record<string, unknown>;
  const shared = join(folder, 'approvals.yaml');
  writeFileSync(shared, stringify({ surefoot: 1, approvals }));
  const plan = write('plan.yaml', stringify({ ...rest, include: [shared] }));
  const check = await surefoot('plan', 'check', plan);
  expect(check).toMatchObject({ code: 0, out: expect.stringContaining(`includes ${shared}\n`) });
  const show = await surefoot('plan', 'show', plan);
  expect(show).toMatchObject({ code: 0, out: expect.stringContaining(`Includes ${shared}.\n`) });
  const steps = async (file: string) => JSON.parse((await surefoot('plan', 'show', file, '--json')).out).steps;
  expect(await steps(plan)).toEqual(await steps(PLAN));
});

test('show ends with every command, where it runs and how long it may take, said or not', async () => {
  const plan = 'plans/web-and-database.yaml';
  const { out } = await surefoot('plan', 'show', plan);
  const [, listed = ''] = out.split('\ncommands\n');
  expect(listed.split('\n').map((line) => line.trim())).toEqual(
    expect.arrayContaining([
      'deploy               bin/deploy {environment} {version}',
      `on the worker in ${resolve('plans')}, at most 10 min`,
      'migration.current    alembic current',
      'on the server in its application’s folder, at most 1 min',
      'migration: waits 3 s for a lock, 15 s for a statement; in production all of it takes 30 s at most',
    ]),
  );
  const { commands } = JSON.parse((await surefoot('plan', 'show', plan, '--json')).out);
  expect(commands).toContainEqual({
    name: 'logs',
    run: ['bin/logs', '{environment}', '--lines', '2000'],
    on: 'worker',
    folder: resolve('plans'),
    timeoutSeconds: 60,
  });
});

test('show tells the commands of health, login, backup, checks and metrics, too', async () => {
  const plan = `${readFileSync('plans/minimal.yaml', 'utf8')
    .replace('api: production }', 'api: production, login: { kind: command, command: { run: [bin/token] } } }')
    .replace('path: /healthz,', 'path: /healthz, version: { command: { run: [bin/running, "{environment}"] } },')
    .replace(
      'metrics:',
      'metrics:\n  queue: { title: Queue, unit: count, source: command, command: { run: [bin/queue] } }',
    )
    .replace('criteria: [gone]', 'criteria: [gone]\n    observe: [queue]')}
backup:
  by: commands
  create: { run: [bin/dump, "{file}"] }
  query: { run: [bin/count, live] }
  scratch: { restore: { run: [bin/load, "{file}"] }, query: { run: [bin/count, copy] } }
checks:
  prerequisites: [{ id: calm, title: All is calm, command: { run: [bin/calm] } }]
`;
  const { commands } = JSON.parse((await surefoot('plan', 'show', write('own.yaml', plan), '--json')).out);
  expect(commands.map(({ name, run }: { name: string; run: string[] }) => `${name}: ${run.join(' ')}`)).toEqual([
    'deploy: ./deploy.sh {version}',
    'backup.query: bin/count live',
    'backup.create: bin/dump {file}',
    'backup.scratch.restore: bin/load {file}',
    'backup.scratch.query: bin/count copy',
    'production.version: bin/running production',
    'production.login: bin/token',
    'checks.calm: bin/calm',
    'metrics.queue: bin/queue',
  ]);
});

test('diff says that two plans are the same, and exits well', async () => {
  expect(await surefoot('plan', 'diff', PLAN, PLAN)).toMatchObject({
    code: 0,
    out: expect.stringContaining('✓ They are the same plan'),
  });
  const { code, out } = await surefoot('plan', 'diff', PLAN, PLAN, '--json');
  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, same: true, general: [], steps: [] });
});

test('diff tells step by step what is other, with both values, and exits 1', async () => {
  const next = write(
    'next.yaml',
    shippedText.replace('target: main', 'target: v1.3.0').replace('title: "Deploy', 'title: "Novo'),
  );
  const bindings = join(folder, 'bindings.yaml');
  writeFileSync(
    bindings,
    stringify({ surefoot: 1, folders: Object.fromEntries(FOLDERS.map((name) => [name, '/srv'])) }),
  );
  const { code, out } = await surefoot('plan', 'diff', PLAN, next, '--bindings', bindings);
  expect(code).toBe(1);
  expect(out).toContain('title: "Deploy - Otimizações de Performance" → "Novo - Otimizações de Performance"');
  expect(out).toContain('~ staging.deploy: Deploy the release to staging\n      release.target: "main" → "v1.3.0"');
  const json = await surefoot('plan', 'diff', PLAN, next, '--bindings', bindings, '--json');
  expect(JSON.parse(json.out)).toMatchObject({
    same: false,
    before: { file: PLAN, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    general: [{ path: 'title' }],
    steps: [{ id: 'prerequisites.repository' }, { id: 'staging.deploy' }, { id: 'production.deploy' }],
  });
});

test('of a long text, diff shows where it parts', async () => {
  const next = write('next.yaml', shippedText);
  const document = join(dirname(next), 'eduautismo-checklist.pt.md');
  writeFileSync(document, `${readFileSync(document, 'utf8')}\nO fim.\n`);
  const same = write('same.yaml', shippedText);
  const { out } = await surefoot('plan', 'diff', same, next);
  expect(out).toMatch(/document: …".*" \(\d+ characters\) → …".*O fim\.\\n" \(\d+ characters\)/);
});

test('diff of a plan with a mistake tells the mistake', async () => {
  const wrong = write('wrong.yaml', shippedText.replace('language: pt-BR', 'language: Portuguese'));
  expect(await surefoot('plan', 'diff', PLAN, wrong)).toMatchObject({
    code: 2,
    err: expect.stringContaining(`${wrong}:9:11  language`),
  });
});
