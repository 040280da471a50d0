import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../src/activities/commands.js';
import { lockName, migrationName } from '../../src/adapters/database-locks.js';
import { evidenceFile } from '../../src/adapters/evidence-store.js';
import { processIdentity } from '../../src/adapters/process-identity.mjs';
import { stepFolder } from '../../src/adapters/recorder.js';
import type { StepKey } from '../../src/contract/activities.js';
import type { Database, Migration } from '../../src/contract/plan.js';
import { startTestServer, type TestServer } from './postgres-server.js';
import {
  alive,
  commandWith,
  environmentWith,
  eventually,
  mockWorker,
  runActivity,
  temporaryFolder,
  textOf,
} from './support.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const SECRET = 'geheim/4711';
process.env.SUREFOOT_TEST_PASSWORD = SECRET;

const key = (step = 'staging.deploy', generation = 1): StepKey => ({ deployment: 'eduautismo-1', step, generation });

function workplace() {
  const state = temporaryFolder();
  const place = { store: join(state, 'evidence'), deployment: 'eduautismo-1' };
  return { state, place, activities: createCommandActivities({ state }) };
}

describe('runCommand', () => {
  test('runs a command once for its key, and again for a new generation', async () => {
    const { state, place, activities } = workplace();
    const command = commandWith(['sh', '-c', 'echo "$1" >> count; echo deployed', 'sh', '{version}'], {
      folder: state,
    });
    const input = { evidence: place, environment: environmentWith(), command, values: { version: 'main' } };
    const first = await runActivity(() => activities.runCommand({ ...input, key: key() }));
    expect(first.facts).toMatchObject([{ name: 'ran', ok: true }]);
    expect(await runActivity(() => activities.runCommand({ ...input, key: key() }))).toEqual(first);
    expect(await textOf(join(state, 'count'))).toBe('main\n');
    await runActivity(() => activities.runCommand({ ...input, key: key('staging.deploy', 2) }));
    expect(await textOf(join(state, 'count'))).toBe('main\nmain\n');
    expect(await textOf(evidenceFile(place, first.evidence[0]?.path ?? ''))).toBe('deployed\n');
  });

  test('a failure names the command, its exit code and its last lines, without secrets anywhere', async () => {
    const { state, place, activities } = workplace();
    const command = commandWith([
      'sh',
      '-c',
      `echo 'postgresql://u:${encodeURIComponent(SECRET)}@h'; echo ${SECRET} >&2; exit 3`,
    ]);
    const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
    const failure = await runActivity(() => activities.runCommand(input)).catch((error) => error);
    expect(failure).toMatchObject({ type: 'CommandFailed', nonRetryable: true });
    expect(failure.message).toContain('exit code 3');
    expect(failure.message).toContain('postgresql://u:***@h');
    const folder = stepFolder(state, key(), 'command');
    const written = [await textOf(join(folder, 'stdout.log')), await textOf(join(folder, 'stderr.log'))];
    for (const { path } of failure.details[0].evidence) written.push(await textOf(evidenceFile(place, path)));
    expect(written).toHaveLength(4);
    for (const content of [failure.message, ...written]) expect(content).not.toMatch(/geheim/);
  });

  test('a command that takes too long is killed, and the failure says so', async () => {
    const { place, activities } = workplace();
    const command = commandWith(['sleep', '300'], { timeout: 300 });
    const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
    await expect(runActivity(() => activities.runCommand(input))).rejects.toMatchObject({
      type: 'CommandFailed',
      message: expect.stringContaining('took longer than 300 ms and was killed'),
    });
  });

  test('a cancellation stops the command; a worker that shuts down does not', async () => {
    for (const reason of ['CANCELLED', 'WORKER_SHUTDOWN'] as const) {
      const { state, place, activities } = workplace();
      const command = commandWith([
        'sh',
        '-c',
        `echo $$ > '${state}/pid'; while [ ! -e '${state}/go' ]; do sleep 0.05; done`,
      ]);
      const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
      const mock = mockWorker();
      const running = runActivity(() => activities.runCommand(input), mock);
      const pid = await eventually('the command runs', async () => Number(await textOf(join(state, 'pid'))));
      mock.cancel(
        reason,
        new ActivityCancellationDetails({
          cancelRequested: reason === 'CANCELLED',
          workerShutdown: reason !== 'CANCELLED',
        }),
      );
      if (reason === 'CANCELLED') {
        await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
        expect(processIdentity(pid)).toBeUndefined();
      } else {
        await expect(running).rejects.toMatchObject({ type: 'AttemptInterrupted', nonRetryable: false });
        expect(alive(pid)).toBe(true);
        writeFileSync(join(state, 'go'), '');
        expect(await runActivity(() => activities.runCommand(input))).toMatchObject({ facts: [{ ok: true }] });
      }
    }
  });

  test('a killed recorder is an unknown outcome that is not retried', async () => {
    const { state, place, activities } = workplace();
    const command = commandWith(['sleep', '300']);
    const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
    const running = runActivity(() => activities.runCommand(input));
    const folder = stepFolder(state, key(), 'command');
    const child = await eventually('the command runs', async () => {
      const text = await textOf(join(folder, 'command-pid.json'));
      return text === '' ? undefined : (JSON.parse(text) as { pid: number }).pid;
    });
    process.kill((JSON.parse(await textOf(join(folder, 'started.json'))) as { pid: number }).pid, 'SIGKILL');
    await expect(running).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      nonRetryable: true,
      message: expect.stringContaining(`still runs as process ${child}`),
    });
    process.kill(child, 'SIGKILL');
  });

  test('over ssh, a lost connection is unknown and a refused one is a failure', async () => {
    const { state, place, activities } = workplace();
    const bin = join(state, 'bin');
    mkdirSync(bin);
    const fake = (script: string) => {
      writeFileSync(join(bin, 'ssh'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, 'ssh'), 0o755);
    };
    const path = process.env.PATH;
    process.env.PATH = `${bin}:${path}`;
    try {
      const environment = environmentWith({ server: { kind: 'ssh', host: 'prod' }, tools: ['/opt/tools'] });
      const command = commandWith(['sh', '-c', 'echo "$PATH in $PWD"; exit "$0"', '{code}'], {
        on: 'server',
        folder: state,
      });
      const run = (step: string, code: string) =>
        runActivity(() =>
          activities.runCommand({ key: key(step), evidence: place, environment, command, values: { code } }),
        );
      fake('for last; do :; done; exec sh -c "$last"');
      const report = await run('good', '0');
      expect(await textOf(evidenceFile(place, report.evidence[0]?.path ?? ''))).toMatch(
        new RegExp(`^/opt/tools:.* in ${state}`),
      );
      await expect(run('bad', '255')).rejects.toMatchObject({
        type: 'CommandFailed',
        message: expect.stringContaining('exit code 255'),
      });
      fake('echo "client_loop: send disconnect: Broken pipe" >&2; exit 255');
      await expect(run('lost', '0')).rejects.toMatchObject({ type: 'OutcomeUnknown' });
      fake('echo "ssh: connect to host prod port 22: Connection refused" >&2; exit 255');
      await expect(run('refused', '0')).rejects.toMatchObject({
        type: 'CommandFailed',
        message: expect.stringContaining('not started'),
      });
    } finally {
      process.env.PATH = path;
    }
  });
});

