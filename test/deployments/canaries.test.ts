/**
 * Planted secrets: a whole deployment and its rollback on the real target, whose scripts and migrations print every
 * password and token they can get hold of. Afterwards none of them is anywhere that a person or a program reads.
 */
import { chmodSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { type AnnouncementReceiver, startAnnouncementReceiver } from '../../sandbox/local/announcements.js';
import { writeBindings } from '../../sandbox/local/bindings.js';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import type { DeployResult } from '../../src/contract/deployment.js';
import { decideUpdate } from '../../src/contract/messages.js';
import { startTraffic } from '../../src/demo/traffic.js';
import type { Decision } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import {
  asks,
  ledgerWhen,
  ownSandbox,
  type PlanSections,
  type Said,
  SHIPPED_PLAN,
  startWorker,
  surefoot,
} from './support.js';

/** Secrets in variables of the worker, by the plan's credentials; those in files are the sandbox's own. */
const VARIABLES: Record<string, { credential: string; value: string }> = {
  SLACK_TOKEN: { credential: 'slack', value: 'xoxb-canary-slack-0123456789' },
  PAGERDUTY_DEVOPS_ROUTING_KEY: { credential: 'devops-on-call', value: 'canary-devops-routing-0123456789' },
  PAGERDUTY_DBA_ROUTING_KEY: { credential: 'dba-on-call', value: 'canary-dba-routing-0123456789ab' },
};
/** What the worker has besides, and no plan knows of. */
const UNNAMED = ['SOME_TEAMS_API_KEY', 'SSH_AUTH_SOCK', 'TEMPORAL_API_KEY'];
const SIGN_OFFS = [
  { who: 'bruno.lima', role: 'tech-lead' },
  { who: 'carla.mendes', role: 'backend-team' },
  { who: 'diego.alves', role: 'devops' },
  { who: 'elisa.rocha', role: 'qa' },
  { who: 'gabriela.dias', role: 'product-owner' },
];
const DEVOPS = { who: 'diego.alves', role: 'devops' };

let sandbox: Sandbox;
let client: Client;
let handle: WorkflowHandle;
let people: AnnouncementReceiver;
let result: DeployResult;
const traffic = new AbortController();
/** Name → value. */
const canaries = new Map<string, string>();
const onCommandLines = new Set<string>();
const said: Said[] = [];
const closers: (() => Promise<unknown>)[] = [];

/**
 * The shipped plan without what takes long: a soak of seconds (the first look knows no rate: of four seconds it may be
 * half that nothing is seen), small load tests, and no checklist to fill in.
 */
function shortPlan(folder: string): string {
  const {
    document: _,
    items: __,
    ...plan
  } = parse(readFileSync(SHIPPED_PLAN, 'utf8')) as PlanSections & {
    items: unknown;
    production: { loadTest?: unknown };
    confirmations: Record<string, Record<string, { items?: string[] }>>;
  };
  Object.assign(plan.soak, { tick: '1s', minimum: '10s', criteria: ['soak-error-rate'], trends: [] });
  Object.assign(plan.criteria['soak-error-rate'] ?? {}, { for: '2s', minimumSamples: 1 });
  for (const one of plan.load.tests) Object.assign(one, { requests: 50, concurrency: 5 });
  delete plan.production.loadTest;
  for (const confirmation of Object.values(plan.confirmations).flatMap((phase) => Object.values(phase))) {
    confirmation.items = ['All is well'];
  }
  const file = join(folder, 'plan.yaml');
  writeFileSync(file, stringify(plan));
  return file;
}

const seenByScripts = (home: string) => join(home, 'seen-by-scripts');

/** Every script prints all that it knows before it does its work; the log of staging cannot be read the first time. */
function plantLeaks({ home, target }: Sandbox): void {
  const script = (name: string) => join(target.operationsFolder, name);
  const write = (name: string, lines: string[]) => {
    writeFileSync(script(name), `#!/usr/bin/env bash\n${lines.join('\n')}\n`);
    chmodSync(script(name), 0o755);
  };
  const secrets = join(home, 'secrets');
  write('leak', [
    'env',
    `mkdir -p ${seenByScripts(home)}; env > $(mktemp ${seenByScripts(home)}/"$1".XXXXXX)`,
    `for file in ${secrets}/*-db-password ${secrets}/*-test-password; do`,
    '  secret=$(cat "$file")',
    '  echo "leak: $secret"',
    '  echo "leak: postgresql://user:$secret@host/name" >&2',
    '  printf "leak in parts: "; head -c 9 "$file"; sleep 0.01; tail -c +10 "$file"; echo',
    'done',
  ]);
  for (const name of readdirSync(target.operationsFolder).filter((each) => each.endsWith('.sh'))) {
    renameSync(script(name), script(`real-${name}`));
    const refusal = name === 'tail_logs.sh' ? ['[ -e "$0.seen" ] || { touch "$0.seen"; exit 3; }'] : [];
    const leakyMigrations =
      name === 'deploy.sh'
        ? [
            `cat >>${home}/environments/"$1"/backend/alembic/env.py <<'PYTHON'`,
            'import glob, sys',
            `for name in glob.glob("${secrets}/*-db-password"):`,
            '    print("leak:", open(name).read(), file=sys.stderr)',
            'PYTHON',
          ]
        : [];
    write(name, [
      'set -u',
      `"${script('leak')}" ${name}`,
      ...refusal,
      `bash "${script(`real-${name}`)}" "$@" || exit $?`,
      ...leakyMigrations,
    ]);
  }
}

/** What any user of the machine can see of processes, for as long as the deployment runs. */
function watchCommandLines(): () => Promise<void> {
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      let words = '';
      try {
        words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        continue; // it has ended meanwhile
      }
      for (const [name, value] of canaries) if (words.includes(value)) onCommandLines.add(`${name}: ${words}`);
    }
  };
  const timer = setInterval(look, 150);
  return async () => clearInterval(timer);
}

