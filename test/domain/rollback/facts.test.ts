/** What a rollback is chosen by: nothing that is not known is taken for nothing, and a person's word goes first. */
import { describe, expect, test } from 'vitest';
import type { Ledger, RollbackTrigger } from '../../../src/domain/ledger/ledger.js';
import { type RollbackSituation, rollbackFacts } from '../../../src/domain/rollback/facts.js';

const person: RollbackTrigger = { kind: 'person', who: 'ana', text: 'rollback by ana' };
const breach: RollbackTrigger = { kind: 'criterion', criterion: 'errors', text: 'Errors', breachedAt: 1 };
const step: RollbackTrigger = { kind: 'step', step: 'production.health', text: 'no answer' };

/** Production ran v1 at revision `old`, and everybody has seen it so. */
const ledger = (found: Ledger['production']['found'] = { version: 'v1', revision: 'old' }) => ({
  release: { target: 'v2', previous: 'v1' },
  production: { codeDeployed: true, migrated: true, maintenance: false, found, migratedFrom: 'old' },
  eligibility: { migration: true, code: true, reasons: [], wentBackTo: 'old' },
});

const factsOf = (situation: Partial<RollbackSituation>, of = ledger()) =>
  rollbackFacts(of, {
    trigger: step,
    policy: { onStepFailure: 'full' },
    previous: 'v1',
    migrated: true,
    stored: { before: { notes: 3 }, now: { notes: 3 } },
    ...situation,
  });

describe('what is wanted', () => {
  const pinned = { onStepFailure: 'full', pin: 'code' } as const;

  test.each<[string, Partial<RollbackSituation>, object]>([
    ['a step that fails: the policy of the plan', {}, { wanted: 'full', because: "the plan's policy is full" }],
    ['a criterion that names none: the same', { trigger: breach }, { wanted: 'full' }],
    [
      'a criterion: what the plan says for it',
      { trigger: { ...breach, option: 'migration' } },
      { wanted: 'migration', because: 'the plan says migration for this criterion' },
    ],
    [
      'the option that a plan pins, whatever its criteria say',
      { trigger: { ...breach, option: 'migration' }, policy: pinned },
      { wanted: 'code', because: 'the plan pins code', insisted: true },
    ],
    [
      'what a person asks for, whatever the plan pins',
      { trigger: { ...person, option: 'full' }, policy: pinned },
      { wanted: 'full', because: 'ana asked for full', insisted: true },
    ],
    [
      'a person who names none: what the plan says for the concern that was answered',
      { trigger: { ...person, planned: 'code' } },
      { wanted: 'code', because: 'the plan says code for this criterion' },
    ],
  ])('%s', (_, situation, wish) => {
    expect(factsOf(situation)).toMatchObject(wish);
  });

  test('nobody has insisted on what only the plan says', () => {
    expect(factsOf({ trigger: { ...breach, option: 'code' } }).insisted).toBeUndefined();
  });
});

describe('what has been written since', () => {
  test('is what there is more of than right after the migration', () => {
    expect(factsOf({}).written).toEqual([]);
    expect(factsOf({ stored: { before: { notes: 3 }, now: { notes: 5 } } }).written).toEqual(['2 entries in notes']);
    expect(factsOf({ stored: { now: { notes: 5 } } }).written).toEqual(['5 entries in notes']);
  });

  test('is never nothing because nobody could count', () => {
    expect(factsOf({ stored: { before: { notes: 3 } } }).written).toEqual([
      'the database could not be asked what is in it',
    ]);
  });
});

describe('doubts', () => {
  test('there are none where all agree', () => {
    expect(factsOf({}).doubts).toEqual({ downgrade: [], release: [], schema: [] });
  });

  test('a release that nobody has seen run, and one that is the target, is not known to go back to', () => {
    for (const version of [undefined, 'v2']) {
      const { doubts } = factsOf({}, ledger({ version, revision: 'old' }));
      expect(doubts.release).toEqual(['which release ran before is not known; the plan says v1']);
    }
  });

  test('another release than the plan says has not been tried on the new schema', () => {
    const { doubts } = factsOf({}, ledger({ version: 'v0', revision: 'old' }));
    expect(doubts).toMatchObject({
      release: [],
      schema: ['production ran v0, and staging has tried v1 on the new schema'],
    });
  });

  test('a person who names an option has weighed the release, not the revision', () => {
    const { doubts } = factsOf({ trigger: { ...person, option: 'full' } }, ledger({}));
    expect(doubts).toMatchObject({ release: [], schema: [] });
    expect(doubts.downgrade).toHaveLength(1);
    const named = { ...person, option: 'full', revision: 'old' } as const;
    expect(factsOf({ trigger: named }, ledger({})).doubts.downgrade).toEqual([]);
  });
});
