/** Dumps and restores whose worker, recorder or time is up in the midst of them: on a real server, with real kills. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ActivityCancellationDetails } from '@temporalio/common';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRestoreActivities } from '../../../src/activities/backup/restore.js';
import { databaseNumber } from '../../../src/adapters/backup/database-administration.js';
import { swapOf } from '../../../src/adapters/backup/database-swap.js';
import { dropLeftovers } from '../../../src/adapters/backup/trial-restore.js';
import { stepFolder } from '../../../src/adapters/commands/recorder.js';
import { withDatabase } from '../../../src/adapters/postgres/postgres.js';
import type { StoredBackup } from '../../../src/domain/ledger/ledger.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { alive, eventually, mockWorker, runActivity, temporaryFolder, textOf } from '../support.js';
import {
  backupInput,
  GOOD,
  KEY,
  oks,
  runBackup,
  SCHEMA,
  type Subject,
  spoilTools,
  subjectOf,
  text,
} from './backups-support.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Nobody counts the rows of a partitioned table, and pg_dump has to lock it: who locks it holds pg_dump, and nobody else. */
const HELD = `${SCHEMA}; create table held (id int) partition by range (id)`;

async function prepared(changes: Parameters<typeof subjectOf>[1] = {}): Promise<Subject> {
  count += 1;
  const database = await server.create(`interrupted${count}`);
  await server.query(database, HELD);
  return subjectOf(database, changes);
}

async function hold({ database }: Subject): Promise<() => Promise<void>> {
  const holder = new pg.Client({ ...server.connection, database: database.name });
  holder.on('error', () => undefined);
  await holder.connect();
  onTestFinished(() => holder.end().catch(() => undefined));
  await holder.query('begin; lock table held in access exclusive mode');
  return () => holder.end();
}

/** Sessions of ours in the database: whoever holds the snapshot, and pg_dump. */
const sessions = async ({ database }: Subject, waiting = false) =>
  (
    await server.query(
      { ...database, name: 'postgres' },
      `select pid from pg_stat_activity where datname = '${database.name}' and application_name = 'surefoot-backup'
        ${waiting ? `and wait_event_type = 'Lock'` : ''}`,
    )
  ).rows.length;

const dumpWaits = (subject: Subject) =>
  eventually('pg_dump waits for the table', async () => (await sessions(subject, true)) > 0);

/** An attempt in a process of its own; its group is killed as a supervisor or the system would do it. */
function attemptOf(which: 'backups' | 'restore', state: string, input: object): () => Promise<void> {
  const words = [join(import.meta.dirname, 'attempt.mjs'), which, state, JSON.stringify(input)];
  const child: ChildProcess = spawn(process.execPath, words, { detached: true, stdio: 'inherit' });
  const pid = child.pid as number;
  const kill = async () => {
    process.kill(-pid, 'SIGKILL');
    await eventually('the worker is gone', () => !alive(pid));
  };
  onTestFinished(() => (alive(pid) ? kill() : undefined));
  return kill;
}

const folderFor = (state: string, name: string, key = KEY) => stepFolder(state, key, name);

/** Kills what runs a command of the step, and the command itself where that is wanted. */
async function killRecorder(state: string, name: string, { key = KEY, both = true } = {}): Promise<number> {
  const pidIn = (file: string) =>
    eventually(`${file} of ${name}`, async () => {
      const content = await textOf(join(folderFor(state, name, key), file));
      return content === '' ? undefined : (JSON.parse(content) as { pid: number }).pid;
    });
  const command = await pidIn('command-pid.json');
  process.kill(await pidIn('started.json'), 'SIGKILL');
  if (both) process.kill(-command, 'SIGKILL');
  return command;
}

/** A file with a line for each time that a program was begun. */
function counted(spoil: Parameters<typeof spoilTools>[0] = {}) {
  const file = join(temporaryFolder(), 'ran');
  const note = (what: string) => `echo ${what} >> '${file}'`;
  spoilTools({
    ...spoil,
    beforeDump: `${note('dump')}; ${spoil.beforeDump ?? ''}`,
    restore: `${note('restore')}; ${spoil.restore ?? ''}`,
  });
  return (what: string) =>
    (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []).filter((each) => each === what).length;
}