beforeAll(async () => {
  sandbox = await ownSandbox({ virtualTime: false });
  closers.push(() => sandbox.stop());
  const { home } = sandbox;
  people = await startAnnouncementReceiver(home);
  closers.push(() => people.stop());
  const bindings = await writeBindings(sandbox, people.url);
  const bound = parse(readFileSync(bindings, 'utf8')) as { credentials: Record<string, string> };
  for (const [variable, { credential, value }] of Object.entries(VARIABLES)) {
    bound.credentials[credential] = `env:${variable}`;
    vi.stubEnv(variable, value);
    canaries.set(variable, value);
  }
  // The same password by a variable of the worker, which its own environment's commands may see.
  const staging = readFileSync(sandbox.target.environments.staging.database.passwordFile, 'utf8').trim();
  bound.credentials['staging-database'] = 'env:STAGING_DATABASE_PASSWORD';
  vi.stubEnv('STAGING_DATABASE_PASSWORD', staging);
  for (const variable of UNNAMED) vi.stubEnv(variable, variable === 'TEMPORAL_API_KEY' ? '' : 'canary-of-nobody-01234');
  writeFileSync(bindings, stringify(bound), { mode: 0o600 });
  for (const name of readdirSync(join(home, 'secrets')).filter((each) => /-(db|test)-password$/.test(each))) {
    canaries.set(name, readFileSync(join(home, 'secrets', name), 'utf8').trim());
  }
  plantLeaks(sandbox);

  const plan = shortPlan(home);
  closers.push(watchCommandLines());
  const worker = startWorker(home);
  closers.push(() => worker.stop());
  const { address, namespace } = sandbox.temporal;
  const connection = await Connection.connect({ address });
  closers.push(() => connection.close());
  client = new Client({ connection, namespace });
  await startTraffic(loadPlan(plan, { bindings }).resolved, traffic.signal);
  closers.push(async () => traffic.abort());

  await deploy(plan, bindings);
}, 600_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  while (closers.length > 0) await closers.pop()?.();
}, 120_000);

async function cli(...words: string[]): Promise<Said> {
  const one = await surefoot(sandbox.home, ...words);
  said.push(one);
  return one;
}

/** To the watch of production and back, with everything that people say and look at on the way. */
async function deploy(plan: string, bindings: string): Promise<void> {
  const started = await cli(
    'start',
    plan,
    '--bindings',
    bindings,
    '--as',
    'ana.souza',
    '--json',
    '--shorten',
    'soak=10s',
  );
  if (started.code !== 0) throw new Error(started.err);
  const { workflowId, runId } = JSON.parse(started.out) as { workflowId: string; runId: string };
  handle = client.workflow.getHandle(workflowId, runId);
  const say = (decision: Decision) => handle.executeUpdate(decideUpdate, { args: [decision] });
  const confirm = async (subject: string, as: { who: string; role: string }) => {
    await ledgerWhen(handle, `${subject} is asked for`, asks(subject));
    await say({ kind: 'confirm', subject, ...as });
  };
  await confirm('access', DEVOPS);
  await ledgerWhen(handle, 'the log of staging cannot be read', asks('staging.logs'));
  await cli('status');
  await cli('status', '--json');
  await cli('approve', '--as', 'diego.alves', '--role', 'devops');
  await cli('retry', 'staging.logs', '--as', 'diego.alves', '--role', 'devops');
  const { proposal } = await ledgerWhen(handle, 'sign-offs are asked for', asks('sign-offs'));
  for (const signOff of SIGN_OFFS) await say({ kind: 'approve', ...signOff, digest: proposal?.digest });
  await confirm('communication', { who: 'gabriela.dias', role: 'product-owner' });
  await confirm('infrastructure', DEVOPS);
  await ledgerWhen(handle, 'production is watched', ({ monitors }) => monitors.some(({ id }) => id === 'watch-5m'));
  await cli(
    'rollback',
    ...['--as', 'diego.alves', '--role', 'devops', '--why', 'customers report errors', '--option', 'full'],
  );
  result = (await handle.result()) as DeployResult;
  await cli('status');
  await cli('status', '--json');
  for (const format of ['html', 'json']) await report(format);
  await cli('doctor', plan, '--bindings', bindings, '--all');
}

