/** The proof of the way back, on a real Temporal and real databases, with a tool and an application in small. */

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createHttpActivities } from '../../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { createPeopleActivities } from '../../../src/activities/notify/people.js';
import type { DeployInput } from '../../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../../src/contract/messages.js';
import type { Command } from '../../../src/contract/plan/commands.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { ResolvedPlan } from '../../../src/contract/plan/plan.js';
import type { Ledger } from '../../../src/domain/ledger/ledger.js';
import { startTestServer, type TestServer } from '../../activities/postgres-server.js';
import { json, serve } from '../../helpers/server.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

const temporal = workflowServer();
let folder: string;
let postgres: TestServer;
beforeAll(async () => {
  folder = temporal.folder;
  postgres = await startTestServer();
  await temporal.work({
    taskQueue: 'reversible',
    workflowsPath: fileURLToPath(new URL('../reversible.ts', import.meta.url)),
    activities: {
      ...createPeopleActivities(),
      ...createHttpActivities(),
      ...createCommandActivities({ state: join(folder, 'state') }),
    },
  });
});

afterAll(() => postgres?.stop());

const shipped = loadWhole(SHIPPED);
let count = 0;

interface World {
  /** SQL of the migration and of its way back; `false` is a way back that was never written. */
  up?: string;
  down?: string | false;
  /** Revisions to start from. */
  staging?: string;
  production?: string;
  /** Whether the previous release answers on the new schema. */
  previousAnswers?: boolean;
  /** Whether the new release answers on the old schema. */
  newAnswers?: boolean;
  /** The tool finds the migration's scripts only where the new release is deployed. */
  scriptsOfRelease?: boolean;
  /** What fails once, after the migration was undone: to make it again, or to put the new release back. */
  failsOnce?: 'up' | 'deploy';
  when?: 'before-deploy';
  irreversible?: 'allow';
  previousChecks?: string[];
}

const DEPLOY = `if [ "$0" = ${shipped.release.target} ] && [ -e fails-deploy ]; then rm fails-deploy; exit 1; fi
printf '%s' "$0" > version; echo "deploy $0" >> log`;

