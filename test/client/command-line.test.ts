import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { surefoot } from './command-line.js';

const PLAN = 'plans/eduautismo-performance.yaml';
const NOWHERE = '127.0.0.1:1';
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'surefoot-client-'));
  vi.stubEnv('SUREFOOT_HOME', home);
  vi.stubEnv('TEMPORAL_ADDRESS', NOWHERE);
  vi.stubEnv('TEMPORAL_CONFIG_FILE', join(home, 'none.toml'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(home, { recursive: true, force: true });
});

test('help and version are no errors', async () => {
  expect(await surefoot('--help')).toMatchObject({ code: 0, out: expect.stringContaining('rollback') });
  expect(await surefoot('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test.each([
  ['plan check'],
  ['plan diff'],
  ['rehearse'],
  ['start'],
  ['status'],
  ['watch'],
  ['approve'],
  ['rollback'],
  ['open'],
  ['report'],
  ['worker'],
  ['sandbox'],
])('%s --help has an example', async (command) => {
  const { code, out } = await surefoot(...command.split(' '), '--help');
  expect(code).toBe(0);
  expect(out).toMatch(/Examples?:\n {2}\$ .*surefoot /);
});

test('a mistyped command is answered with the one that was meant', async () => {
  expect(await surefoot('statsu')).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean status?') });
});

test.each([
  [['start']],
  [['start', PLAN, '--shorten', 'soak']],
  [['status', '--what']],
  [['rollback', '--option', 'half']],
  [['approve']],
  [['report', '--format', 'pdf']],
  [['worker', '--console', 'surefoot.example.com']],
  [['worker', '--watchdog', '--console', 'https://surefoot.example.com']],
  [['console', '--origin', 'https://surefoot.example.com']],
  [['console', '--policy', 'policy.yaml', '--origin', 'http://surefoot.example.com']],
  [['console', '--policy', 'policy.yaml', '--origin', 'https://surefoot.example.com/console']],
  [['console', '--client-secret', 'env:SECRET']],
  [['report', '--verify', 'report.html', '--out', 'other.html']],
  [['sandbox', 'fault', 'production', 'earthquake']],
  [['start', 'plans/eduautismo-perfomance.yaml', '--as', 'ana.souza']],
])('wrong usage exits 2: %j', async (args) => {
  const { code, out, err } = await surefoot(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).not.toBe('');
  expect(err).not.toMatch(/\n\s+at /);
});

test('start --virtual says where virtual time exists', async () => {
  const { code, err } = await surefoot('start', PLAN, '--as', 'ana.souza', '--virtual');
  expect(code).toBe(2);
  expect(err).toContain('Virtual time exists only in demo and rehearsal');
});

test('plan check --json identifies a good plan by its digest', async () => {
  const { code, out } = await surefoot('plan', 'check', PLAN, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ ok: true, digest: expect.stringMatching(/^[0-9a-f]{64}$/), problems: [] });
});

test('plan check names every problem of a bad plan with its place', async () => {
  const file = join(home, 'bad.yaml');
  writeFileSync(file, 'surefoot: 1\nservise: shop\n');
  const text = await surefoot('plan', 'check', file);
  expect(text.code).toBe(2);
  expect(text.err).toContain(`${file}:2:1`);
  const { code, out } = await surefoot('plan', 'check', file, '--json');
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ ok: false, digest: null });
});

test('a Temporal that cannot be reached is named, with what to do, within 5 s', async () => {
  const { code, out, err } = await surefoot('status', '--json');
  expect(code).toBe(3);
  expect(err).toContain(NOWHERE);
  expect(err).toContain('surefoot sandbox');
  expect(JSON.parse(out)).toMatchObject({ ok: false, error: { message: expect.stringContaining(NOWHERE) } });
}, 10_000);

test('a fault without a sandbox says so', async () => {
  expect(await surefoot('sandbox', 'clear', 'staging')).toMatchObject({
    code: 3,
    err: expect.stringContaining(`No sandbox runs in ${home}`),
  });
});
