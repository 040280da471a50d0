import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test, vi } from 'vitest';
import { stepFolder } from '../../../src/adapters/commands/recorder.js';
import { commandWith } from '../support.js';
import { GOOD as DUMPED } from './backups-support.js';
import { known, STEP, shell, shop, stored, told } from './command-backups-support.js';

vi.setConfig({ testTimeout: 60_000 });

const GOOD = { ...DUMPED, removed: true };
/** The fifth try of an activity is the last one. */
const attempt = (number: number) =>
  new MockActivityEnvironment({ attempt: number }, { logger: new DefaultLogger('ERROR') });
const draft = (root: string) => join(root, 'evidence', STEP.deployment, 'production.backup', '1', 'draft');

describe('a backup by commands that leaves a file', () => {
  test('is proven, stored as a dump is, and gone from where it was made', async () => {
    const { backUp, files, stored: folder } = shop();
    const report = await backUp();
    expect(known(report)).toEqual(GOOD);
    expect(told(report, 'contents')).toBe('2 lines, all as in the database');
    expect(report.bytes).toBeGreaterThan(1_000);
    expect(readdirSync(folder)).toHaveLength(1);
    const content = readFileSync(report.location ?? '');
    expect(createHash('sha256').update(content).digest('hex')).toBe(report.sha256);
    expect([existsSync(draft(files.root)), existsSync(files.scratch)]).toEqual([false, false]);
    expect(report.restoreMilliseconds).toBeGreaterThan(0);
  });

  test('is compared with the one before it', async () => {
    const { backUp, sql } = shop();
    await backUp();
    sql('delete from orders; vacuum;');
    const { facts } = await backUp({ ...STEP, generation: 2 });
    expect(facts.find(({ name }) => name === 'size')).toMatchObject({
      ok: true,
      text: expect.stringMatching(/^\d+ bytes, \d+ % of the dump before/),
    });
  });

  test.each<[string, Parameters<typeof shop>[0], Record<string, unknown>, RegExp]>([
    [
      'whose command fails',
      () => ({ create: commandWith(['sh', '-c', 'echo no space left >&2; exit 3', '{file}']) }),
      { created: false, size: 'unknown', restored: 'unknown', contents: 'unknown', stored: 'unknown' },
      /ended with exit code 3:\nno space left/,
    ],
    [
      'whose command writes nothing',
      () => ({ create: commandWith(['true', '{file}']) }),
      { created: false, size: 'unknown', stored: 'unknown' },
      /has written no file/,
    ],
    [
      'that is empty',
      () => ({ create: commandWith(['touch', '{file}']) }),
      { created: true, size: false, restored: 'unknown', stored: 'unknown' },
      /^0 bytes, fewer than 1; /,
    ],
    [
      'that is smaller than it may be',
      () => ({ atLeast: 1_000_000 }),
      { created: true, size: false, stored: 'unknown' },
      /^\d+ bytes, fewer than 1000000; /,
    ],
    [
      'that is not whole',
      ({ database }) => ({ create: commandWith(['sh', '-c', `head -c 5000 ${database} > "$0"`, '{file}']) }),
      { created: true, readable: false, restored: 'unknown', stored: 'unknown' },
      /integrity_check|DatabaseError|malformed|AssertionError/,
    ],
    [
      'that cannot be restored',
      () => ({ scratch: { restore: commandWith(['false', '{file}']) } }),
      { readable: true, restored: false, contents: 'unknown', stored: 'unknown', removed: false },
      /ended with exit code 1/,
    ],
    [
      'that has fewer rows than the database',
      ({ script, scratch }) => ({
        scratch: {
          restore: commandWith([
            ...['sh', '-c'],
            `python3 ${script} ${scratch} restore "$0" && python3 -c 'import sqlite3; c = sqlite3.connect("${scratch}"); c.execute("delete from people where name = ?", ["eva"]); c.commit()'`,
            '{file}',
          ]),
        },
      }),
      { restored: true, contents: false, stored: 'unknown', removed: true },
      /^"people 2 2", not "people 3 3" as in the database; /,
    ],
    [
      'of whose copy nothing is known',
      () => ({ scratch: { query: commandWith(['true']) } }),
      { restored: true, contents: 'unknown', stored: 'unknown', removed: true },
      /what was restored is not known: true printed nothing/,
    ],
    [
      'of a database that does not answer',
      () => ({ query: commandWith(['false']) }),
      { created: 'unknown', restored: 'unknown', stored: 'unknown' },
      /nothing was made: what the database holds is not known: false ended with exit code 1/,
    ],
  ])('%s is not stored', async (_, changes, expected, says) => {
    const { backUp, stored: folder, files } = shop(changes);
    const report = await backUp();
    expect(known(report)).toMatchObject(expected);
    expect(report.summary).toMatch(says);
    expect([report.location, existsSync(folder), existsSync(draft(files.root))]).toEqual([undefined, false, false]);
  });

  test('is taken while people go on ordering, where what it holds is from then', async () => {
    // Each look at the database is followed by an order, and so is the backup itself.
    const order = `python3 -c 'import sqlite3; c = sqlite3.connect("DB"); c.execute("insert into orders default values"); c.commit()'`;
    const { backUp } = shop(({ script, database }) => {
      const then = order.replace('DB', database);
      return {
        create: commandWith(['sh', '-c', `${then}; python3 ${script} ${database} create "$0"; ${then}`, '{file}']),
      };
    });
    const report = await backUp();
    expect(told(report, 'contents')).toMatch(/between what it said before and after the backup/);
    expect(known(report)).toEqual(GOOD);
  });

  test('what cannot be cleared away is told, and does not undo the backup', async () => {
    const report = await shop(() => ({ scratch: { remove: commandWith(['false']) } })).backUp();
    expect(known(report)).toEqual({ ...GOOD, removed: false });
    expect(report.location).toBeDefined();
    expect(told(report, 'removed')).toMatch(/^what was restored may still be there/);
  });

  test('what its plan has no command for is no fact of it', async () => {
    const { backUp } = shop(() => ({ verify: undefined, scratch: { remove: undefined } }));
    expect(Object.keys(known(await backUp()))).toEqual(
      Object.keys(GOOD).filter((name) => !['readable', 'removed'].includes(name)),
    );
  });

  test('each command runs once, and what was kept is found again by an attempt that comes later', async () => {
    const {
      backUp,
      files,
      stored: folder,
    } = shop(({ root, script, database }) => ({
      create: commandWith([
        'sh',
        '-c',
        `echo ran >> ${join(root, 'runs')}; python3 ${script} ${database} create "$0"`,
        '{file}',
      ]),
    }));
    const first = await backUp();
    const again = await backUp();
    expect(readFileSync(join(files.root, 'runs'), 'utf8')).toBe('ran\n');
    expect(again).toMatchObject({ facts: first.facts, location: first.location, sha256: first.sha256 });
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('nothing is begun in a state folder that is not its runner’s any more', async () => {
    const { backUp, files } = shop(
      ({ root }) => ({ query: commandWith(['sh', '-c', `echo ran >> ${join(root, 'runs')}`]) }),
      '0123456789abcdef',
    );
    await expect(backUp()).rejects.not.toHaveProperty('nonRetryable');
    await expect(backUp(STEP, attempt(5))).rejects.toMatchObject({ type: 'RunnerFailed', nonRetryable: true });
    expect(existsSync(join(files.root, 'runs'))).toBe(false);
  });

  test('what cannot be kept is asked about after some tries: nobody waits for a full disk for a week', async () => {
    const { backUp, files } = shop();
    writeFileSync(join(files.root, 'evidence'), 'no folder');
    await expect(backUp()).rejects.not.toHaveProperty('nonRetryable');
    await expect(backUp(STEP, attempt(5))).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      message: expect.stringMatching(/^production.backup may have run; what became of it cannot be kept: /),
    });
  });

  test('nothing follows a command of which nobody knows how it ended', async () => {
    const { backUp, files } = shop(({ root }) => ({
      // Its recorder is killed, as a machine that dies would do it.
      create: commandWith([shell(root, 'create', 'kill -KILL $PPID; sleep 0.2'), '{file}']),
    }));
    await expect(backUp()).rejects.toMatchObject({ type: 'OutcomeUnknown', nonRetryable: true });
    expect(existsSync(files.scratch)).toBe(false);
  });

  test('a password that a command prints stands in no evidence and in no record', async () => {
    vi.stubEnv('SUREFOOT_TEST_LOGIN', 'hunter2hunter2');
    const { backUp, files } = shop(({ script, database }) => ({
      create: commandWith([
        ...['sh', '-c'],
        `echo "as hunter2hunter2"; python3 ${script} ${database} create "$0"`,
        '{file}',
      ]),
    }));
    await backUp();
    const written = readdirSync(files.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(log|json)$/.test(entry.name))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(written.filter((text) => text.includes('as ***'))).not.toEqual([]);
    // The command itself is written as the plan has it.
    expect(written.filter((text) => /^as hunter2/m.test(text))).toEqual([]);
  });
});

