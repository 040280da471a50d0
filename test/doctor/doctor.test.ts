import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Check } from '../../src/doctor/checks/check.js';
import { type Checked, examine } from '../../src/doctor/doctor.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer } from '../../src/local/temporal.js';
import { surefoot } from '../client/command-line.js';
import { startPgbouncer } from '../helpers/pgbouncer.js';
import { json } from '../helpers/server.js';
import { startSshd } from '../helpers/sshd.js';
import { SHIPPED } from '../plan/plan-files.js';
import { planLeavingOpen } from '../releases/many-releases.js';
import { scratchFolder } from '../sandbox/scratch-folders.js';
import { BUCKETS, PASSWORD, startWorld, type World } from './world.js';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });

/** Quick to give up on what never answers. */
const patience = { answer: 3_000, whole: 5_000, pause: 50 };
/** A Tuesday at noon in the plan's time zone. */
const AT = Date.UTC(2025, 10, 25, 15);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.stop();
  rmSync(world.folder, { recursive: true, force: true });
});

async function doctor(plan: ResolvedPlan, parts: { startedBy?: string; signal?: AbortSignal; others?: Check[] } = {}) {
  const { startedBy = 'ana.souza', signal = new AbortController().signal, others } = parts;
  return examine({ plan, startedBy, at: AT }, { signal, others, patience });
}

const failing = (checks: Checked[]) => checks.filter(({ ok }) => !ok).map(({ id, text }) => `${id}: ${text}`);
const line = (checks: Checked[], id: string) => checks.find((check) => check.id === id);

/** Every file below a folder with what is in it. */
function fingerprint(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .sort()
      .filter((name) => !name.includes('.git/'))
      .map((name) => {
        const file = join(folder, name);
        const info = statSync(file);
        const content = info.isFile() ? createHash('sha256').update(readFileSync(file)).digest('hex') : '';
        return [name, `${info.mtimeMs} ${info.mode} ${content}`];
      }),
  );
}

/** What of a server would not stay as it is if anything were written. */
async function written({ postgres, databases }: World): Promise<unknown> {
  const ask = (sql: string) => postgres.query(databases.production, sql).then(({ rows }) => rows);
  await ask('select pg_stat_force_next_flush()');
  return {
    databases: await ask('select datname from pg_database order by 1'),
    roles: await ask('select rolname from pg_roles order by 1'),
    rows: await ask(
      `select datname, tup_inserted, tup_updated, tup_deleted from pg_stat_database
        where datname in ('staging', 'production') order by 1`,
    ),
    objects: await ask('select count(*), max(oid) from pg_class'),
    settings: await ask('select setdatabase, setconfig from pg_db_role_setting'),
  };
}

describe('in a world where all is well', () => {
  test('nothing would have failed, and nothing is changed', async () => {
    const before = { files: fingerprint(world.folder), server: await written(world) };
    world.api.requests.length = 0;
    world.productionApi.requests.length = 0;
    world.slack.requests.length = 0;
    const { checks, complete } = await doctor(world.plan());
    expect({ failing: failing(checks), complete }).toEqual({ failing: [], complete: true });
    expect(checks.length).toBeGreaterThan(70);
    expect({ files: fingerprint(world.folder), server: await written(world) }).toEqual(before);
    for (const { requests } of [world.api, world.productionApi]) {
      expect([...new Set(requests)].sort()).toEqual(['GET /health', 'GET /metrics', 'POST /api/v1/auth/login']);
    }
    expect(new Set(world.slack.requests)).toEqual(new Set(['POST /api/auth.test']));
    expect(JSON.stringify(checks)).not.toContain(PASSWORD);
  });

  test('each check says when it is needed first, in the order of that time', async () => {
    const { checks } = await doctor(world.plan());
    const times = checks.map(({ when }) => when.afterSeconds);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(line(checks, 'prerequisites.repository/merged')?.when).toEqual({
      phase: 'prerequisites',
      step: 'prerequisites.repository',
      afterSeconds: 0,
    });
    const backup = line(checks, 'production.backup/production-dump-rights')?.when;
    expect(backup?.phase).toBe('production');
    expect(backup?.afterSeconds).toBeGreaterThan(24 * 3_600);
    expect(line(checks, 'watch-24h/latency-mean')?.when.afterSeconds).toBeGreaterThan(25 * 3_600);
  });

  test('what can’t be tried, and what is there already, is noted and fails nothing', async () => {
    const { checks } = await doctor(world.plan());
    expect(line(checks, 'admission/channel:pager-devops')).toMatchObject({
      ok: true,
      note: true,
      text: expect.stringContaining('its key cannot be tried without paging somebody'),
    });
    expect(line(checks, 'watch-5m/error-rate')).toMatchObject({ ok: true, text: 'error-rate (Taxa de erro): 0 %' });
  });
});

