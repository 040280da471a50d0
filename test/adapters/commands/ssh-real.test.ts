/** Commands and migrations over a real OpenSSH server. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import { migrationName } from '../../../src/adapters/migration/migration-lock.js';
import type { Environment } from '../../../src/contract/plan/environment.js';
import type { Migration } from '../../../src/contract/plan/migration.js';
import type { StepReport } from '../../../src/domain/evidence.js';
import { startTestServer, type TestServer } from '../../activities/postgres-server.js';
import {
  commandWith,
  environmentWith,
  eventually,
  mockWorker,
  runActivity,
  temporaryFolder,
  textOf,
} from '../../activities/support.js';
import { startSshd, type TestSshd } from '../../helpers/sshd.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

describe('over a real sshd', () => {
  let sshd: TestSshd;
  const before = process.env.SSH_AUTH_SOCK;
  beforeAll(async () => {
    sshd = await startSshd();
    process.env.SSH_AUTH_SOCK = sshd.agent;
  });
  afterAll(async () => {
    if (before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = before;
    await sshd?.stop();
  });

  function workplace(server: Partial<TestSshd['server']> = {}) {
    const state = temporaryFolder();
    const remote = temporaryFolder();
    const environment = environmentWith({ server: { ...sshd.server, ...server }, application: remote });
    const activities = createCommandActivities({ state });
    const evidence = { store: join(state, 'evidence'), deployment: 'd' };
    const run = (script: string, words: string[] = [], mock = mockWorker()) => {
      const command = commandWith(['sh', '-c', script, 'sh', ...words], { on: 'server', folder: remote });
      const key = { deployment: 'd', step: 'staging.deploy', generation: 1 };
      return runActivity(() => activities.runCommand({ key, evidence, environment, command, values: {} }), mock);
    };
    const output = async (report: StepReport) => textOf(evidenceFile(evidence, report.evidence[0]?.path ?? ''));
    return { state, remote, environment, activities, evidence, run, output };
  }

  test('a command runs in its folder, and its output and its exit code come back', async () => {
    const { run, output, remote } = workplace();
    const report = await run('pwd; echo "to stderr" >&2');
    expect(report.facts).toMatchObject([{ name: 'ran', ok: true }]);
    expect(await output(report)).toBe(`${remote}\n`);
    await expect(workplace().run('echo why >&2; exit 3')).rejects.toMatchObject({
      type: 'CommandFailed',
      message: expect.stringMatching(/exit code 3 on .*@127\.0\.0\.1:\nwhy/),
    });
    await expect(workplace().run('exit 255')).rejects.toMatchObject({
      type: 'CommandFailed',
      message: expect.stringContaining('exit code 255'),
    });
  });

  test('arguments arrive as they were written, whatever a shell would make of them', async () => {
    const words = [
      'two words',
      '  spaces  ',
      "it's",
      '"double"',
      'a;b',
      '$HOME',
      '`id`',
      '$(id)',
      '*',
      '~',
      '-rf',
      '--',
      '\\n',
      'a\nb',
      'ção',
      '',
      '!x',
      '#x',
      '&',
      '|',
      '>out',
      "'; touch pwned; '",
      '%s',
    ];
    const { run, output } = workplace();
    const report = await run('for word; do printf "<%s>" "$word"; done', words);
    expect(await output(report)).toBe(words.map((word) => `<${word}>`).join(''));
  });

  test.each([
    ['an unknown host key', () => ({ knownHosts: sshd.unknownHost }), 'host key is known|Host key verification failed'],
    ['another host key than the pinned one', () => ({ knownHosts: sshd.wrongHost }), 'Host key verification failed'],
    ['a user without a key', () => ({ user: 'nobody' }), 'Permission denied'],
    ['a port where nobody listens', () => ({ port: 1 }), 'Connection refused|No .* host key is known'],
  ])('%s is refused before anything is started', async (_, server, said) => {
    const { run, remote } = workplace(server());
    const failure = await run('touch started').catch((error) => error);
    expect(failure).toMatchObject({ type: 'CommandFailed', nonRetryable: true });
    expect(failure.message).toContain('was not started: no connection');
    expect(failure.message).toMatch(new RegExp(said));
    expect(await textOf(join(remote, 'started'))).toBe('');
  });

  test('a connection that is lost leaves an unknown outcome, and the command is never started a second time', async () => {
    const { run, remote } = workplace();
    const script = 'echo begun >> count; while [ ! -e go ]; do sleep 0.05; done; echo done >> count';
    const running = run(script);
    running.catch(() => undefined);
    await eventually('the command runs', () => textOf(join(remote, 'count')));
    await sshd.cutConnections();
    await expect(running).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      nonRetryable: true,
      message: expect.stringContaining('the connection was lost'),
    });
    await expect(run(script)).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    writeFileSync(join(remote, 'go'), '');
    // The server has gone on with it, as a person who looks there finds out.
    await eventually('it ends on the server', async () => (await textOf(join(remote, 'count'))) === 'begun\ndone\n');
  });

  test('a worker that is lost is followed by one that waits for the very same command', async () => {
    const { run, remote, output } = workplace();
    const script = 'echo begun >> count; while [ ! -e go ]; do sleep 0.05; done; cat count';
    const mock = mockWorker();
    const lost = run(script, [], mock);
    lost.catch(() => undefined);
    await eventually('the command runs', () => textOf(join(remote, 'count')));
    mock.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
    await expect(lost).rejects.toMatchObject({ type: 'AttemptInterrupted', nonRetryable: false });
    const again = run(script);
    writeFileSync(join(remote, 'go'), '');
    expect(await output(await again)).toBe('begun\n');
  });

  describe('migrations', () => {
    let postgres: TestServer;
    let count = 0;
    beforeAll(async () => {
      postgres = await startTestServer();
    });
    afterAll(() => postgres.stop());

    const fact = (report: StepReport, name: string) => report.facts.find((one) => one.name === name);
    const STEP = { deployment: 'd', step: 'production.migration', generation: 1 };

    /** alembic in small, on the server; `change` is the SQL of its one revision. */
    async function target(change: string, server: Partial<TestSshd['server']> = {}) {
      count += 1;
      const place = workplace(server);
      const database = await postgres.create(`s${count}`);
      await postgres.query(database, 'create table alembic_version (version_num text); create table log (entry text)');
      const bin = join(place.remote, 'bin with space');
      mkdirSync(bin);
      const { host, port, user, password } = postgres.connection;
      writeFileSync(
        join(bin, 'alembic'),
        `#!/bin/sh
export PGHOST=${host} PGPORT=${port} PGUSER=${user} PGPASSWORD='${password}' PGDATABASE=${database.name} PATH='${process.env.PATH}'
ask() { psql -X -A -t -q -v ON_ERROR_STOP=1 -c "$1"; }
case $1 in current) ask 'select version_num from alembic_version'; exit ;; esac
echo begun >> '${place.remote}/begun'
ask "insert into log select current_setting('application_name') || ' ' || current_setting('lock_timeout'); ${change}; insert into alembic_version values ('$2')"
`,
      );
      chmodSync(join(bin, 'alembic'), 0o755);
      const environment: Environment = { ...place.environment, database, tools: [bin] };
      const command = (...words: string[]) =>
        commandWith(['alembic', ...words], { on: 'server', folder: '{application}' });
      const migration: Migration = {
        tool: 'alembic',
        revision: 'new',
        current: command('current'),
        upgrade: command('upgrade', '{revision}'),
        downgrade: command('downgrade', '{revision}'),
        lockTimeout: 5_000,
        statementTimeout: 30_000,
        within: 30_000,
      };
      const up = (generation = 1) =>
        runActivity(() =>
          place.activities.migrate({
            key: { ...STEP, generation },
            evidence: place.evidence,
            environment,
            migration,
            direction: { kind: 'upgrade' },
          }),
        );
      const begun = () => textOf(join(place.remote, 'begun'));
      return { database, up, begun };
    }

    test('a migration runs on the server with its limits and its name', async () => {
      const { up, database } = await target('create index ix_log on log (entry)');
      const report = await up();
      expect(report.facts.filter(({ ok }) => !ok)).toEqual([]);
      expect(fact(report, 'schema')?.text).toContain('1 index added');
      expect((await postgres.query(database, 'select entry from log')).rows).toEqual([
        { entry: `${migrationName(STEP)} 5s` },
      ]);
    });

    test('a host that is not the pinned one gets no migration, and every fact says so', async () => {
      const { up, begun } = await target('select 1', { knownHosts: sshd.wrongHost });
      const report = await up();
      expect(fact(report, 'ran')).toMatchObject({
        ok: false,
        text: expect.stringMatching(/nothing was run: [\s\S]*Host key verification failed/),
      });
      expect(await begun()).toBe('');
    });

    test('after a lost connection the next attempt waits for the migration that goes on, and finds it done', async () => {
      const { up, begun, database } = await target('select pg_sleep(2); create index ix_log on log (entry)');
      const running = up();
      running.catch(() => undefined);
      const asleep = `select 1 from pg_stat_activity where application_name = '${migrationName(STEP)}' and query like '%pg_sleep%'`;
      await eventually('the migration is at work', async () => (await postgres.query(database, asleep)).rowCount);
      await sshd.cutConnections();
      await expect(running).rejects.toMatchObject({ type: 'OutcomeUnknown', nonRetryable: true });
      const next = await up(2);
      expect(next).toMatchObject({ before: 'new', after: 'new', milliseconds: 0 });
      expect(next.facts.filter(({ ok }) => !ok)).toEqual([]);
      expect(await begun()).toBe('begun\n');
    });
  });
});
