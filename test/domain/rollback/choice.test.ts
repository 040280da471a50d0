import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseRollback, type RollbackFacts, writtenSince } from '../../../src/domain/rollback/choice.js';
import type { RollbackOption } from '../../../src/domain/watch/criteria.js';

const OPTIONS: RollbackOption[] = ['migration', 'code', 'full'];
const PROVEN = { migration: true, code: true, reasons: [] };

const CERTAIN = { downgrade: [], release: [], schema: [] };

const choose = (facts: Partial<RollbackFacts>) =>
  chooseRollback({
    wanted: 'full',
    because: 'the plan says so',
    codeDeployed: true,
    migrated: true,
    written: [],
    doubts: CERTAIN,
    ...facts,
  });

describe('the rollback', () => {
  test.each<[RollbackOption, codeDeployed: boolean, migrated: boolean, RollbackOption]>([
    ['migration', true, true, 'migration'],
    ['code', true, true, 'code'],
    ['full', true, true, 'full'],
    ['migration', true, false, 'code'],
    ['code', true, false, 'code'],
    ['full', true, false, 'code'],
    ['migration', false, true, 'migration'],
    ['code', false, true, 'migration'],
    ['full', false, true, 'migration'],
    ['migration', false, false, 'code'],
    ['code', false, false, 'code'],
    ['full', false, false, 'code'],
  ])('%s with code deployed: %s and migrated: %s is %s', (wanted, codeDeployed, migrated, option) => {
    const choice = choose({ wanted, codeDeployed, migrated });
    expect(choice.option).toBe(option);
    expect(choice.reasons[0]).toBe('the plan says so');
    expect(choice.reasons).toHaveLength(option === wanted ? 1 : 2);
  });

  test('never downgrades a database that was not migrated', () => {
    for (const wanted of OPTIONS)
      for (const codeDeployed of [true, false])
        expect(choose({ wanted, codeDeployed, migrated: false }).option).toBe('code');
  });

  test('says why it is not the one that was wanted', () => {
    expect(choose({ migrated: false }).reasons[1]).toContain('no migration to undo');
    expect(choose({ codeDeployed: false }).reasons[1]).toContain('never deployed');
    // A migration that goes first has failed and moved nothing.
    const untouched = choose({ codeDeployed: false, migrated: false });
    expect(untouched.reasons[1]).toMatch(/no migration to undo, .* the release before is deployed over itself/);
  });
});

describe('a downgrade that is not safe', () => {
  const irreversible = { migration: false, code: true, reasons: ['downgrade raised NotImplementedError'] };

  test('gives way to the previous code, where that is proven on the new schema', () => {
    for (const wanted of ['migration', 'full'] as const) {
      const { option, reasons } = choose({ wanted, eligibility: irreversible });
      expect(option).toBe('code');
      expect(reasons.join('; ')).toContain('cannot be undone (downgrade raised NotImplementedError)');
    }
  });

  test('would drop what was written since: only the code goes back', () => {
    const { option, reasons } = choose({ eligibility: PROVEN, written: ['12 rows in notes'] });
    expect(option).toBe('code');
    expect(reasons.join('; ')).toContain('would drop what was written since the deploy: 12 rows in notes');
  });

  test('is left to people when the previous code is not proven either', () => {
    expect(choose({ eligibility: { ...irreversible, code: false } }).option).toBeUndefined();
    expect(choose({ written: ['12 rows in notes'] }).option).toBeUndefined();
    expect(choose({ eligibility: irreversible, codeDeployed: false }).option).toBeUndefined();
  });

  test('is done all the same when a person insists or the plan pins it, and the danger is recorded', () => {
    const { option, reasons } = choose({ eligibility: irreversible, written: ['1 rows in t'], insisted: true });
    expect(option).toBe('full');
    expect(reasons).toHaveLength(4);
    expect(reasons.at(-1)).toBe('it was asked for nevertheless');
  });
});

describe('previous code that does not run on the new schema', () => {
  const eligibility = { migration: true, code: false, reasons: ['the old code needs the dropped column'] };

  test('goes back together with the migration', () =>
    expect(choose({ wanted: 'code', eligibility }).option).toBe('full'));

  test('goes back alone when the database was not migrated', () =>
    expect(choose({ wanted: 'code', eligibility, migrated: false }).option).toBe('code'));

  test('is left to people when the migration cannot be undone', () =>
    expect(choose({ wanted: 'code', eligibility: { ...eligibility, migration: false } }).option).toBeUndefined());
});