describe('the last resort by a command', () => {
  test('puts the backup in the database’s place, which then answers as it did', async () => {
    const { backUp, restore, sql } = shop();
    const from = stored(await backUp());
    sql('delete from orders where id > 5; drop table people; create table people (name text);');
    const report = await restore(from);
    expect(known(report)).toEqual({ fetched: true, restored: true, 'in-place': true });
    expect(told(report, 'in-place')).toBe('2 lines, all as in the database');
  });

  test('begins with nothing but the backup that was proven', async () => {
    const { backUp, restore, sql, files } = shop();
    const from = stored(await backUp());
    appendFileSync(from.location, 'x');
    sql('delete from orders where id > 5');
    const before = readFileSync(files.database);
    expect(known(await restore(from))).toEqual({ fetched: false, restored: 'unknown', 'in-place': 'unknown' });
    expect(readFileSync(files.database)).toEqual(before);
  });

  test('without the record of the backup nobody knows whether it is in place', async () => {
    const { backUp, restore, evidence } = shop();
    const from = stored(await backUp());
    rmSync(join(evidence.store, evidence.deployment, from.record?.path ?? ''));
    const report = await restore(from);
    expect(known(report)).toEqual({ fetched: true, restored: true, 'in-place': 'unknown' });
    expect(report.summary).toBe('what the database held then is not known: the record of the backup is gone');
  });

  test('that has ended well is not run again by the next attempt, which would undo what was written since', async () => {
    const { backUp, restore, sql } = shop();
    const from = stored(await backUp());
    sql('delete from orders where id > 5');
    expect(known(await restore(from))).toEqual({ fetched: true, restored: true, 'in-place': true });
    sql('insert into orders values (21)');
    const next = await restore(from, { generation: 2 });
    expect(known(next)).toEqual({ fetched: true, restored: true, 'in-place': false });
    expect(told(next, 'restored')).toMatch(/ended without error after .*, by attempt 1: it is not run again\. /);
    expect(known(await restore(from, { generation: 3 }))).toMatchObject({ 'in-place': false });
    // Unless people say so.
    const anew = await restore(from, { generation: 4, again: true });
    expect(known(anew)).toEqual({ fetched: true, restored: true, 'in-place': true });
  });

  test('of which nobody knows how it ended is not run again unasked; one that is known to have failed is', async () => {
    const shared = shop();
    const from = stored(await shared.backUp());
    await shared.restore(from);
    const records = stepFolder(shared.state, { ...STEP, step: 'rollback-restore.restore' }, 'restore');
    const end = JSON.parse(readFileSync(join(records, 'exit.json'), 'utf8'));
    rmSync(join(records, 'exit.json'));
    shared.sql('delete from orders where id > 5');
    const unsure = await shared.restore(from, { generation: 2 });
    expect(known(unsure)).toEqual({ fetched: true, restored: 'unknown', 'in-place': 'unknown' });
    expect(told(unsure, 'restored')).toMatch(/^how the restore by attempt 1 ended is not known/);
    writeFileSync(join(records, 'exit.json'), JSON.stringify({ ...end, code: 1 }));
    const tried = await shared.restore(from, { generation: 3 });
    expect(known(tried)).toEqual({ fetched: true, restored: true, 'in-place': true });
  });

  test('that restores something else is seen', async () => {
    const { backUp, restore, sql } = shop(() => ({ restore: commandWith(['true', '{file}']) }));
    const from = stored(await backUp());
    sql('delete from orders where id > 5');
    expect(known(await restore(from))).toEqual({ fetched: true, restored: true, 'in-place': false });
  });
});