/** Two databases at revision `old`, a tool that moves them, an application that says which release was deployed. */
async function world(options: World) {
  const { up = 'create index ix_note on plans (note)', down = 'drop index ix_note' } = options;
  const { previousAnswers = true, newAnswers = true, scriptsOfRelease = false } = options;
  count += 1;
  const place = join(folder, `w${count}`);
  mkdirSync(place);
  const make = async (name: string, revision = 'old'): Promise<Database> => {
    const database = await postgres.create(`${name}${count}`);
    await postgres.query(
      database,
      `create table revision (is_at text); insert into revision values ('${revision}');
       create table plans (id int primary key, note text); insert into plans select i, 'note' from generate_series(1, 10) i;
       ${revision === 'new' ? up : ''}`,
    );
    return database;
  };
  const databases = {
    staging: await make('staging', options.staging),
    production: await make('production', options.production),
  };
  const { host, port, user, password } = postgres.connection;
  const log = join(place, 'log');
  writeFileSync(
    join(place, 'tool'),
    `#!/bin/sh
export PGHOST=${host} PGPORT=${port} PGUSER=${user} PGPASSWORD='${password}' PGDATABASE="$1${count}"
ask() { psql -X -A -t -q -v ON_ERROR_STOP=1 -c "$1"; }
${scriptsOfRelease ? `[ "$2" = current ] || [ "$(cat version)" = main ] || { echo "Can't locate revision" >&2; exit 1; }` : ''}
if [ "$2" = up ] && [ -e fails-up ] && [ "$(cat schema)" = down ]; then rm fails-up; exit 1; fi
[ "$2" = current ] || echo "$2" > schema
case $2 in
  current) ask 'select is_at from revision'; exit ;;
  up) echo "$1 up" >> '${log}'; ask "begin; ${up}; update revision set is_at = 'new'; commit" ;;
  down) echo "$1 down $3" >> '${log}'; ${down === false ? 'echo "NotImplementedError" >&2; exit 1' : `ask "begin; ${down}; update revision set is_at = '$3'; commit"`} ;;
esac
`,
  );
  chmodSync(join(place, 'tool'), 0o755);
  writeFileSync(join(place, 'version'), 'main');
  if (options.failsOnce) writeFileSync(join(place, `fails-${options.failsOnce}`), '');
  const { url } = await serve((request, response) => {
    const version = readFileSync(join(place, 'version'), 'utf8');
    if (request.url === '/health') return json(response, { version });
    if (request.url === '/login') return json(response, { access_token: 'token' });
    const isOld = existsSync(join(place, 'schema')) && readFileSync(join(place, 'schema'), 'utf8').startsWith('down');
    if (version === 'main' && isOld && !newAnswers) return json(response, { error: 'no such column' }, 500);
    json(response, {}, version === 'main' || (previousAnswers && request.url === '/api') ? 200 : 500);
  });
  const command = (...run: string[]): Command => ({ run, on: 'worker', folder: place, timeout: 20_000 });
  const login = { path: '/login', username: 'test', password: databases.staging.password };
  const environment = (name: 'staging' | 'production') => ({
    ...shipped.environments[name],
    health: undefined,
    api: url,
    server: { kind: 'local' as const },
    tools: [],
    database: databases[name],
    login,
  });
  const check = { title: 'answers', method: 'GET' as const, query: {}, login: false, status: 200 };
  const plan: ResolvedPlan = {
    ...shipped,
    evidence: join(folder, 'evidence'),
    notifications: { ...shipped.notifications, channels: [], events: {} },
    environments: { staging: environment('staging'), production: environment('production') },
    commands: {
      ...shipped.commands,
      deploy: command('sh', '-c', DEPLOY, '{version}'),
    },
    migration: {
      ...shipped.migration,
      tool: 'own',
      when: options.when,
      revision: 'new',
      current: command('./tool', '{environment}', 'current'),
      heads: undefined,
      upgrade: command('./tool', '{environment}', 'up'),
      downgrade: command('./tool', '{environment}', 'down', '{revision}'),
    },
    healthPath: '/health',
    healthWithin: 2_000,
    smoke: [
      { ...check, id: 'basic', path: '/api' },
      { ...check, id: 'new-endpoint', path: '/api/new' },
    ],
    rollback: {
      ...shipped.rollback,
      irreversible: options.irreversible,
      previousChecks: 'previousChecks' in options ? options.previousChecks : ['basic'],
    },
  };
  const deployment = `d${count}`;
  const input: DeployInput = { deployment, plan, digest: '0'.repeat(64), startedBy: 'ana.souza', clock: 'real' };
  const handle = await temporal.client.workflow.start('proving', {
    taskQueue: 'reversible',
    workflowId: deployment,
    args: [input],
  });
  const done = () => readFileSync(log, 'utf8').trim().split('\n');
  return { handle, done, databases };
}

