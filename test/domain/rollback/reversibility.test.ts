import { describe, expect, test } from 'vitest';
import {
  judgeReversibility,
  type ReversibilityTrial,
  type ReversibilityTrials,
} from '../../../src/domain/rollback/reversibility.js';

const report = (ok: boolean, text: string) => ({
  summary: text,
  facts: [{ name: 'revision', ok, text }],
  evidence: [],
});
const same = { schema: '', lost: [] };
const down: ReversibilityTrial = {
  ...report(true, 'downgrade from new to old'),
  before: 'new',
  after: 'old',
  compared: same,
};
const up: ReversibilityTrial = {
  ...report(true, 'upgrade from old to new'),
  before: 'old',
  after: 'new',
  compared: same,
};
const GOOD: ReversibilityTrials = {
  previous: 'old',
  down,
  up,
  newCode: report(true, 'v2 answered'),
  previousCode: report(true, 'v1 answered'),
  migratesFirst: false,
  allowed: false,
};

const judge = (changes: Partial<ReversibilityTrials>) => judgeReversibility({ ...GOOD, ...changes });
const names = (changes: Partial<ReversibilityTrials>) =>
  judge(changes)
    .facts.filter(({ ok }) => !ok)
    .map(({ name }) => name);

describe('what staging says about the ways back', () => {
  test('there and back without loss, and the previous release answers: both are proven', () => {
    const { facts, eligibility } = judge({});
    expect(facts.map(({ name, ok }) => [name, ok])).toEqual([
      ['downgrade', true],
      ['schema-restored', true],
      ['upgrade-again', true],
      ['new-code', true],
      ['previous-code', true],
    ]);
    expect(eligibility).toMatchObject({ migration: true, code: true });
  });

  const still: ReversibilityTrial = { ...up, ...report(true, 'already there'), before: 'new' };
  test.each<[string, Partial<ReversibilityTrials>, string[]]>([
    [
      'a downgrade that raises',
      { down: { ...down, ...report(false, 'NotImplementedError'), after: 'new' }, up: still },
      ['downgrade', 'schema-restored', 'upgrade-again'],
    ],
    [
      'a downgrade that does nothing',
      { down: { ...down, after: 'new' }, up: still },
      ['downgrade', 'schema-restored', 'upgrade-again'],
    ],
    [
      'a schema that is not restored',
      { down: { ...down, compared: { schema: '1 index added (ix)', lost: [] } } },
      ['schema-restored'],
    ],
    ['a schema that was not compared', { down: { ...down, compared: undefined } }, ['schema-restored']],
    [
      'rows that the downgrade lost',
      { down: { ...down, compared: { schema: '', lost: ['plans: 10 rows → 9'] } } },
      ['downgrade'],
    ],
    [
      'rows that the second upgrade lost',
      { up: { ...up, compared: { schema: '', lost: ['plans: 10 rows → 9'] } } },
      ['upgrade-again'],
    ],
    [
      'a second upgrade that fails',
      { up: { ...up, ...report(false, 'type exists'), after: 'old' } },
      ['upgrade-again'],
    ],
    [
      'a second upgrade that leads elsewhere',
      { up: { ...up, compared: { schema: '1 index removed (ix)', lost: [] } } },
      ['upgrade-again'],
    ],
  ])('%s leaves no way back for the migration, and the code still may have one', (_, changes, broken) => {
    expect(names(changes)).toEqual(broken);
    expect(judge(changes).eligibility).toMatchObject({ migration: false, code: true });
  });

  test('a previous release that does not answer leaves no way back for the code', () => {
    for (const previousCode of [report(false, '500'), 'not tried']) {
      expect(names({ previousCode })).toEqual(['previous-code']);
      expect(judge({ previousCode }).eligibility).toMatchObject({ migration: true, code: false });
    }
  });

  test('a new release that does not answer on the old schema is told, and stops nothing', () => {
    const { facts, eligibility } = judge({ newCode: report(false, 'no such column') });
    expect(facts.find(({ name }) => name === 'new-code')).toMatchObject({ ok: false, advisory: true });
    expect(eligibility).toMatchObject({ migration: true, code: true, newCode: false, full: { proven: false } });
    expect(eligibility.reasons.at(-1)).toContain('the new code failed there');
  });

  test('one that was not tried is unknown, and nothing follows from it', () => {
    const { facts, eligibility } = judge({ newCode: undefined });
    expect(facts.find(({ name }) => name === 'new-code')).toMatchObject({ ok: false, unknown: true, advisory: true });
    expect(eligibility.newCode).toBeUndefined();
  });

  const broken = report(false, 'no such column');
  test('a migration undone with the previous release deployed lets the code go back first', () => {
    expect(judge({ newCode: broken, fromPrevious: { down, up } }).eligibility.full).toMatchObject({
      first: 'code',
      proven: true,
    });
    const refused = { ...down, ...report(false, "Can't locate revision"), after: 'new' };
    expect(judge({ newCode: broken, fromPrevious: { down: refused } }).eligibility).toMatchObject({
      migration: true,
      full: { first: 'migration', proven: false },
    });
    const lossy = { ...down, compared: { schema: '', lost: ['plans: 10 rows → 9'] } };
    expect(judge({ newCode: broken, fromPrevious: { down: lossy, up } }).eligibility.full).toMatchObject({
      proven: false,
    });
  });

  test('a staging that stays at the old schema with the previous release is nothing to go on with', () => {
    const left = { down, up: { ...up, ...report(false, "Can't locate revision"), after: 'old' } };
    expect(names({ migratesFirst: true, fromPrevious: left, allowed: true })).toEqual(['upgrade-again']);
    expect(judge({ fromPrevious: left, allowed: true }).facts.some(({ ok, advisory }) => !ok && !advisory)).toBe(true);
  });

  test('a migration that cannot be undone has no order of the two', () => {
    const { full } = judge({ down: { ...down, ...report(false, 'NotImplementedError'), after: 'new' } }).eligibility;
    expect(full).toBeUndefined();
  });

  test('where production is already at the new revision there is no migration to undo', () => {
    expect(names({ down: undefined, up: undefined })).toEqual([]);
    expect(judge({ down: undefined, up: undefined }).eligibility).toMatchObject({ migration: false, code: true });
  });

  test('a plan that allows it goes on with what cannot be undone, but never with a staging that was left elsewhere', () => {
    const oneWay = {
      down: { ...down, ...report(false, 'NotImplementedError'), after: 'new' },
      up: still,
      allowed: true,
    };
    expect(judge(oneWay).facts.filter(({ ok, advisory }) => !ok && !advisory)).toEqual([]);
    expect(judge(oneWay).eligibility).toMatchObject({ migration: false, code: true });
    const left = { up: { ...up, ...report(false, 'type exists'), after: 'old' }, allowed: true };
    expect(
      judge(left)
        .facts.filter(({ ok, advisory }) => !ok && !advisory)
        .map(({ name }) => name),
    ).toEqual(['upgrade-again']);
    expect(judge({ ...oneWay, allowed: false }).facts.some(({ advisory }) => advisory)).toBe(false);
  });

  test('where staging was brought back to is told only when it has been there', () => {
    expect(judge({}).eligibility.wentBackTo).toBe('old');
    const none = { previous: null, down: { ...down, after: null } };
    expect(judge(none).eligibility.wentBackTo).toBeNull();
    for (const elsewhere of [{ previous: 'older' }, { down: { ...down, after: 'new' } }, { down: undefined }]) {
      expect(judge(elsewhere).eligibility).not.toHaveProperty('wentBackTo');
    }
    const failed = { down: { ...down, ...report(false, 'NotImplementedError') } };
    expect(judge(failed).eligibility).not.toHaveProperty('wentBackTo');
  });

  test('what a downgrade would drop is kept for the choice of the rollback', () => {
    const added = { tables: ['public.extra'], columns: [] };
    expect(judge({ up: { ...up, added } }).eligibility.drops).toEqual(added);
  });
});
