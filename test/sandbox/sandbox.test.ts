import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { execa } from 'execa';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { writeBindings } from '../../sandbox/local/bindings.js';
import { type Sandbox, type SandboxDescription, startSandbox } from '../../sandbox/local/sandbox.js';
import type { TargetEnvironment } from '../../sandbox/local/target.js';
import { createAlertActivities } from '../../src/activities/alerts/alerts.js';
import { createReviewActivities } from '../../src/activities/review/review.js';
import { inRepository } from '../../src/contract/plan/parts.js';
import { clearFaults, setFault } from '../../src/local/faults.js';
import { processStart, waitFor } from '../../src/local/processes.js';
import { loadPlan } from '../../src/plan/load.js';
import { runActivity } from '../activities/support.js';
import { prepareHome } from '../helpers/target-python.js';
import { scratchFolder } from './scratch-folders.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Health = { status: string; version: string; environment: string; maintenance: boolean };

async function health(environment: TargetEnvironment): Promise<Health> {
  return (await (await fetch(`${environment.url}/health`)).json()) as Health;
}

async function query(environment: TargetEnvironment, sql: string): Promise<unknown[]> {
  const { host, port, name, user, passwordFile } = environment.database;
  const client = new pg.Client({ host, port, database: name, user, password: await readFile(passwordFile, 'utf8') });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function login(environment: TargetEnvironment): Promise<number> {
  const { username, passwordFile } = environment.testUser;
  const password = await readFile(passwordFile, 'utf8');
  const body = JSON.stringify({ username, email: username, password });
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${environment.url}/api/v1/auth/login`, { method: 'POST', headers, body })).status;
}

/** What the shipped plan asks of reviews, tests and alerts, and the sandbox's repository does not show. */
async function unproven(sandbox: Sandbox): Promise<string[]> {
  const bindings = await writeBindings(sandbox);
  const { resolved } = loadPlan(join(root, 'plans/eduautismo-performance.yaml'), { bindings });
  const { review, alerts } = resolved;
  const release = inRepository(resolved);
  if (!review || !alerts) return ['the plan does not ask'];
  const given = {
    key: { deployment: 'd', step: 's', generation: 1 },
    evidence: { store: resolved.evidence, deployment: 'd' },
  };
  const reports = await Promise.all([
    runActivity(() => createReviewActivities().checkReview({ ...given, release, review })),
    runActivity(() => createAlertActivities().checkAlerts({ ...given, alerts })),
  ]);
  return reports.flatMap(({ facts }) => facts.filter(({ ok }) => !ok).map(({ text }) => text));
}

/** Of all processes. A bare machine has no `ps`, and another system no /proc. */
function commandLines(): string {
  if (!existsSync('/proc/self/cmdline')) return execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' });
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.map((pid) => readIfThere(join('/proc', pid, 'cmdline'))).join('\n');
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

test('a sandbox starts both environments where the checklist begins, again and again, and stops all of it', async () => {
  const home = await scratchFolder();
  await prepareHome(home);
  const sandbox = await startSandbox({ home, virtualTime: true, durable: false });
  onTestFinished(() => sandbox.stop());
  const { staging, production } = sandbox.target.environments;
  expect(await health(staging)).toMatchObject({ version: 'v1.2.3', environment: 'staging' });
  expect(await health(production)).toMatchObject({ version: 'v1.2.3', environment: 'production' });
  expect(await query(staging, 'SELECT count(*)::int FROM intervention_plans')).toEqual([{ count: 1200 }]);
  expect(await query(production, 'SELECT count(*)::int FROM intervention_plans')).toEqual([{ count: 20_000 }]);
  expect(await query(production, 'SELECT version_num FROM alembic_version')).toEqual([{ version_num: '8c1f0a2d4b6e' }]);
  expect((await query(production, 'SELECT 1 FROM pg_stat_statements LIMIT 1')).length).toBe(1);
  expect(await login(production)).toBe(200);
  expect(await unproven(sandbox)).toEqual([]);

  // A deployment changes everything that it can change.
  await execa(join(sandbox.target.operationsFolder, 'deploy.sh'), ['production', 'main']);
  const alembic = { cwd: production.backendFolder, env: { PATH: `${sandbox.target.binFolder}:${process.env.PATH}` } };
  await execa('alembic', ['upgrade', 'head'], alembic);
  await execa(join(sandbox.target.operationsFolder, 'maintenance_mode.sh'), ['enable', 'production']);
  await setFault(staging.folder, 'errors', { rate: 1 });
  expect(await health(production)).toMatchObject({ version: 'main', maintenance: true });
  await waitFor('staging fails', async () => (await login(staging)) === 500, { timeout: 5000 });
  await clearFaults(staging.folder);
  await waitFor('staging recovers', async () => (await login(staging)) === 200, { timeout: 5000 });

  const description = JSON.parse(await readFile(join(home, 'sandbox.json'), 'utf8')) as SandboxDescription;
  expect(description.temporal.address).toBe(sandbox.temporal.address);
  const began = Date.now();
  await sandbox.stop();
  expect(Date.now() - began).toBeLessThan(6000);
  await expect(fetch(`${production.url}/health`)).rejects.toThrow();
  expect(await processStart(sandbox.temporal.pid)).toBeUndefined();
  expect(await processStart(sandbox.postgres.pid)).toBeUndefined();
  await expect(stat(join(home, 'sandbox.json'))).rejects.toMatchObject({ code: 'ENOENT' });

  const again = await startSandbox({ home, virtualTime: true, durable: false });
  onTestFinished(() => again.stop());
  const restored = again.target.environments.production;
  expect(restored.url).toBe(production.url);
  expect(await health(restored)).toMatchObject({ version: 'v1.2.3', maintenance: false });
  expect(await query(restored, 'SELECT version_num FROM alembic_version')).toEqual([{ version_num: '8c1f0a2d4b6e' }]);
  expect(await readFile(restored.operationsLog, 'utf8')).toBe('');
}, 240_000);

test('what a sandbox killed with SIGKILL left running is stopped by the next start', async () => {
  const home = await scratchFolder();
  await prepareHome(home);
  const program = `
    import { startSandbox } from ${JSON.stringify(pathToFileURL(join(root, 'dist', 'sandbox', 'local', 'sandbox.js')).href)};
    const sandbox = await startSandbox({ home: ${JSON.stringify(home)}, virtualTime: false });
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const first = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(first.stdout, 'data');
  const description = JSON.parse(await readFile(join(home, 'sandbox.json'), 'utf8')) as SandboxDescription;
  await expect(startSandbox({ home, virtualTime: false })).rejects.toMatchObject({
    code: 'sandbox-in-use',
    message: expect.stringContaining(description.temporal.uiUrl),
  });
  first.kill('SIGKILL');
  await once(first, 'exit');
  expect(await processStart(description.temporal.pid)).toBeDefined();

  const messages: string[] = [];
  const second = await startSandbox({ home, virtualTime: false, progress: (message) => messages.push(message) });
  onTestFinished(() => second.stop());
  expect(messages[0]).toMatch(/an earlier run left behind: (temporal, postgres|postgres, temporal)/);
  expect(await processStart(description.temporal.pid)).toBeUndefined();
  expect(await processStart(description.postgres.pid)).toBeUndefined();
  expect(second.temporal.uiUrl).toBe(description.temporal.uiUrl);
  expect(second.target.environments.production.url).toBe(description.target.environments.production.url);
}, 240_000);

test('when one part cannot start the others are stopped and the folder is free again', async () => {
  const home = await scratchFolder();
  await writeFile(join(home, '.surefoot-state'), '');
  await writeFile(join(home, 'postgres-15'), 'a file where the data folder should be');
  await writeFile(join(home, 'temporal'), 'a file where the database should be');
  await expect(startSandbox({ home, virtualTime: false })).rejects.toThrow();
  expect(commandLines()).not.toContain(home);
  await expect(stat(join(home, 'lock.json'))).rejects.toMatchObject({ code: 'ENOENT' });
}, 120_000);

test('an interrupted start stops what it had started', async () => {
  const home = await scratchFolder();
  const interruption = new AbortController();
  const start = startSandbox({
    home,
    virtualTime: false,
    signal: interruption.signal,
    progress: (message) => message.startsWith('Temporal is ready') && interruption.abort(),
  });
  await expect(start).rejects.toMatchObject({ code: 'stopped' });
  expect(commandLines()).not.toContain(home);
}, 120_000);
