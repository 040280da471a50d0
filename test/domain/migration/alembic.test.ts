/** What alembic prints (the forms of 1.20), what is printed beside it, and what its table says. The real one: activities/alembic. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALEMBIC,
  bareRevision,
  currentOf,
  headsOf,
  sameRevision,
  wrongWithDowngrade,
} from '../../../src/domain/migration/alembic.js';
import { migrationTool } from '../../../src/domain/migration/migration-tools.js';

const OTHER = migrationTool('node-pg-migrate');

describe('alembic current', () => {
  test.each<[string, string[]]>([
    ['5403edb1d087\n', ['5403edb1d087']],
    ['5403edb1d087 (head)\n', ['5403edb1d087']],
    ['5403edb1d087 (effective head)\n', ['5403edb1d087']],
    ['5403edb1d087 (head) (mergepoint)\n', ['5403edb1d087']],
    ['5403edb1d087 (mergepoint)\r\n', ['5403edb1d087']],
    ['5403edb1d087 (shopping-cart) (head)\n', ['5403edb1d087']],
    ['20251124_1151_5403edb1d087 (head)\n', ['5403edb1d087']],
    ['Loading the configuration.\n5403edb1d087 (head)\n', ['5403edb1d087']],
    ['Connected\n5403edb1d087 (head)\n', ['5403edb1d087']],
    ['production\n5403edb1d087\n', ['5403edb1d087']],
    ['aaa (head)\nbbb (head)\n', ['aaa', 'bbb']],
    ['aaa (head)\nbbb\n', ['aaa', 'bbb']],
    [
      'Current revision(s) for postgresql+psycopg://u:***@h/d:\nRev: aaa (head)\nParent: <base>\nPath: /v/aaa.py\n\n    base\n    \n    Revision ID: aaa\n',
      ['aaa'],
    ],
  ])('%j is what the table says, too: %j', (output, table) => {
    expect(currentOf(output, table)).toEqual(table);
  });

  test('a head that a dependency implies is one head more', () => {
    expect(currentOf('aaa (head)\nbbb (effective head)\n', ['aaa'])).toEqual(['aaa', 'bbb']);
  });

  test('that prints nothing is no revision only where the database itself has none', () => {
    for (const silence of ['', '\n', ' \r\n']) {
      expect(currentOf(silence, null)).toEqual([]);
      expect(currentOf(silence, [])).toEqual([]);
      expect(() => currentOf(silence, ['8c1f0a2d4b6e'])).toThrow(
        'it printed nothing, and alembic_version holds 8c1f0a2d4b6e',
      );
    }
  });

  test.each<[string, string[] | null, string]>([
    ['aaa (head)\n', ['bbb'], 'it printed aaa, and alembic_version holds bbb'],
    ['aaa (head)\n', [], 'it printed aaa, and alembic_version holds no revision'],
    ['aaa (head)\n', null, 'it printed aaa, and the database has no table alembic_version'],
    ['aaa (head)\n', ['aaa', 'bbb'], 'it printed aaa, and alembic_version holds aaa, bbb'],
    ['users (head)\n', ['add_users'], 'it printed users'],
    ['Connected\n', null, 'it printed Connected'],
    ["FAILED: Can't locate revision identified by '5403edb1d087'\n", ['aaa'], "Can't locate"],
    ['Could not parse this.\n', null, 'No revision can be read in'],
    ['psql: error: connection refused\n', ['aaa'], 'No revision can be read in'],
  ])('%j beside %j is not known', (output, table, message) => {
    expect(() => currentOf(output, table)).toThrow(message);
  });

  test('never says anything but what the table holds, or that it is not known', () => {
    const line = fc.constantFrom(
      '',
      'a',
      'b',
      'a (head)',
      'b (mergepoint)',
      'Connected',
      'Loading it.',
      '    a',
      'FAILED',
    );
    const table = fc.option(fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), table, (lines, rows) => {
        try {
          const found = currentOf(lines.join('\n'), rows);
          expect(found.slice(0, rows?.length ?? 0)).toEqual(rows ?? []);
          if (found.length === 0) expect(lines.join('').trim()).toBe('');
        } catch (error) {
          expect((error as Error).message).not.toBe('');
        }
      }),
    );
  });
});

describe('alembic heads', () => {
  test.each<[string, string[]]>([
    ['5403edb1d087 (head)\n', ['5403edb1d087']],
    ['5403edb1d087 (shop, shopping-cart) (head)\n', ['5403edb1d087']],
    ['Connected\naaa (head)\nbbb (effective head)\n', ['aaa', 'bbb']],
  ])('%j are %j', (output, heads) => {
    expect(headsOf(output)).toEqual(heads);
  });

  test('none is no answer', () => {
    for (const output of ['', '\n']) expect(() => headsOf(output)).toThrow('no head');
    expect(() => headsOf('Loading the configuration.')).toThrow('No revision can be read in');
  });
});

describe('any other tool', () => {
  test('says its revision on the last line, and `base` where there is none', () => {
    expect(OTHER.current('Reading the database ...\n1764000000000_reserve-stock\n', null)).toEqual([
      '1764000000000_reserve-stock',
    ]);
    expect(OTHER.current('base\n', null)).toEqual([]);
  });

  test('that prints nothing, or a sentence, has not told', () => {
    for (const silence of ['', '\n \n']) expect(() => OTHER.current(silence, null)).toThrow('it print `base`');
    expect(() => OTHER.current('FATAL: sorry, too many clients already', null)).toThrow('No revision can be read in');
    expect(() => OTHER.current('x'.repeat(1_000), null)).toThrow('No revision can be read in');
    expect(() => OTHER.heads('')).toThrow('no head');
  });

  test('names every head of the code on a line of its own', () => {
    expect(OTHER.heads('v1\nv2\n')).toEqual(['v1', 'v2']);
  });
});

test('the file-name form means the same revision, and nothing else does', () => {
  expect(sameRevision('20251124_1151_5403edb1d087', '5403edb1d087')).toBe(true);
  expect(sameRevision('5403edb1d087', '20251124_1151_5403edb1d087')).toBe(true);
  expect(sameRevision('add_users', 'users')).toBe(false);
  expect(sameRevision('20251124_1151_add_users', 'users')).toBe(false);
  expect(sameRevision('20251124_1151_users', '20251125_1151_users')).toBe(false);
  expect(sameRevision('5403edb1d087', null)).toBe(false);
  expect(sameRevision('403edb1d087', '5403edb1d087')).toBe(false);
  expect(sameRevision(null, null)).toBe(true);
  expect(bareRevision('20251124_1151_5403edb1d087')).toBe('5403edb1d087');
  expect(bareRevision('add_index')).toBe('add_index');
});

describe('a line that warns has a level that says so', () => {
  test.each([
    'WARNI [alembic.autogenerate.compare] Skipped unsupported reflection',
    'WARNING  [alembic] careful',
    'WARNING:alembic.runtime:careful',
    '2025-11-24 11:51:00,123 WARNING alembic.runtime: careful',
    '2025-11-24 11:51:00,123 - alembic - WARNING - careful',
    '[2025-11-24 11:51:00] WARN in env: careful',
    '/app/migrations/env.py:7: UserWarning: index without name',
    'env.py:7: SAWarning: relation is ignored',
    'DeprecationWarning: gone in 2.0',
    'psql:up.sql:3: WARNING:  there is no transaction in progress',
    'npm WARN deprecated',
    'warning: careful',
    'warn: careful',
    '{"level":"warning","msg":"careful"}',
    '{"level":40,"msg":"careful"}',
    'time=11:51 level=warn msg=careful',
  ])('%s', (line) => {
    expect(ALEMBIC.warnings(`INFO  [alembic] ok\n${line}\nmore`)).toEqual([line]);
  });

  test.each([
    'INFO  [alembic.runtime.migration] Running upgrade a -> b, add early warning thresholds',
    'INFO  [alembic.runtime.migration] Running upgrade a -> b, WARNING: thresholds',
    'Running upgrade a -> b, ADD EARLY WARNING THRESHOLDS',
    'INFO  [alembic] no WARNING so far',
    'alter table warnings add column early_warning text',
    'Created table warning_levels',
    '{"level":30,"msg":"warning thresholds added"}',
  ])('not: %s', (line) => {
    expect(ALEMBIC.warnings(line)).toEqual([]);
  });

  test('and what a tool says of its revisions is read by that tool’s forms only', () => {
    const line = 'Running upgrade a -> b, level=warn';
    expect(ALEMBIC.warnings(line)).toEqual([]);
    expect(OTHER.warnings(line)).toEqual([line]);
  });
});

describe('the way back of an alembic revision', () => {
  const file = (body: string) =>
    `revision = "1"\n\ndef upgrade():\n    op.add_column("a")\n\n\ndef downgrade():\n${body}\n`;
  test.each([
    ['    """Undo."""\n    # one column\n    op.drop_column("a", "b")', undefined],
    ['    pass  # nothing to do', 'its downgrade does nothing'],
    ['    """Nothing."""\n    ...', 'its downgrade does nothing'],
    ['    raise NotImplementedError()', 'its downgrade raises an error'],
  ])('is judged by its text: %j', (body, said) => {
    expect(wrongWithDowngrade(file(body))).toBe(said);
  });

  test('may be missing', () => {
    expect(wrongWithDowngrade('revision = "1"\n\ndef upgrade():\n    pass\n')).toBe('it has no downgrade');
  });
});