describe('a backup that others keep', () => {
  /** A keeper of snapshots: `keeper make DATABASE`, `keeper tell ID`, `keeper restore ID TO`. */
  const KEEPER = `
cd "$(dirname "$0")"
tell() { printf '{"snapshot": {"id": "%s", "bytes": "%s"}, "sha256": "%s"}' "$1" "$(wc -c < snap-$1 | tr -d ' ')" "$(sha256sum < snap-$1 | cut -d' ' -f1)"; }
case "$1" in
  make) cp "$2" snap-7; tell 7;;
  tell) tell "$2";;
  restore) cp "snap-$2" "$3";;
esac`;
  const kept = (changes: { verify?: string[]; fields?: object } = {}) =>
    shop(({ root, database, scratch }) => {
      const keeper = shell(join(root, 'keeper'), 'keeper', KEEPER);
      return {
        create: commandWith([keeper, 'make', database]),
        verify: commandWith(changes.verify ?? [keeper, 'tell', '{backup}']),
        scratch: { restore: commandWith([keeper, 'restore', '{backup}', scratch]) },
        restore: commandWith([keeper, 'restore', '{backup}', database]),
        leaves: {
          kind: 'reference',
          backup: 'snapshot.id',
          ...(changes.fields ?? { bytes: 'snapshot.bytes', checksum: 'sha256' }),
        },
      };
    });

  test('is proven by what its keeper tells of it, and by a restore', async () => {
    const { backUp, stored: folder } = kept();
    const report = await backUp();
    const { retention, ...others } = GOOD;
    expect(known(report)).toEqual(others);
    expect(told(report, 'stored')).toMatch(/^7, \d+ bytes, checksum [0-9a-f]{64}$/);
    expect([report.location, existsSync(folder)]).toEqual(['7', false]);
  });

  test('of which no size is told has no fact of it', async () => {
    const report = await kept({ fields: {} }).backUp();
    expect(Object.keys(known(report))).toEqual(['created', 'readable', 'contents', 'restored', 'stored', 'removed']);
    expect(report).toMatchObject({ location: '7', sha256: '', bytes: 0 });
  });

  test.each([
    [
      'is another than was made',
      ['sh', '-c', `echo '{"snapshot":{"id":"8","bytes":1},"sha256":"a"}'`, '{backup}'],
      { stored: false },
    ],
    ['does not tell of it', ['sh', '-c', 'echo gone', '{backup}'], { readable: false, stored: 'unknown' }],
    [
      'tells of half',
      ['sh', '-c', `echo '{"snapshot":{"id":"7"}}'`, '{backup}'],
      { readable: false, stored: 'unknown' },
    ],
  ])('that %s is not gone back to', async (_, verify, expected) => {
    const report = await kept({ verify }).backUp();
    expect(known(report)).toMatchObject({ created: true, restored: 'unknown', contents: 'unknown', ...expected });
    expect(report.location).toBeUndefined();
  });

  test.each([
    ['reads as an option', '--force'],
    ['would move a terminal', String.raw`a\u001b[2J`],
  ])('a name that %s is no name', async (_, name) => {
    const report = await shop(() => ({
      create: commandWith(['echo', `{"id":"${name}"}`]),
      leaves: { kind: 'reference', backup: 'id' },
    })).backUp();
    expect(known(report)).toMatchObject({ created: false, readable: 'unknown' });
    expect(report.summary).toMatch(/`id` in what it printed is not there or cannot be used/);
  });

  test('is gone back to where it is still there and as it was', async () => {
    const { backUp, restore, sql, files } = kept();
    const from = stored(await backUp());
    sql('delete from orders where id > 5');
    expect(known(await restore(from))).toEqual({ fetched: true, restored: true, 'in-place': true });
    appendFileSync(join(files.root, 'keeper', 'snap-7'), 'x');
    rmSync(join(files.root, 'state'), { recursive: true });
    expect(known(await restore(from))).toEqual({ fetched: false, restored: 'unknown', 'in-place': 'unknown' });
  });
});
