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

test('show leaves out no command: not those of backups, nor those of checks', async () => {
  const own = `
backup:
  by: commands
  create: { run: [./backup.sh, "{file}"] }
  query: { run: [./count.sh, "{environment}"] }
  scratch: { restore: { run: [./restore.sh, scratch, "{file}"] }, query: { run: [./count.sh, scratch] } }
  restore: { run: [./restore.sh, "{environment}", "{file}"] }
checks:
  production: [{ id: queue, title: The queue is empty, command: { run: [./queue.sh] } }]
smoke:`;
  const plan = write('plan.yaml', readFileSync('plans/minimal.yaml', 'utf8').replace('\nsmoke:', own));
  const { commands } = JSON.parse((await surefoot('plan', 'show', plan, '--json')).out);
  expect(commands.map(({ name }: { name: string }) => name)).toEqual([
    'deploy',
    ...['backup.query', 'backup.create', 'backup.scratch.restore', 'backup.scratch.query', 'backup.restore'],
    'checks.queue',
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