/** @throws when there is no report to search */
async function report(format: string): Promise<void> {
  const { code, err } = await cli('report', '--format', format);
  if (code !== 0) throw new Error(err);
}

/** The names of the canaries that a text or a file holds, also as they stand in URLs and in base64. */
function held(bytes: Buffer | string): string[] {
  const buffer = Buffer.from(bytes);
  return [...canaries].flatMap(([name, value]) => {
    const forms = [value, encodeURIComponent(value), Buffer.from(value).toString('base64').replace(/=+$/, '')];
    return forms.some((form) => buffer.includes(form)) ? [name] : [];
  });
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.map((name) => join(folder, name)).filter((file) => statSync(file).isFile());
}

const leaking = (folder: string) =>
  filesBelow(folder).flatMap((file) => held(readFileSync(file)).map((name) => `${file}: ${name}`));

describe('after a deployment whose commands printed every secret', () => {
  test('it went to production and back, and they did print them', () => {
    expect(result).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'full', succeeded: true } });
    const logs = filesBelow(join(sandbox.home, 'evidence')).filter((file) => file.endsWith('.stdout.log'));
    const leaks = logs.map((file) => readFileSync(file, 'utf8')).filter((text) => text.includes('leak: ***'));
    expect(leaks.length).toBeGreaterThan(5);
    expect(canaries.size).toBeGreaterThanOrEqual(7);
    // Where they belong they are found: the search can see them.
    expect(leaking(join(sandbox.home, 'environments')).length).toBeGreaterThan(1);
  });

  test('no history of any workflow holds one', async () => {
    const seen: string[] = [];
    for await (const { workflowId, runId, type } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      expect(held(Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish())), workflowId).toEqual([]);
      seen.push(type);
    }
    expect(seen).toEqual(expect.arrayContaining(['DeployWorkflow', 'MonitorWorkflow', 'RollbackFullWorkflow']));
  });

  test('Temporal’s database file holds none', () => {
    const folder = join(sandbox.home, 'temporal');
    expect(filesBelow(folder).some((file) => file.endsWith('temporal.db'))).toBe(true);
    expect(leaking(folder)).toEqual([]);
  });

  test('the evidence holds none', () => expect(leaking(join(sandbox.home, 'evidence'))).toEqual([]));

  test('the folder of the recorder holds none: neither output nor variables of commands', () =>
    expect(leaking(join(sandbox.home, 'worker'))).toEqual([]));

  test('the worker’s log holds none', () => expect(held(readFileSync(join(sandbox.home, 'worker.log')))).toEqual([]));

  test('nobody was told one, and the CLI showed none, in errors neither', () => {
    const told = readFileSync(people.file, 'utf8');
    expect(told).toContain('customers report errors');
    expect(held(told)).toEqual([]);
    expect(said.map(({ code }) => code)).toContain(2);
    expect(held(JSON.stringify(said))).toEqual([]);
  });

  test('no process had one among its arguments', () => expect([...onCommandLines]).toEqual([]));

  test('commands got the password of their own environment, and no token of anybody else', () => {
    const logs = filesBelow(join(sandbox.home, 'evidence'));
    const printed = (step: string) =>
      logs
        .filter((file) => file.includes(`/${step}/`) && file.endsWith('.stdout.log'))
        .map((file) => readFileSync(file, 'utf8'))
        .join('');
    expect(printed('staging.deploy')).toContain('STAGING_DATABASE_PASSWORD=***');
    expect(printed('production.deploy')).not.toContain('STAGING_DATABASE_PASSWORD');
    for (const variable of Object.keys(VARIABLES)) expect(printed('staging.deploy')).not.toContain(variable);
  });

  test('no script found a variable that is not on the list, nor did the one that a metric is read by', () => {
    const seen = filesBelow(seenByScripts(sandbox.home)).map((file) => ({ file, text: readFileSync(file, 'utf8') }));
    // Without a record: the metric `logs`.
    const metric = seen.filter(({ file, text }) => file.includes('tail_logs') && !text.includes('SUREFOOT_COMMAND='));
    expect(metric.length).toBeGreaterThan(0);
    expect(seen.length).toBeGreaterThan(metric.length + 5);
    const strange = seen.flatMap(({ text }) => [...text.matchAll(/^(\w+)=/gm)].map(([, name = '']) => name));
    for (const variable of [...UNNAMED, ...Object.keys(VARIABLES)]) expect(strange).not.toContain(variable);
    for (const { text } of metric) expect(text).not.toContain('STAGING_DATABASE_PASSWORD');
  });
});
