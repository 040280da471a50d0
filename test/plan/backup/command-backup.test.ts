import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stepsByID } from '../../../src/contract/runbook.js';
import { comparePlans } from '../../../src/plan/diff/compare-plans.js';
import { loadPlan } from '../../../src/plan/load.js';
import { problemsOf, replaceOnce, write } from '../plan-files.js';

const MINIMAL = readFileSync('plans/minimal.yaml', 'utf8');

/** The minimal plan, which has no database that is known, with a backup by commands. */
const FILE = `
backup:
  by: commands
  create: { run: [./backup.sh, "{environment}", "{file}"], timeout: 10m }
  verify: { run: [gzip, --test, "{file}"], timeout: 5m }
  query: { run: [./count.sh, "{environment}"], timeout: 1m }
  scratch:
    restore: { run: [./restore.sh, scratch, "{file}"], timeout: 20m }
    query: { run: [./count.sh, scratch], timeout: 1m }
    remove: { run: [./drop.sh, scratch], timeout: 1m }
  restore: { run: [./restore.sh, "{environment}", "{file}"], timeout: 20m }
`;
const SNAPSHOT = `
backup:
  by: commands
  create: { run: [./snapshot.sh, "{environment}"], timeout: 10m }
  prints: { backup: id, bytes: size }
  verify: { run: [./describe.sh, "{backup}"], timeout: 1m }
  query: { run: [./count.sh, "{environment}"], timeout: 1m }
  scratch:
    restore: { run: [./clone.sh, "{backup}"], timeout: 20m }
    query: { run: [./count.sh, scratch], timeout: 1m }
`;
const file = (backup: string, ...edits: [string, string][]) =>
  write('plan.yaml', MINIMAL.replace('\nsmoke:', `${edits.reduce(replaceOnce, backup)}\nsmoke:`));
const told = (backup: string, ...edits: [string, string][]) =>
  problemsOf(() => loadPlan(file(backup, ...edits))).map(({ path, message }) => `${path}: ${message}`);
const stepOf = (backup: string, ...edits: [string, string][]) =>
  stepsByID(loadPlan(file(backup, ...edits)).resolved).get('production.backup');