/** Carries it out to its end; when it asks, it is gone on without. */
async function prove(options: World): Promise<{ ledger: Ledger; asked: boolean; done: string[] }> {
  const { handle, done } = await world(options);
  const ended = handle.result() as Promise<Ledger>;
  let over = false;
  void ended.finally(() => {
    over = true;
  });
  let asked = false;
  while (!over && !asked) {
    asked = (await handle.query(statusQuery)).questions.length > 0;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (asked) {
    const skip = { kind: 'skip' as const, who: 'diego.alves', role: 'devops', why: 'the test goes on' };
    await handle.executeUpdate(decideUpdate, { args: [skip] });
  }
  return { ledger: await ended, asked, done: done() };
}

const facts = ({ steps }: Ledger) =>
  Object.fromEntries(
    (steps.find(({ id }) => id === 'staging.reversibility')?.facts ?? []).map(({ name, ok }) => [name, ok]),
  );
const textOf = ({ steps }: Ledger, name: string) =>
  steps.find(({ id }) => id === 'staging.reversibility')?.facts.find((fact) => fact.name === name)?.text;

test('a migration that can be undone is undone and made again, and the previous release tried on the new schema', async () => {
  const { ledger, asked, done } = await prove({});
  expect(asked).toBe(false);
  expect(facts(ledger)).toEqual({
    downgrade: true,
    'schema-restored': true,
    'upgrade-again': true,
    'new-code': true,
    'previous-code': true,
  });
  expect(ledger.eligibility).toMatchObject({ migration: true, code: true, drops: { tables: [], columns: [] } });
  expect(done).toEqual([
    'staging up',
    'staging down old',
    'staging up',
    `deploy ${shipped.release.previous}`,
    `deploy ${shipped.release.target}`,
  ]);
  const titles = ledger.steps.flatMap(({ evidence }) => evidence.map(({ title }) => title));
  expect(titles.filter((title) => title.startsWith('Revision and schema before'))).toHaveLength(3);
});

test('a way back that was never written stops the deployment and asks people; staging stays at the new revision', async () => {
  const { ledger, asked, done } = await prove({ down: false });
  expect(asked).toBe(true);
  expect(facts(ledger)).toEqual({
    downgrade: false,
    'schema-restored': false,
    'upgrade-again': false,
    'new-code': false,
    'previous-code': true,
  });
  expect(textOf(ledger, 'downgrade')).toContain('NotImplementedError');
  expect(ledger.eligibility).toMatchObject({ migration: false, code: true });
  expect(done.at(-1)).toBe(`deploy ${shipped.release.target}`);
});

test('a plan that allows it goes on with the previous code as the only way back', async () => {
  const { ledger, asked } = await prove({ down: false, irreversible: 'allow' });
  expect(asked).toBe(false);
  expect(ledger.eligibility).toMatchObject({ migration: false, code: true });
  expect(ledger.eligibility?.reasons.join()).toContain('the migration cannot be undone');
});

test('a way back that leaves something of the migration is no way back', async () => {
  const { ledger, asked } = await prove({ up: 'create index if not exists ix_note on plans (note)', down: 'select 1' });
  expect(asked).toBe(true);
  expect(facts(ledger)).toMatchObject({ downgrade: true, 'schema-restored': false });
  expect(textOf(ledger, 'schema-restored')).toContain('1 index added (public.ix_note)');
});

test('a way back that brings the schema back and not the data is no way back', async () => {
  const { ledger } = await prove({
    up: 'alter table plans drop column note',
    down: 'alter table plans add column note text',
  });
  expect(facts(ledger)).toEqual({
    downgrade: false,
    'schema-restored': true,
    'upgrade-again': true,
    'new-code': true,
    'previous-code': true,
  });
  expect(textOf(ledger, 'downgrade')).toBe('data was lost: public.plans.note: 10 values → 0');
});

test('a second upgrade that fails leaves staging where it cannot go on, even when the plan allows one-way migrations', async () => {
  const { ledger, asked, done } = await prove({
    up: `create type mood as enum ('ok')`,
    down: 'select 1',
    irreversible: 'allow',
  });
  expect(asked).toBe(true);
  expect(facts(ledger)).toEqual({
    downgrade: true,
    'schema-restored': false,
    'upgrade-again': false,
    'new-code': true,
    'previous-code': false,
  });
  expect(textOf(ledger, 'upgrade-again')).toContain('already exists');
  expect(textOf(ledger, 'previous-code')).toContain('not tried');
  expect(done.filter((line) => line.startsWith('deploy'))).toEqual([]);
});

test('a previous release that fails on the new schema leaves no rollback of the code, and the release is put back', async () => {
  const { ledger, asked, done } = await prove({ previousAnswers: false });
  expect(asked).toBe(true);
  expect(facts(ledger)).toEqual({
    downgrade: true,
    'schema-restored': true,
    'upgrade-again': true,
    'new-code': true,
    'previous-code': false,
  });
  expect(ledger.eligibility).toMatchObject({ migration: true, code: false });
  expect(done.at(-1)).toBe(`deploy ${shipped.release.target}`);
});

test('without a list of checks the previous release has to pass all smoke checks', async () => {
  expect(facts((await prove({ previousChecks: undefined })).ledger)).toMatchObject({ 'previous-code': false });
});

test('a staging that was already migrated is first brought to where production is', async () => {
  const { ledger, done } = await prove({ staging: 'new' });
  expect(facts(ledger)).toEqual({
    downgrade: true,
    'schema-restored': true,
    'upgrade-again': true,
    'new-code': true,
    'previous-code': true,
  });
  expect(done.slice(0, 4)).toEqual(['staging down old', 'staging up', 'staging down old', 'staging up']);
});

test('a staging that had a revision is not emptied because production has none yet: people are asked', async () => {
  const { ledger, asked, done } = await prove({ staging: 'new', production: 'base' });
  expect(asked).toBe(true);
  expect(facts(ledger)).toMatchObject({ downgrade: false, 'previous-code': true });
  expect(textOf(ledger, 'downgrade')).toContain('it is not emptied to prove a downgrade to nothing');
  expect(ledger.eligibility).toMatchObject({ migration: false, code: true });
  expect(ledger.eligibility).not.toHaveProperty('wentBackTo');
  expect(done.filter((line) => line.startsWith('staging'))).toEqual([]);
});

test('where production is already at the new revision there is no migration to undo', async () => {
  const { ledger, done } = await prove({ staging: 'new', production: 'new' });
  expect(facts(ledger)).toEqual({
    downgrade: true,
    'schema-restored': true,
    'upgrade-again': true,
    'new-code': false,
    'previous-code': true,
  });
  expect(ledger.eligibility).toMatchObject({ migration: false, code: true });
  expect(done).toHaveLength(2);
});

const { previous: before, target } = shipped.release;

test('a release that fails on the old schema is told; the migration is undone once more with the code that goes back first', async () => {
  const { ledger, asked, done } = await prove({ newAnswers: false });
  expect(asked).toBe(false);
  expect(facts(ledger)).toMatchObject({ 'upgrade-again': true, 'new-code': false, 'previous-code': true });
  expect(textOf(ledger, 'new-code')).toContain('500');
  expect(ledger.eligibility).toMatchObject({ newCode: false, full: { first: 'code', proven: true } });
  expect(done).toEqual([
    ...['staging up', 'staging down old', 'staging up'],
    ...[`deploy ${before}`, 'staging down old', 'staging up', `deploy ${target}`],
  ]);
});

test('where the scripts go with the code, the migration has to go back first, and nobody has seen users served meanwhile', async () => {
  const { ledger, asked, done } = await prove({ newAnswers: false, scriptsOfRelease: true });
  expect(asked).toBe(false);
  expect(ledger.eligibility).toMatchObject({
    migration: true,
    code: true,
    full: { first: 'migration', proven: false },
  });
  expect(ledger.eligibility?.reasons.join()).toContain('with the previous code deployed failed');
  expect(done.slice(3)).toEqual([`deploy ${before}`, `deploy ${target}`]);
});

test('a plan that migrates first has both tried: the new release on the old schema, and its own way backwards', async () => {
  const { ledger, done } = await prove({ when: 'before-deploy' });
  expect(ledger.eligibility).toMatchObject({ newCode: true, full: { first: 'code', proven: true } });
  expect(done.slice(3)).toEqual([`deploy ${before}`, 'staging down old', 'staging up', `deploy ${target}`]);
});

test.each([
  ['made again', 'up', []],
  ['followed by the new release', 'deploy', [`deploy ${before}`]],
] as const)(
  'a proof whose migration was undone and could not be %s succeeds when it is retried: staging is put back first',
  async (_, failsOnce, first) => {
    const { handle, done } = await world({ failsOnce, scriptsOfRelease: true });
    await vi.waitUntil(async () => (await handle.query(statusQuery)).questions.length > 0, { timeout: 60_000 });
    const retry = { kind: 'retry' as const, who: 'diego.alves', role: 'devops', why: 'it works now' };
    const earlier = done().length;
    await handle.executeUpdate(decideUpdate, { args: [retry] });
    const ledger = (await handle.result()) as Ledger;
    expect(Object.values(facts(ledger))).toEqual([true, true, true, true, true]);
    expect(done().slice(0, earlier)).toEqual(expect.arrayContaining([...first]));
    expect(done()[earlier]).toBe(`deploy ${target}`);
  },
);