/** The next attempt, as the server begins it, and what it tells in its heartbeats. */
function listening(begun: string[]) {
  const mock = mockWorker({ attempt: 2, heartbeatDetails: { begun: [...begun] } });
  const told: unknown[] = [];
  // The list is the activity's own, and grows.
  mock.on('heartbeat', (details) => told.push(structuredClone(details)));
  return { mock, told };
}

/** Waits in the midst of a program until it is let go. */
function gate() {
  const place = join(temporaryFolder(), 'gate');
  return {
    shell: `echo > '${place}.reached'; while [ ! -e '${place}' ]; do sleep 0.05; done`,
    reached: () => eventually('the program has come to its gate', () => existsSync(`${place}.reached`)),
    open: () => writeFileSync(place, ''),
  };
}

const scratchDatabases = async ({ database }: Subject): Promise<string[]> =>
  (await server.query(database, `select datname from pg_database where datname like 'surefoot%'`)).rows.map(
    ({ datname }) => datname,
  );

describe('a worker that is killed', () => {
  test('while pg_dump is at work leaves it there, and the next attempt gets the dump of that very moment', async () => {
    const subject = await prepared();
    const ran = counted();
    const letGo = await hold(subject);
    const kill = attemptOf('backups', subject.state, backupInput(subject));
    await dumpWaits(subject);
    await kill();
    await eventually('its own connection is gone', async () => (await sessions(subject)) === 1);
    await server.query(subject.database, `insert into plans values (3000, 'late', 'late')`);
    const begun = ['production.backup/1/dump-1'];
    const { mock, told } = listening(begun);
    const running = runBackup(subject, { mock });
    await eventually('it says how far the dump is', () => told.some((one) => /bytes dumped/.test(JSON.stringify(one))));
    await letGo();
    const report = await running;
    expect(oks(report), JSON.stringify(report.facts)).toEqual(GOOD);
    expect(text(report, 'restored')).toContain('2001 rows');
    expect([ran('dump'), ran('restore')]).toEqual([1, 1]);
    expect(told).toContainEqual({
      begun,
      progress: expect.stringMatching(/^\d+ bytes dumped$/),
    });
    // Nor has the password of any of it been written down.
    const password = (await textOf(subject.database.password.slice('file:'.length))).trim();
    const written = readdirSync(subject.state, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(written.length).toBeGreaterThan(5);
    for (const { parentPath, name } of written)
      expect(await textOf(join(parentPath, name)), name).not.toContain(password);
  });

  test('before pg_dump has taken over its snapshot ends that dump, and the next attempt makes one of another moment', async () => {
    const subject = await prepared();
    const { shell, reached, open } = gate();
    const ran = counted({ beforeDump: shell });
    const kill = attemptOf('backups', subject.state, backupInput(subject));
    await reached();
    await kill();
    await eventually('its connection is gone', async () => (await sessions(subject)) === 0);
    await server.query(subject.database, `insert into plans values (3000, 'late', 'late')`);
    open();
    const report = await runBackup(subject);
    expect(oks(report), JSON.stringify(report.facts)).toEqual(GOOD);
    expect(text(report, 'restored')).toContain('2002 rows');
    expect([ran('dump'), ran('restore')]).toEqual([2, 1]);
  });

  test('while the dump is restored on trial leaves that there, and its database to nobody else', async () => {
    const subject = await prepared();
    const { shell, reached, open } = gate();
    const ran = counted({ restore: `psql -qd "$database" -c "select pg_sleep(600)" > /dev/null & ${shell}; kill $!` });
    const kill = attemptOf('backups', subject.state, backupInput(subject));
    await reached();
    await kill();
    const [scratch, ...others] = await scratchDatabases(subject);
    expect(others).toEqual([]);
    await eventually('nobody but pg_restore is in its database', async () => {
      const { rows } = await server.query(
        subject.database,
        `select application_name from pg_stat_activity where '${scratch}' in (datname, application_name)`,
      );
      return rows.length === 1;
    });
    // Another deployment's backup, which clears away what is nobody's any more.
    expect(await dropLeftovers(subject.backup.scratch, 'another')).toEqual([]);
    const begun = ['dump-1', 'read-1', 'restore-1'].map((name) => `production.backup/1/${name}`);
    const { mock, told } = listening(begun);
    const running = runBackup(subject, { mock });
    await eventually('it says how far the restore is', () =>
      told.some((one) => /tables restored/.test(JSON.stringify(one))),
    );
    open();
    const report = await running;
    expect(oks(report), JSON.stringify(report.facts)).toEqual(GOOD);
    expect([ran('dump'), ran('restore')]).toEqual([1, 1]);
    expect(told).toContainEqual({ begun, progress: '2 of 2 tables restored or begun' });
    expect(await scratchDatabases(subject)).toEqual([]);
  });
});

test('a worker that shuts down in the midst leaves the dump and the scratch database to the next attempt', async () => {
  const subject = await prepared();
  const { shell, reached, open } = gate();
  const ran = counted({ restore: shell });
  const mock = mockWorker();
  const running = runBackup(subject, { mock });
  await reached();
  mock.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
  await expect(running).rejects.toMatchObject({ type: 'AttemptInterrupted' });
  expect(await scratchDatabases(subject)).toHaveLength(1);
  open();
  expect(oks(await runBackup(subject))).toEqual(GOOD);
  expect([ran('dump'), ran('restore')]).toEqual([1, 1]);
  expect(await scratchDatabases(subject)).toEqual([]);
});

describe('of which nobody knows how it ended', () => {
  test('a dump, and a restore on trial, that no longer run are made anew beside themselves', async () => {
    const subject = await prepared();
    const letGo = await hold(subject);
    const { shell, reached, open } = gate();
    const ran = counted({ restore: shell });
    const running = runBackup(subject);
    await dumpWaits(subject);
    await killRecorder(subject.state, 'dump-1');
    await letGo();
    await reached();
    const before = await scratchDatabases(subject);
    await killRecorder(subject.state, 'restore-1');
    open();
    const report = await running;
    expect(oks(report), JSON.stringify(report.facts)).toEqual(GOOD);
    expect([ran('dump'), ran('restore')]).toEqual([2, 2]);
    expect(before).toHaveLength(1);
    expect(await scratchDatabases(subject)).toEqual([]);
  });

  test('a dump that still runs is waited for, and asked about when its time is up: no second one beside it', async () => {
    const subject = await prepared({ timeout: 3_000 });
    const letGo = await hold(subject);
    const ran = counted();
    const running = runBackup(subject);
    await dumpWaits(subject);
    const command = await killRecorder(subject.state, 'dump-1', { both: false });
    await expect(running).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      nonRetryable: true,
      message: expect.stringMatching(
        /^pg_dump of interrupted\d+ was started, but its recorder was killed; the command still runs as process/,
      ),
    });
    expect(ran('dump')).toBe(1);
    await letGo();
    await eventually('it has ended', () => !alive(command));
  });
});

