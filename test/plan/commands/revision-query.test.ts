import { describe, expect, test } from 'vitest';
import { loadPlan } from '../../../src/plan/load.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { problemsOf, replaceOnce, shippedText, write } from '../plan-files.js';

const CURRENT = /^ {2}current: .*\n/m.exec(shippedText)?.[0] ?? '';
const QUERY = '  query: select version from schema_migrations\n';
const file = (...edits: [string, string][]) => write('plan.yaml', edits.reduce(replaceOnce, shippedText));
const told = (...edits: [string, string][]) =>
  problemsOf(() => loadPlan(file(...edits))).map(({ path, message }) => `${path}: ${message}`);
const OTHER: [string, string] = ['  tool: alembic\n', '  tool: golang-migrate\n'];

describe('where a revision is read', () => {
  test('is a query in place of the command, or beside it', () => {
    const { migration } = loadWhole(file(OTHER, [CURRENT, `${CURRENT}${QUERY}  noRevision: zero\n`]));
    expect(migration).toMatchObject({ query: 'select version from schema_migrations', noRevision: 'zero' });
    expect(loadPlan(file(OTHER, [CURRENT, QUERY])).resolved.migration?.current).toBeUndefined();
  });

  test('is one of the two', () => {
    expect(told(OTHER, [CURRENT, ''])).toEqual([
      'migration.current: `current` is missing, a command that prints the revision; or write `query`, one SELECT that gives it',
    ]);
  });

  test('is known of alembic, whose command is held against it', () => {
    expect(told([CURRENT, `${CURRENT}${QUERY}`])).toEqual([
      'migration.query: The table of alembic is known, and is asked by itself: leave this out',
    ]);
    expect(told([CURRENT, ''])).toEqual(['migration.current: `current` is missing']);
  });
});