describe('a backup by commands', () => {
  test('needs no database that Surefoot knows, and keeps a file as it keeps a dump', () => {
    const { resolved, advice, warnings } = loadPlan(file(FILE));
    expect([advice, warnings]).toEqual([[], []]);
    expect(resolved.backup).toMatchObject({
      by: 'commands',
      create: { run: ['./backup.sh', '{environment}', '{file}'], on: 'worker', timeout: 600_000 },
      atLeast: 1,
      leaves: {
        kind: 'file',
        store: { kind: 'folder', folder: join(resolved.evidence, 'backups') },
        retention: 30 * 24 * 3_600_000,
        smallest: 50,
      },
    });
    expect(stepOf(FILE)).toMatchObject({
      facts: ['created', 'size', 'readable', 'contents', 'restored', 'stored', 'retention', 'removed'],
      without: {},
    });
  });

  test('that others keep is known by what its commands print', () => {
    expect(loadPlan(file(SNAPSHOT)).resolved.backup).toMatchObject({
      leaves: { kind: 'reference', backup: 'id', bytes: 'size' },
    });
    expect(stepOf(SNAPSHOT)).toMatchObject({
      facts: ['created', 'size', 'readable', 'contents', 'restored', 'stored'],
      without: { retention: 'backup.store' },
    });
    expect(stepOf(SNAPSHOT, [', bytes: size', ''])?.without).toEqual({
      size: 'backup.prints.bytes',
      retention: 'backup.store',
    });
  });

  test('establishes what it has commands for; boxes that rest on the rest are not applicable', () => {
    const verify = /^ {2}verify: .*\n/m.exec(FILE)?.[0] ?? '';
    expect(stepOf(FILE, [verify, ''])?.without).toEqual({ readable: 'backup.verify' });
  });

  test('differs from another step by step', () => {
    const [before, after] = [FILE, SNAPSHOT].map((backup) => loadPlan(file(backup)).resolved);
    if (!before || !after) throw new Error('both are there');
    const { steps, general } = comparePlans(before, after);
    expect(steps.filter(({ id }) => id.endsWith('.backup')).map(({ id, change }) => [id, change])).toContainEqual([
      'production.backup',
      'changed',
    ]);
    expect(general.map(({ path }) => path)).toEqual(['evidence']);
  });

  test.each<[string, string, [string, string], string]>([
    [
      'nothing that is known of what is made',
      FILE,
      ['"{environment}", "{file}"], timeout: 10m', '"{environment}"], timeout: 10m'],
      'backup.create.run: Holds no `{file}`',
    ],
    [
      'both a file and what is printed',
      SNAPSHOT,
      ['./snapshot.sh, "{environment}"', './snapshot.sh, "{file}"'],
      'backup.prints: `create` writes `{file}`: leave this out, or that',
    ],
    [
      'nothing that reads it back',
      SNAPSHOT,
      ['  verify: { run: [./describe.sh, "{backup}"], timeout: 1m }\n', ''],
      'backup: `verify` is missing: what `create` prints has to be read back where the backup is kept',
    ],
    [
      'a time that others keep it for',
      SNAPSHOT,
      ['  by: commands\n', '  by: commands\n  retention: 30d\n'],
      'backup.retention: Is for a backup that is a `{file}`',
    ],
    [
      'a trial that restores nothing',
      FILE,
      ['[./restore.sh, scratch, "{file}"]', '[./restore.sh, scratch]'],
      'backup.scratch.restore.run: Holds no `{file}`',
    ],
    [
      'a trial that writes over the database',
      FILE,
      ['[./restore.sh, scratch, "{file}"], timeout', '[./restore.sh, "{environment}", "{file}"], timeout'],
      'backup.scratch.restore.run: Is the same command as `restore`: the trial would write over the database itself',
    ],
    [
      'a trial that asks the database',
      FILE,
      ['[./count.sh, scratch]', '[./count.sh, "{environment}"]'],
      'backup.scratch.query.run: Is the same command as `query`: it would ask the database itself, not what was restored',
    ],
    [
      'a trial that writes over the database of production by its name',
      FILE,
      ['[./restore.sh, scratch, "{file}"]', '[./restore.sh, production, "{file}"]'],
      'backup.scratch.restore.run: Is the same command as `restore`: the trial would write over the database itself',
    ],
    [
      'a trial that asks the database of production by its name',
      FILE,
      ['[./count.sh, scratch]', '[./count.sh, production]'],
      'backup.scratch.query.run: Is the same command as `query`: it would ask the database itself, not what was restored',
    ],
    [
      'a file on the server',
      FILE,
      ['run: [./backup.sh, "{environment}", "{file}"]', 'on: server, run: [./backup.sh, "{environment}", "{file}"]'],
      'backup.create.on: `{file}` is a file on the worker’s machine: let this command run there',
    ],
    [
      'another placeholder',
      FILE,
      ['[./drop.sh, scratch]', '[./drop.sh, "{backup}"]'],
      'backup.scratch.remove.run[1]: `{backup}` is not filled in here; known: {environment}',
    ],
    [
      'a folder that is not there',
      FILE,
      ['[./drop.sh, scratch], timeout: 1m', '[./drop.sh, scratch], on: server, in: application'],
      'backup.scratch.remove.in: Needs `environments.production.application`',
    ],
    [
      'another kind',
      FILE,
      ['by: commands', 'by: comands'],
      'backup.by: "comands" is not known here; write pg_dump or commands',
    ],
  ])('with %s is refused', (_, backup, edit, says) => {
    expect(told(backup, edit)).toContainEqual(expect.stringContaining(says));
  });
});
