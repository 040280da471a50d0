import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DumpEntry, entriesOf } from '../../../src/adapters/backup/dump-contents.js';
import { judgeFailures, readFailures } from '../../../src/adapters/backup/restore-failures.js';

/** Entries 0 to 19, each of which needs some of those before it. */
const dumps = fc.array(fc.array(fc.nat(18), { maxLength: 3 }), { minLength: 20, maxLength: 20 }).map((needs) =>
  needs.map(
    (of, number): DumpEntry => ({
      number,
      id: `1259 ${number}`,
      kind: 'TABLE',
      label: `table ${number}`,
      needs: of.filter((need) => need < number),
    }),
  ),
);

test('every failure is either the dump’s, or of something that needs what may be missing; never both, never neither', () => {
  fc.assert(
    fc.property(dumps, fc.uniqueArray(fc.nat(19)), fc.uniqueArray(fc.nat(19)), (entries, failed, allowed) => {
      const failures = failed.map((number) => ({ entry: entries[number], reason: 'no', command: '' }));
      const mayFail = ({ entry }: { entry?: DumpEntry }) => allowed.includes(entry?.number ?? -1);
      const { wrong, without } = judgeFailures(failures, entries, mayFail);
      const roots = failed.filter((number) => allowed.includes(number));
      const needsRoot = (number: number): boolean =>
        roots.includes(number) || (entries[number]?.needs ?? []).some(needsRoot);
      expect(without.map(({ entry }) => entry.number)).toEqual(failed.filter(needsRoot));
      expect(wrong.map(({ entry }) => entry?.number)).toEqual(failed.filter((number) => !needsRoot(number)));
    }),
  );
});

test('a list’s entries have names as people know them, and what they need', () => {
  const list = `;     dbname: plans
3; 3079 16393 EXTENSION - hstore 
;\tdepends on: 8 8
3470; 0 16532 TABLE DATA public Odd. name some_owner`;
  expect(entriesOf(list)).toEqual([
    { number: 3, id: '3079 16393', kind: 'EXTENSION', label: 'extension hstore', needs: [8, 8] },
    { number: 3470, id: '0 16532', kind: 'TABLE DATA', label: 'table data public.Odd. name', needs: [] },
  ]);
});

test('what failed is told without rows: neither what a function raised, nor a value, nor a comment’s password', () => {
  const failures = readFailures(
    `pg_restore: from TOC entry 3470; 0 16532 TABLE DATA plans owner
pg_restore: error: COPY failed for table "plans": ERROR:  no plan for Maria
CONTEXT:  PL/pgSQL function check_plan() line 1 at RAISE
pg_restore: error: could not execute query: ERROR:  invalid input syntax for type integer: "Maria"
Command was: COMMENT ON SERVER s IS 'password=Maria';
`,
    [],
  );
  expect(failures).toHaveLength(2);
  expect(failures[1]).toMatchObject({
    reason: expect.stringContaining('type integer'),
    command: expect.stringMatching(/^COMMENT ON SERVER s/),
  });
  expect(JSON.stringify(failures)).not.toContain('Maria');
});