describe('checkLogs', () => {
  test.each([
    ['all is well', true],
    ['CRITICAL: out of memory', false],
  ])('%s', async (line, ok) => {
    const { place, activities } = workplace();
    const command = commandWith(['echo', line]);
    const input = {
      key: key(),
      evidence: place,
      environment: environmentWith(),
      command,
      critical: 'CRITICAL|Traceback',
    };
    const report = await runActivity(() => activities.checkLogs(input));
    expect(report.facts).toMatchObject([
      { name: 'ran', ok: true },
      { name: 'logs', ok },
    ]);
    expect(report.evidence).toHaveLength(ok ? 1 : 2);
  });
});

describe('migrate', () => {
  let server: TestServer;
  let count = 0;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** A migration tool in small: alembic's `current`, and moves that psql makes. The real one is used by the demo's test. */
  async function target(move = '') {
    count += 1;
    const { state, place, activities } = workplace();
    const database = await server.create(`m${count}`);
    await server.query(database, 'create table alembic_version (version_num text); create table log (entry text)');
    const bin = join(state, 'bin');
    mkdirSync(bin);
    const { host, port, user, password } = server.connection;
    writeFileSync(
      join(bin, 'alembic'),
      `#!/bin/sh
export PGHOST=${host} PGPORT=${port} PGUSER=${user} PGPASSWORD='${password}' PGDATABASE=${database.name}
ask() { psql -X -A -t -q -v ON_ERROR_STOP=1 -c "$1"; }
case $1 in
  current) now=$(ask 'select version_num from alembic_version') || exit 1; [ -z "$now" ] || echo "$now (head)"; exit ;;
esac
echo "INFO  [alembic.runtime.migration] Running $1 $2" >&2
${move}
ask "insert into log select '$1 $2 ' || current_setting('application_name') || ' ' || current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')" || exit 1
ask 'delete from alembic_version' || exit 1
[ "$2" = base ] || ask "insert into alembic_version values ('$2')"
`,
    );
    chmodSync(join(bin, 'alembic'), 0o700);
    const migration: Migration = {
      tool: 'alembic',
      revision: '20251124_1151_5403edb1d087',
      current: commandWith(['alembic', 'current'], { on: 'server' }),
      upgrade: commandWith(['alembic', 'upgrade', '{revision}'], { on: 'server' }),
      downgrade: commandWith(['alembic', 'downgrade', '{revision}'], { on: 'server' }),
      lockTimeout: 5_000,
      statementTimeout: 30_000,
      within: 30_000,
    };
    const environment = environmentWith({ database, tools: [bin] });
    const step = key('production.migration');
    const run = (direction: Parameters<typeof activities.migrate>[0]['direction'], generation = 1, within?: number) => {
      const input = { key: { ...step, generation }, evidence: place, environment, migration, direction, within };
      return runActivity(() => activities.migrate(input));
    };
    const entries = async () =>
      (await server.query(database, 'select entry from log')).rows.map((row) => row.entry as string);
    return { state, place, activities, database, environment, migration, run, entries, step };
  }

  const client = async (database: Database, applicationName: string) => {
    const connected = new pg.Client({
      ...server.connection,
      database: database.name,
      application_name: applicationName,
    });
    await connected.connect();
    return connected;
  };

  test('upgrades once, with time limits and under its own name, and downgrades to where it came from', async () => {
    const { run, entries, step, activities, environment, migration } = await target();
    const up = await run({ kind: 'upgrade' }, 1, 30_000);
    expect(up).toMatchObject({ before: null, after: '5403edb1d087' });
    expect(up.facts.map(({ name, ok }) => [name, ok])).toEqual([
      ['ran', true],
      ['revision', true],
      ['warnings', true],
      ['duration', true],
    ]);
    expect(await run({ kind: 'upgrade' }, 1, 30_000)).toEqual(up);
    expect(await entries()).toEqual([`upgrade 5403edb1d087 ${migrationName(step)} 5s 30s`]);
    expect(await run({ kind: 'upgrade' }, 2)).toMatchObject({ before: '5403edb1d087', milliseconds: 0 });
    expect(await runActivity(() => activities.readRevision({ environment, migration }))).toBe('5403edb1d087');
    expect(await run({ kind: 'downgrade', from: migration.revision, to: null }, 3)).toMatchObject({ after: null });
    expect(await run({ kind: 'downgrade', from: migration.revision, to: null }, 4)).toMatchObject({ milliseconds: 0 });
    expect(await entries()).toHaveLength(2);
  });

  test('refuses to downgrade from a revision that the deploy did not make', async () => {
    const { run, database, entries } = await target();
    await server.query(database, `insert into alembic_version values ('somebody_elses')`);
    const down = run({ kind: 'downgrade', from: '5403edb1d087', to: 'aaaa' });
    await expect(down).rejects.toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringContaining('somebody_elses'),
    });
    expect(await entries()).toEqual([]);
  });

  test('refuses while somebody else holds the lock, and names them', async () => {
    const { run, database } = await target();
    const other = await client(database, 'surefoot-lock:other/step');
    await other.query('select pg_advisory_lock($1, $2)', [0x5375_7265, 1]);
    await expect(run({ kind: 'upgrade' })).rejects.toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringContaining('surefoot-lock:other/step'),
    });
    await other.end();
  });

  test('tries again when only its own earlier attempt still holds the lock', async () => {
    const { run, database, step } = await target();
    const earlier = await client(database, lockName(step));
    await earlier.query('select pg_advisory_lock($1, $2)', [0x5375_7265, 1]);
    await expect(run({ kind: 'upgrade' })).rejects.toMatchObject({ nonRetryable: false });
    await earlier.end();
  });

  test("waits for an earlier generation's statement, and refuses beside another migration", async () => {
    const { run, database, step, entries } = await target();
    const other = await client(database, migrationName({ ...step, deployment: 'another' }));
    await expect(run({ kind: 'upgrade' })).rejects.toMatchObject({ type: 'PreconditionFailed' });
    await other.end();
    const earlier = await client(database, migrationName(step));
    const running = run({ kind: 'upgrade' }, 2);
    const waiting = `select 1 from pg_stat_activity where application_name = '${lockName(step)}'`;
    await eventually('it has connected', async () => (await server.query(database, waiting)).rowCount);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await entries()).toEqual([]);
    await earlier.end();
    expect(await running).toMatchObject({ after: '5403edb1d087' });
  });

  test('warnings and a long run fail their facts, nothing else', async () => {
    const { run } = await target('echo "WARNING  [alembic] index exists" >&2; sleep 0.3');
    const report = await run({ kind: 'upgrade' }, 1, 100);
    expect(report.facts.filter((fact) => !fact.ok).map((fact) => fact.name)).toEqual(['warnings', 'duration']);
  });

  test('a failed migration is a failed command with the tool’s last words', async () => {
    const { run } = await target('echo "FAILED: Can\'t locate revision identified by 5403edb1d087"; exit 255');
    await expect(run({ kind: 'upgrade' })).rejects.toMatchObject({
      type: 'CommandFailed',
      message: expect.stringMatching(/exit code 255[\s\S]*Can't locate revision/),
    });
  });

  test('an attempt that comes back after the worker was lost reports the revision from before', async () => {
    const gate = temporaryFolder();
    const { run, entries, state, step, place, environment, migration } = await target(
      `while [ ! -e '${gate}/go' ]; do sleep 0.05; done`,
    );
    const mock = mockWorker();
    const activities = createCommandActivities({ state });
    const input = { key: step, evidence: place, environment, migration, direction: { kind: 'upgrade' as const } };
    const lost = runActivity(() => activities.migrate(input), mock);
    await eventually('the upgrade runs', () => textOf(join(stepFolder(state, step, 'upgrade'), 'started.json')));
    mock.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
    await expect(lost).rejects.toMatchObject({ type: 'AttemptInterrupted' });
    writeFileSync(join(gate, 'go'), '');
    expect(await run({ kind: 'upgrade' })).toMatchObject({ before: null, after: '5403edb1d087' });
    expect(await entries()).toHaveLength(1);
  });

  test('names of long steps stay apart and fit into PostgreSQL', () => {
    const long = (end: string) => key(`${'very-long-step-name-'.repeat(5)}${end}`, 12);
    expect(migrationName(long('a'))).not.toBe(migrationName(long('b')));
    for (const name of [migrationName(long('a')), lockName(long('a'))]) expect(name.length).toBeLessThanOrEqual(63);
  });
});