describe('in a broken world', () => {
  test('each thing that is wrong has its line, at its time, and nothing else has', async () => {
    const plan = world.plan();
    const { postgres, databases } = world;
    await postgres.query(databases.staging, `create role weak login password 'weak-password'`);
    await postgres.query(databases.production, 'create table salaries ()');
    await postgres.query(databases.production, 'drop extension pg_stat_statements');
    await postgres.query(databases.production, 'grant select on intervention_plans, alembic_version to weak');
    await postgres.query(databases.staging, 'delete from intervention_plans where id > 10');
    onTestFinished(async () => {
      await postgres.query(databases.staging, `insert into intervention_plans select generate_series(11, 1000)`);
      await postgres.query(databases.production, 'drop table salaries');
      await postgres.query(databases.production, 'create extension pg_stat_statements');
      for (const database of Object.values(databases)) await postgres.query(database, 'drop owned by weak');
      await postgres.query(databases.staging, 'drop role weak');
    });
    vi.stubEnv('WEAK_PASSWORD', 'weak-password');
    vi.stubEnv('NOT_SET_AT_ALL', undefined);
    vi.stubEnv('SLACK_WRONG', 'xoxb-wrong-token');
    onTestFinished(() => void vi.unstubAllEnvs());
    BUCKETS.highest = 10;
    onTestFinished(() => {
      BUCKETS.highest = 60;
    });

    plan.backup.scratch = { ...plan.backup.scratch, user: 'weak', password: 'env:WEAK_PASSWORD' };
    plan.environments.production.database = { ...databases.production, user: 'weak', password: 'env:WEAK_PASSWORD' };
    Object.assign(plan.environments.production.login, { password: 'env:NOT_SET_AT_ALL' });
    plan.prerequisites.tools.push('no-such-tool');
    plan.release.previous = 'v9.9.9';
    plan.environments.production.tools = [];
    plan.environments.production.application = '/no/such/folder';
    plan.migration.current.folder = '{application}';
    plan.indexes.table = 'plans_of_intervention';
    plan.alerts?.expected.splice(1);
    Object.assign(plan.alerts?.expected[0] ?? {}, { name: 'EduAutismoLatency' });
    for (const channel of plan.notifications.channels) if (channel.kind === 'slack') channel.token = 'env:SLACK_WRONG';
    plan.windows = {
      timeZone: 'America/Sao_Paulo',
      freeze: [{ title: 'Black Friday', from: '2025-11-26T00:00', to: '2025-12-01T00:00' }],
      deploy: [],
      lowTraffic: [],
      overrideBy: ['devops'],
    };
    plan.approvals.roster = plan.approvals.roster.filter(({ roles }) => !roles.includes('tech-lead'));
    plan.approvals.roster.push({ id: 'ana.souza', name: 'Ana', roles: ['tech-lead'] });
    const soaked = plan.soak.metrics.find(({ name }) => name === 'memory');
    if (soaked?.source.kind === 'scrape') {
      soaked.source.read = { gauge: { name: 'proces_resident_memory_bytes' } };
    }

    const { checks } = await doctor(plan);
    const scratch = `${plan.backup.scratch.host}:${plan.backup.scratch.port}`;
    const expected = [
      ...plan.notifications.channels.flatMap((channel) =>
        channel.kind === 'slack'
          ? [/^admission\/channel:\S+: Slack \S+ \(\S+\): refuses the token: invalid_auth$/]
          : [],
      ),
      /^prerequisites\.repository\/previous: v9\.9\.9 is not in /,
      'prerequisites.staging/env:NOT_SET_AT_ALL: Secret not found: the environment variable NOT_SET_AT_ALL is not set for the worker',
      'prerequisites.staging/rows: staging has 10 rows in intervention_plans, at least 1000 are needed',
      'prerequisites.tools/tool:no-such-tool: no-such-tool is not found',
      `staging.backup/createdb: no CREATEDB for weak on the scratch server ${scratch}`,
      'staging.indexes/staging-indexes: staging has no table plans_of_intervention (unless the migration makes it)',
      'soak/memory: memory (Uso de memória): no series proces_resident_memory_bytes',
      /^sign-offs\/roster: the roster without ana\.souza, who starts it, cannot fill the 5 sign-offs: nobody is left for tech-lead$/,
      /^preparation\.alerts\/latency-p95: Alerta de latência P95 > 3s: there is no alert EduAutismoLatency; did you mean /,
      /^production\.window\/window: production is held: freeze “Black Friday”; opens Mon 00:00 America\/Sao_Paulo \(in \d+ h/,
      'production.backup/production-dump-rights: production: weak may not read salaries',
      'production.indexes/production-indexes: production has no table plans_of_intervention (unless the migration makes it)',
      'watch-5m/immediate-latency-buckets: Latência P95 > 10s: "> 10000 ms" can never be: the highest bucket ends at 10000 ms',
      'watch-1h/production-statements: production: pg_stat_statements is not installed in this database',
    ];
    const found = failing(checks);
    const missing = expected.filter(
      (one) => !found.some((text) => (one instanceof RegExp ? one.test(text) : one === text)),
    );
    expect({ missing, found }).toMatchObject({ missing: [] });
    const told = (text: string) => expected.some((one) => (one instanceof RegExp ? one.test(text) : one === text));
    expect(found.filter((text) => !told(text))).toEqual([
      expect.stringMatching(
        /^prerequisites\.production\/production-program:alembic: production: the folder \/no\/such\/folder/,
      ),
      expect.stringMatching(
        /^prerequisites\.production\/production-revision: production: alembic current could not be run/,
      ),
      'prerequisites.production/production-release: production runs v1.2.3, not v9.9.9 that a rollback would go back to (release.previous)',
      expect.stringMatching(/^watch-1h\/slow-queries: .*pg_stat_statements is not installed in this database: CREATE/),
    ]);
    expect(line(checks, 'staging.backup/createdb')?.advice).toContain('ALTER ROLE weak CREATEDB');
    expect(line(checks, 'prerequisites.staging/env:NOT_SET_AT_ALL')?.advice).toContain('doctor reads its own');
    expect(line(checks, 'soak/memory')?.advice).toBe(
      'Did you mean process_resident_memory_bytes instead of proces_resident_memory_bytes?',
    );
    expect(line(checks, 'watch-5m/immediate-latency-buckets')?.advice).toBe('Add buckets above 10000 ms.');
    expect(JSON.stringify(checks)).not.toMatch(/weak-password|xoxb-wrong-token/);
  });

  test('a pooler in place of the database is told, with what to write, and all else is looked at through it', async () => {
    const plan = world.plan();
    for (const watch of [plan.soak, ...plan.watches]) Object.assign(watch, { metrics: [], criteria: [] });
    const pooler = await startPgbouncer(world.databases.staging, { pool_mode: 'transaction' });
    onTestFinished(() => pooler.stop());
    for (const environment of Object.values(plan.environments)) {
      environment.database = pooler.through(environment.database);
    }
    const { checks } = await doctor(plan);
    const said = (name: string) =>
      new RegExp(
        `/${name}-session: Database ${name} on .* is a connection pooler .* Write PostgreSQL's own address into`,
      );
    expect(failing(checks)).toEqual([
      expect.stringMatching(said('staging')),
      expect.stringMatching(said('production')),
    ]);
  });

  test('an application that is down, a wrong login, a store that can’t be written and a server that refuses', async () => {
    const plan = world.plan();
    for (const api of [world.api, world.productionApi]) {
      const { handle } = api;
      onTestFinished(() => {
        api.handle = handle;
      });
      api.handle = (request, response) => json(response, {}, request.url === '/health' ? 503 : 401);
    }
    writeFileSync(join(world.folder, 'a-file'), '');
    onTestFinished(() => rmSync(join(world.folder, 'a-file')));
    plan.evidence = join(world.folder, 'a-file', 'evidence');
    plan.backup.store = { kind: 'folder', folder: join(world.folder, 'a-file') };
    plan.environments.staging.database.port = 1;
    for (const watch of [plan.soak, ...plan.watches]) Object.assign(watch, { metrics: [], criteria: [] });
    const { checks } = await doctor(plan);
    expect(failing(checks)).toEqual([
      `prerequisites.repository/evidence: ${join(world.folder, 'a-file')}, for evidence, is no folder`,
      'prerequisites.staging/staging-database: Database staging on 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
      `prerequisites.staging/staging-login: staging: test@example.com at ${world.api.url}/api/v1/auth/login: refused: 401 Unauthorized`,
      `prerequisites.staging/production-login: production: prod_test@example.com at ${world.productionApi.url}/api/v1/auth/login: refused: 401 Unauthorized`,
      'prerequisites.production/production-release: which release production runs is not known: the health check answers: 503 Service Unavailable',
      `staging.backup/store: ${join(world.folder, 'a-file')}, for dumps, is no folder`,
      `staging.health/staging-health: staging: ${world.api.url}/health: 503 Service Unavailable`,
      `production.health/production-health: production: ${world.productionApi.url}/health: 503 Service Unavailable`,
    ]);
  });

  test('a host key that is not pinned is told before any command is', async () => {
    const sshd = await startSshd();
    onTestFinished(() => sshd.stop());
    vi.stubEnv('SSH_AUTH_SOCK', sshd.agent);
    onTestFinished(() => void vi.unstubAllEnvs());
    const plan = world.plan();
    for (const watch of [plan.soak, ...plan.watches]) Object.assign(watch, { metrics: [], criteria: [] });
    plan.environments.staging.server = sshd.server;
    plan.environments.production.server = { ...sshd.server, knownHosts: sshd.wrongHost };
    const { checks } = await doctor(plan);
    expect(failing(checks)).toEqual([
      expect.stringMatching(
        /^prerequisites\.production\/production-ssh: production: ssh \S+: Host key verification failed\.$/,
      ),
    ]);
    expect(line(checks, 'staging.migration/staging-ssh')).toMatchObject({ ok: true });
    expect(line(checks, 'staging.migration/staging-revision')).toMatchObject({ ok: true, text: 'staging is at 1f0' });
  });
});

describe('the doctor', () => {
  test('ends early with what is known by then, and waits for nobody', async () => {
    const stopped = new AbortController();
    const others: Check[] = [
      { id: 'quick', step: 'admission', run: async () => [{ name: 'quick', ok: true, text: 'done' }] },
      {
        id: 'never',
        step: 'admission',
        run: () => {
          setTimeout(() => stopped.abort(), 300);
          return new Promise(() => {});
        },
      },
    ];
    const { checks, complete } = await doctor(world.plan(), { signal: stopped.signal, others });
    expect(complete).toBe(false);
    expect(checks.map(({ id }) => id)).toContain('admission/quick');
    expect(checks.map(({ id }) => id)).not.toContain('admission/never');
  });

  test('gives every check a time limit, and one that throws a line of its own, without secrets', async () => {
    const others: Check[] = [
      { id: 'slow', step: 'admission', limit: 50, run: () => new Promise(() => {}) },
      { id: 'broken', step: 'soak', run: () => Promise.reject(new Error(`two\nlines with ${PASSWORD}`)) },
    ];
    const { checks } = await doctor(world.plan(), { others });
    expect(failing(checks)).toEqual(['admission/slow: not known within 50 ms', 'soak/broken: two / lines with ***']);
  });
});

describe('surefoot doctor', () => {
  const at = (address: string) => {
    vi.stubEnv('TEMPORAL_ADDRESS', address);
    vi.stubEnv('TEMPORAL_CONFIG_FILE', join(world.folder, 'none.toml'));
    vi.stubEnv('SUREFOOT_HOME', join(world.folder, 'home'));
    onTestFinished(() => void vi.unstubAllEnvs());
  };
  const command = () => ['doctor', SHIPPED, '--bindings', world.bindings, '--as', 'ana.souza'];

  test('a Temporal that is away is one of the things that would have failed', async () => {
    at('127.0.0.1:1');
    const { code, out } = await surefoot(...command(), '--json');
    const { ok, failed, checks } = JSON.parse(out);
    expect({ code, ok, failed }).toEqual({ code: 1, ok: false, failed: 1 });
    expect(checks.find((check: Checked) => !check.ok)).toMatchObject({
      id: 'admission/temporal',
      when: { phase: 'prerequisites', step: 'admission', afterSeconds: 0 },
      text: expect.stringContaining("Temporal can't be reached at 127.0.0.1:1"),
      advice: expect.stringContaining('TEMPORAL_ADDRESS'),
    });
  });

  test('a Temporal without a worker says so, and registers nothing', async () => {
    const folder = await scratchFolder();
    const ports = await choosePorts(folder, ['grpc', 'ui']);
    const server = await startTemporalServer({ folder, ports, virtualTime: false });
    onTestFinished(() => server.stop());
    at(server.address);
    const { code, out } = await surefoot(...command());
    expect(code).toBe(1);
    expect(out).toContain('✗ admission/worker: nobody serves the task queue surefoot: nothing would happen');
    expect(out).toContain('• admission/watchdog: no watchdog looks at deployments: when workers are away');
    expect(out).toContain('• admission/search-attributes: not registered yet: SurefootService');
    expect(out).toMatch(/✗ 1 of \d+ would have failed, the first now; \d+ to know of, \d+ hold \(--all shows them\)/);
    const again = await surefoot(...command(), '--all');
    expect(again.out).toContain('not registered yet: SurefootService');
    expect(again.out).toContain('✓ prerequisites.repository/merged');
  });

  test('what is not known of the release would keep it from starting, and the rest is tried', async () => {
    at('127.0.0.1:1');
    const plan = planLeavingOpen(['target', 'previous']);
    const { code, out } = await surefoot('doctor', plan, '--bindings', world.bindings, '--as', 'ana.souza', '--json');
    const { digest, checks } = JSON.parse(out) as { digest: unknown; checks: Checked[] };
    expect({ code, digest }).toEqual({ code: 1, digest: null });
    expect(failing(checks)).toContain('admission/target: target is not known: nobody has said what is deployed');
    const ids = checks.map(({ id }) => id);
    expect(checks.find(({ id }) => id === 'admission/untried')).toMatchObject({
      note: true,
      text: 'not tried before that is known: repository, review, production-release, way-back',
    });
    expect(ids.filter((id) => id.startsWith('staging.backup/'))).not.toEqual([]);
    expect(ids).not.toContain('prerequisites.repository/merged');

    const said = await surefoot('doctor', plan, '--bindings', world.bindings, '--as', 'ana.souza', '--target', 'main');
    expect(said.err).toContain('previous  v1.2.3 is what production says it runs');
    expect(said.out).not.toContain('not known: nobody');
  });

  test('Ctrl-C ends it with what is known by then', async () => {
    at('127.0.0.1:1');
    world.slack.requests.length = 0;
    // What another doctor on this machine has left, or is at, is not this one's.
    const folders = () => readdirSync(tmpdir()).filter((name) => /^surefoot-doctor-\w{6}$/.test(name));
    const others = folders();
    const examined = surefoot(...command(), '--json');
    await vi.waitFor(() => expect(world.slack.requests).not.toEqual([]), { timeout: 30_000, interval: 20 });
    process.emit('SIGINT', 'SIGINT');
    const { code, out, err } = await examined;
    expect(JSON.parse(out)).toMatchObject({ ok: false, complete: false });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('stopped before all was tried') });
    expect(process.listeners('SIGINT').map(({ name }) => name)).not.toContain('stop');
    const left = () => folders().filter((name) => !others.includes(name));
    await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 30_000, interval: 100 });
  });

  test('a plan that can’t be read exits 2', async () => {
    expect(await surefoot('doctor', 'plans/none.yaml', '--json')).toMatchObject({ code: 2 });
  });

  test('its help has an example, and says where to run it', async () => {
    const { code, out } = await surefoot('doctor', '--help');
    expect(code).toBe(0);
    expect(out).toMatch(/Run it where the worker runs[\s\S]*Example:\n {2}\$ surefoot doctor /);
  });
});