describe('new code that does not run on the old schema', () => {
  const eligibility = { ...PROVEN, newCode: false };

  test('is not left alone on it: both go back together', () => {
    const { option, reasons } = choose({ wanted: 'migration', eligibility });
    expect(option).toBe('full');
    expect(reasons.join('; ')).toContain('the new code does not work on the old schema');
  });

  test('is left there when a person insists, where the code was never deployed, and where nobody has tried', () => {
    expect(choose({ wanted: 'migration', eligibility, insisted: true }).option).toBe('migration');
    expect(choose({ wanted: 'migration', eligibility, codeDeployed: false }).option).toBe('migration');
    expect(choose({ wanted: 'migration', eligibility: PROVEN }).option).toBe('migration');
  });
});

describe('a way back to somewhere that is not certain', () => {
  const downgrade = ['it is not certain which revision to go back to'];

  test('is left to people with the reason, even where the plan pins it or the previous code would do', () => {
    for (const insisted of [true, false]) {
      const { option, reasons } = choose({ eligibility: PROVEN, insisted, doubts: { ...CERTAIN, downgrade } });
      expect(option).toBeUndefined();
      expect(reasons.slice(1)).toEqual([...downgrade, 'people have to say']);
    }
    expect(choose({ doubts: { ...CERTAIN, release: ['which?'] } }).option).toBeUndefined();
  });

  test('does not keep from going back what is certain', () => {
    const doubts = { ...CERTAIN, downgrade };
    expect(choose({ wanted: 'code', eligibility: PROVEN, doubts }).option).toBe('code');
    expect(choose({ migrated: false, doubts }).option).toBe('code');
    const untried = { ...CERTAIN, schema: ['staging has tried another release on the new schema'] };
    expect(choose({ wanted: 'code', eligibility: PROVEN, doubts: untried }).option).toBeUndefined();
    expect(choose({ wanted: 'code', migrated: false, doubts: untried }).option).toBe('code');
    expect(choose({ wanted: 'full', eligibility: PROVEN, doubts: untried }).option).toBe('full');
    expect(choose({ wanted: 'migration', doubts: { ...CERTAIN, release: ['which?'] } }).option).toBe('migration');
  });
});

test('what the migration filled in itself does not count as written since', () => {
  expect(writtenSince({ notes: 3, 'plans.colour': 18 }, { notes: 3, 'plans.colour': 20 })).toEqual([
    '2 entries in plans.colour',
  ]);
  expect(writtenSince({}, { notes: 1 })).toEqual(['1 entries in notes']);
});

test('whatever is known, nothing unproven is done unless somebody insists, and there is always a reason', () => {
  const facts: fc.Arbitrary<RollbackFacts> = fc.record({
    wanted: fc.constantFrom(...OPTIONS),
    because: fc.constant('because'),
    insisted: fc.boolean(),
    codeDeployed: fc.boolean(),
    migrated: fc.boolean(),
    eligibility: fc.option(
      fc.record({ migration: fc.boolean(), code: fc.boolean(), reasons: fc.constant<string[]>([]) }),
      { nil: undefined },
    ),
    written: fc.constantFrom<string[][]>([], ['1 rows in t']),
    doubts: fc.record({
      downgrade: fc.constantFrom<string[][]>([], ['which revision?']),
      release: fc.constantFrom<string[][]>([], ['which release?']),
      schema: fc.constantFrom<string[][]>([], ['tried?']),
    }),
  });
  fc.assert(
    fc.property(facts, (known) => {
      const { option, reasons } = chooseRollback(known);
      expect(reasons[0]).toBe('because');
      const isCertain = Object.values(known.doubts).flat().length === 0;
      if (known.insisted && isCertain) expect(option).toBeDefined();
      // Whoever asks for it, nothing goes back to somewhere that is not certain.
      if (option !== undefined && option !== 'code') expect(known.doubts.downgrade).toEqual([]);
      if (option !== undefined && option !== 'migration') expect(known.doubts.release).toEqual([]);
      if (option === undefined || known.insisted) return;
      const downgrades = option !== 'code';
      if (downgrades) {
        expect(known.migrated).toBe(true);
        expect(known.eligibility?.migration).not.toBe(false);
        expect(known.written).toEqual([]);
      }
      if (option === 'code' && known.migrated) expect(known.eligibility?.code).not.toBe(false);
    }),
    { numRuns: 2_000 },
  );
});
