/** What tests of whole deployments share: a sandbox of the file's own, plans made from the shipped one, the CLI. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { execa } from 'execa';
import pg from 'pg';
import { parse, stringify } from 'yaml';
import { removeExternalFolder } from '../../sandbox/local/external-folder.js';
import { type Sandbox, startSandbox } from '../../sandbox/local/sandbox.js';
import { prepareTarget, type TargetEnvironment } from '../../sandbox/local/target.js';
import { statusQuery } from '../../src/contract/messages.js';
import { SEARCH_ATTRIBUTES } from '../../src/contract/names.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { prepareHome } from '../helpers/target-python.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const SHIPPED_PLAN = join(root, 'plans', 'eduautismo-performance.yaml');
const MAIN = join(root, 'dist', 'src', 'client', 'main.js');

export const BASE_REVISION = '8c1f0a2d4b6e';
export const NEW_REVISION = '5403edb1d087';

/** A sandbox in a temporary folder, which goes with it. */
export async function ownSandbox(options: { virtualTime: boolean }): Promise<Sandbox> {
  const home = await mkdtemp(join(tmpdir(), 'surefoot-deployments-'));
  const clear = async () => {
    await removeExternalFolder(home);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await prepareHome(home);
    const sandbox = await startSandbox({ home, ...options, searchAttributes: SEARCH_ATTRIBUTES });
    return {
      ...sandbox,
      stop: async () => {
        await sandbox.stop();
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** Both environments as the checklist finds them: v1.2.3, the base revision, empty logs of operations. */
export async function resetTarget({ home, postgres, target }: Sandbox): Promise<void> {
  const { staging, production } = target.environments;
  const port = ({ url }: TargetEnvironment) => Number(new URL(url).port);
  const bin = target.binFolder;
  await prepareTarget({
    home,
    postgres,
    venv: { folder: dirname(bin), bin, python: join(bin, 'python') },
    ports: { staging: port(staging), production: port(production) },
  });
}

interface CriterionSection {
  for: string;
  minimumSamples: number;
}
interface WatchSection {
  id?: string;
  duration: string;
  minimum?: string;
  tick: string;
  criteria: string[];
  trends?: string[];
}
/** The parts of a plan file that tests change. */
export interface PlanSections {
  document?: string;
  release: { previous: string };
  items: Record<string, { by: string | string[] }>;
  criteria: Record<string, CriterionSection>;
  soak: WatchSection;
  watches: WatchSection[];
  production: { loadTest?: { impact?: string[] } };
  load: { tests: { requests: number; concurrency: number }[] };
}

/** Writes a copy of the shipped plan with some parts changed. @returns its path */
export async function changedPlan(folder: string, name: string, change: (plan: PlanSections) => void): Promise<string> {
  const plan = parse(await readFile(SHIPPED_PLAN, 'utf8')) as PlanSections;
  change(plan);
  const file = join(folder, name);
  if (plan.document !== undefined) plan.document = resolve(dirname(SHIPPED_PLAN), plan.document);
  await writeFile(file, stringify(plan));
  return file;
}

/** The target's own account: the lines of an environment's operations.log, without their times. */
export function operations({ operationsLog }: TargetEnvironment): { pid: number; operation: string }[] {
  const lines = readFileSync(operationsLog, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [, pid, ...words] = line.split(' ');
    return { pid: Number(pid), operation: words.join(' ') };
  });
}

export const operationsOf = (environment: TargetEnvironment): string[] =>
  operations(environment).map(({ operation }) => operation);

export async function connectTo({ database }: TargetEnvironment): Promise<pg.Client> {
  const { host, port, name, user, passwordFile } = database;
  const password = (await readFile(passwordFile, 'utf8')).trim();
  const client = new pg.Client({ host, port, database: name, user, password });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** What the environment itself says: the release that answers, maintenance mode, the database's revision. */
export async function stateOf(
  environment: TargetEnvironment,
): Promise<{ status: string; version: string; maintenance: boolean; revision: string | undefined }> {
  const answer = await fetch(`${environment.url}/health`);
  const { status, version, maintenance } = (await answer.json()) as {
    status: string;
    version: string;
    maintenance: boolean;
  };
  const client = await connectTo(environment);
  try {
    const { rows } = await client.query<{ version_num: string }>('SELECT version_num FROM alembic_version');
    return { status, version, maintenance, revision: rows[0]?.version_num };
  } finally {
    await client.end();
  }
}

/** Looks until there is something to see. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: { within?: number; every?: number } = {},
): Promise<T> {
  const { within = 60_000, every = 100 } = options;
  const deadline = Date.now() + within;
  let failure: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${within} ms in vain: ${what}`, { cause: failure });
    await pause(every);
  }
}

/** The ledger, as soon as it is as wanted. Fails at once when the deployment has ended without being so. */
export async function ledgerWhen(
  handle: WorkflowHandle,
  what: string,
  isSo: (ledger: Ledger) => boolean,
  within = 180_000,
): Promise<Ledger> {
  let last: Ledger | undefined;
  const seen = await until(
    what,
    async () => {
      last = await handle.query(statusQuery);
      return isSo(last) || last.outcome !== undefined ? last : undefined;
    },
    { within, every: 200 },
  ).catch((error) => {
    throw new Error(`${(error as Error).message}; ${standsAt(last)}`, { cause: error });
  });
  if (!isSo(seen)) throw new Error(`ended ${seen.outcome} (${seen.reason}) before: ${what}`);
  return seen;
}

/** What somebody who has waited in vain wants to know. */
function standsAt(ledger: Ledger | undefined): string {
  if (!ledger) return 'its ledger could not be read';
  const open = ledger.questions.filter(({ answer }) => !answer).map(({ id, title }) => `${id} (${title})`);
  const running = ledger.steps.filter(({ state }) => state === 'running').map(({ id }) => id);
  const failed = ledger.steps
    .filter(({ state }) => state === 'failed')
    .map(({ id, summary, facts }) => `${id} (${summary}: ${JSON.stringify(facts.filter(({ ok }) => ok !== true))})`);
  return [
    `it asks for ${open.join(', ') || 'nothing'}`,
    `runs ${running.join(', ') || 'nothing'}`,
    `and has failed in ${failed.join(', ') || 'nothing'}`,
  ].join(', ');
}

export const asks = (id: string) => (ledger: Ledger) =>
  ledger.questions.some((question) => question.id === id && !question.answer);

/** The environment of a person's terminal, with this sandbox as the only Temporal it knows. */
function terminal(home: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return {
    ...Object.fromEntries(others),
    SUREFOOT_HOME: home,
    TEMPORAL_CONFIG_FILE: join(home, 'none.toml'),
    // These tests read histories as they are.
    SUREFOOT_PAYLOAD_KEYS: '',
    NO_COLOR: '1',
  };
}

export interface Said {
  code: number | undefined;
  out: string;
  err: string;
}

/** The built CLI, as a process of its own. */
export async function surefoot(home: string, ...words: string[]): Promise<Said> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, ...words], {
    env: terminal(home),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 60_000,
  });
  return { code: exitCode, out: stdout, err: stderr };
}

/** `surefoot worker` beside the sandbox. Its log is worker.log in the state folder. */
export function startWorker(home: string): { stop: () => Promise<void> } {
  const log = openSync(join(home, 'worker.log'), 'a', 0o600);
  const worker: ChildProcess = spawn(process.execPath, [MAIN, 'worker'], {
    env: terminal(home),
    stdio: ['ignore', log, log],
  });
  return {
    async stop() {
      if (worker.exitCode !== null || worker.signalCode !== null) return;
      const ended = once(worker, 'exit');
      worker.kill('SIGTERM');
      const killer = setTimeout(() => worker.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(killer);
    },
  };
}
