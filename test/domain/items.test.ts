import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../src/domain/evidence.js';
import { countItems, type Item, itemCounts, itemStatuses } from '../../src/domain/items.js';
import type { StepRecord } from '../../src/domain/ledger/ledger.js';

const ANA = { who: 'ana', role: 'qa', why: 'seen by hand' };

const step = (id: string, facts: Fact[], rest: Partial<StepRecord> = {}): StepRecord => ({
  id,
  phase: 'staging',
  section: '1.1',
  title: id,
  state: facts.every(({ ok }) => ok) ? 'passed' : 'failed',
  generation: 1,
  startedAt: 1,
  endedAt: 2,
  facts,
  evidence: [{ title: id, path: `${id}/report.json`, sha256: 'f'.repeat(64), bytes: 1 }],
  ...rest,
});
const item = (...by: string[]): Item => ({
  id: '1.1.1',
  title: 'Backup criado',
  by: by.map((reference) => {
    const [name = '', fact = ''] = reference.split('/');
    return { step: name, fact };
  }),
});
const stateOf = (one: Item, steps: StepRecord[]) => itemStatuses([one], steps)[0];
const good = { name: 'created', ok: true, text: 'created' };
const bad = { name: 'readable', ok: false, text: 'cut at 60 %' };

describe('an item', () => {
  test('is unknown until every fact that settles it is known', () => {
    expect(stateOf(item('backup/created'), [])).toMatchObject({
      state: 'unknown',
      text: 'backup has not been reached',
    });
    expect(stateOf(item('backup/created', 'backup/readable'), [step('backup', [good])])).toMatchObject({
      state: 'unknown',
      evidence: [{ path: 'backup/report.json' }],
    });
    expect(stateOf(item(), [])?.state).toBe('unknown');
  });

  test('is passed with the evidence of its steps', () => {
    expect(stateOf(item('backup/created'), [step('backup', [good])])).toMatchObject({
      state: 'passed',
      text: 'created',
      at: 2,
      evidence: [{ path: 'backup/report.json' }],
    });
  });

  test('is failed by one fact, even when another is not known', () => {
    const failed = stateOf(item('backup/created', 'backup/readable', 'other/fact'), [step('backup', [good, bad])]);
    expect(failed).toMatchObject({ state: 'failed', text: 'other has not been reached; cut at 60 %' });
  });

  test('is attested when a person vouches for it, and skipped when a person went on without it', () => {
    expect(stateOf(item('backup/created'), [step('backup', [{ ...good, by: ANA }])])).toMatchObject({
      state: 'attested',
      people: [ANA],
    });
    expect(stateOf(item('backup/readable'), [step('backup', [{ ...bad, by: ANA }])])).toMatchObject({
      state: 'skipped',
      people: [ANA],
    });
  });

  test('is skipped when its step was skipped before it established anything', () => {
    const skipped = step('backup', [], { state: 'skipped', skippedBy: ANA });
    expect(stateOf(item('backup/created'), [skipped])).toMatchObject({ state: 'skipped', people: [ANA] });
  });

  test('does not apply when its option is off', () => {
    expect(stateOf({ ...item('restart/ran'), off: 'production.restart' }, [])?.state).toBe('notApplicable');
  });

  test('is counted by its state', () => {
    const statuses = itemStatuses([item('backup/created'), item('no/where')], [step('backup', [good])]);
    expect(countItems(statuses)).toEqual({
      total: 2,
      passed: 1,
      failed: 0,
      unknown: 1,
      attested: 0,
      skipped: 0,
      notApplicable: 0,
    });
  });
});

test('items are counted as they stand, whatever the steps', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const fact = fc.record({
    ...{ name, text: fc.constant('seen'), ok: fc.boolean() },
    unknown: fc.constantFrom(undefined, true as const),
    by: fc.constantFrom(undefined, ANA),
  });
  const anyStep = fc
    .tuple(name, fc.array(fact, { maxLength: 3 }), fc.constantFrom(undefined, ANA))
    .map(([id, facts, skippedBy]) => step(id, facts, { skippedBy }));
  const anyItem = fc
    .tuple(fc.array(fc.tuple(name, name)), fc.constantFrom(undefined, 'review'))
    .map(([by, off]) => ({ ...item(...by.map((pair) => pair.join('/'))), off }));
  fc.assert(
    fc.property(fc.array(anyItem), fc.array(anyStep), (items, steps) => {
      expect(itemCounts(items, steps)).toEqual(countItems(itemStatuses(items, steps)));
    }),
  );
});