test('the time-out of the plan ends pg_dump, and nothing is stored', async () => {
  const subject = await prepared({ timeout: 1_000 });
  const letGo = await hold(subject);
  const report = await runBackup(subject);
  await letGo();
  expect(oks(report)).toEqual(Object.fromEntries(Object.keys(GOOD).map((name) => [name, false])));
  expect(text(report, 'created')).toMatch(/^pg_dump of interrupted\d+ took longer than 1 s and was killed/);
  await eventually('pg_dump is gone', async () => (await sessions(subject)) === 0);
});

describe('the last resort', () => {
  const STEP = { ...KEY, step: 'rollback-restore.restore' };
  const restoreInput = (subject: Subject, from: StoredBackup) => ({ ...backupInput(subject, STEP), from });
  const runRestore = (subject: Subject, from: StoredBackup, mock = mockWorker()) =>
    runActivity(() => createRestoreActivities(subject).restoreDatabase(restoreInput(subject, from)), mock);
  const ALL = { fetched: true, restored: true, 'in-place': true };

  async function ruined(timeout?: number) {
    const subject = await prepared();
    const { location = '', sha256, bytes, evidence } = await runBackup(subject);
    await server.query(subject.database, 'delete from plans where id > 10');
    Object.assign(subject.backup, { timeout });
    const from = { location, sha256, bytes, record: evidence[0] };
    const { restored } = swapOf(subject.database.name, { deployment: KEY.deployment, sha256 });
    const numberOf = (name: string) => withDatabase(subject.backup.scratch, (client) => databaseNumber(client, name));
    return { subject, from, restored, numberOf };
  }
  const plans = async ({ database }: Subject) =>
    (await server.query(database, 'select count(*)::int as plans from plans')).rows[0].plans;

  test('goes on in the database that a killed worker has begun to restore into', async () => {
    const { subject, from, restored, numberOf } = await ruined();
    const { shell, reached, open } = gate();
    const ran = counted({ restore: shell });
    const kill = attemptOf('restore', subject.state, restoreInput(subject, from));
    await reached();
    await kill();
    const number = await numberOf(restored);
    const begun = ['rollback-restore.restore/1/restore-1'];
    const { mock, told } = listening(begun);
    const running = runRestore(subject, from, mock);
    const far = { begun, progress: '2 of 2 tables restored or begun' };
    await eventually('it says how far the restore is', () => told.some((one) => isDeepStrictEqual(one, far)));
    open();
    const report = await running;
    expect(oks(report), JSON.stringify(report.facts)).toEqual(ALL);
    expect(ran('restore')).toBe(1);
    expect(await numberOf(subject.database.name)).toBe(number);
    expect(await plans(subject)).toBe(2000);
  });

  test('is begun anew in another database where nobody knows how it ended, and it no longer runs', async () => {
    const { subject, from, restored, numberOf } = await ruined();
    const { shell, reached, open } = gate();
    const ran = counted({ restore: shell });
    const running = runRestore(subject, from);
    await reached();
    const number = await numberOf(restored);
    await killRecorder(subject.state, 'restore-1', { key: STEP });
    open();
    const report = await running;
    expect(oks(report), JSON.stringify(report.facts)).toEqual(ALL);
    expect(ran('restore')).toBe(2);
    expect(await numberOf(subject.database.name)).not.toBe(number);
    expect(await plans(subject)).toBe(2000);
  });

  test('never goes on in another database of the same name', async () => {
    const { subject, from, restored, numberOf } = await ruined();
    const { shell, reached, open } = gate();
    const ran = counted({ restore: shell });
    const kill = attemptOf('restore', subject.state, restoreInput(subject, from));
    await reached();
    await kill();
    open();
    await eventually('pg_restore has ended', () =>
      existsSync(join(folderFor(subject.state, 'restore-1', STEP), 'exit.json')),
    );
    const admin = subject.backup.scratch;
    await server.query(admin, `drop database ${restored}`);
    await server.query(admin, `create database ${restored}`);
    const number = await numberOf(restored);
    expect(oks(await runRestore(subject, from))).toEqual(ALL);
    expect(ran('restore')).toBe(2);
    expect(await numberOf(subject.database.name)).not.toBe(number);
  });

  test('asks where its pg_restore still runs when its time is up: production is as it was, and so is what was begun', async () => {
    const { subject, from, restored, numberOf } = await ruined(3_000);
    const { shell, reached, open } = gate();
    const ran = counted({ insteadOfRestore: shell });
    const running = runRestore(subject, from);
    await reached();
    await killRecorder(subject.state, 'restore-1', { key: STEP, both: false });
    await expect(running).rejects.toMatchObject({ type: 'OutcomeUnknown', nonRetryable: true });
    expect([ran('restore'), await plans(subject)]).toEqual([0, 10]);
    expect(await numberOf(restored)).toBeDefined();
    open();
  });

  test('is ended by the time-out of the plan, and production stays as it was', async () => {
    const { subject, from, restored, numberOf } = await ruined(1_000);
    spoilTools({ insteadOfRestore: 'exec sleep 60' });
    const report = await runRestore(subject, from);
    expect(oks(report)).toEqual({ fetched: true, restored: false, 'in-place': false });
    expect(text(report, 'restored')).toMatch(/ took longer than 1 s and was killed/);
    expect([await plans(subject), await numberOf(restored)]).toEqual([10, undefined]);
  });
});
