import { describe, expect, test } from 'vitest';
import { passed } from '../../../src/domain/evidence.js';
import type { CriterionResult } from '../../../src/domain/watch/criteria.js';
import { type WatchEnd, watchFacts } from '../../../src/domain/watch/facts.js';

const criterion = (id: string, given: Partial<CriterionResult>): CriterionResult => ({
  id,
  title: id,
  tier: 'require',
  verdict: 'healthy',
  samples: 60,
  unknown: 0,
  worst: 1234.567,
  unit: 'ms',
  rule: '>= 2000 ms for 5 min',
  ...given,
});
const facts = (criteria: CriterionResult[], end: Partial<WatchEnd> = {}) =>
  watchFacts({ criteria, trends: [], endedEarly: false, waivers: new Map(), ...end });
const holds = (criteria: CriterionResult[], end: Partial<WatchEnd> = {}) =>
  passed({ summary: '', evidence: [], facts: facts(criteria, end) });

describe('the facts of a watch', () => {
  test('are the same names whatever happened', () => {
    const verdicts = ['healthy', 'breached', 'unknown'] as const;
    const tiers = ['require', 'rollback', 'consider'] as const;
    for (const verdict of verdicts) {
      const criteria = tiers.map((tier) => criterion(tier, { tier, verdict }));
      for (const endedEarly of [true, false]) {
        expect(facts(criteria, { endedEarly }).map(({ name, ok }) => [name, ok])).toEqual(
          tiers.map((tier) => [tier, verdict === 'healthy']),
        );
      }
    }
  });

  test('tell what was seen', () => {
    expect(facts([criterion('P95', {})])).toEqual([
      { name: 'P95', ok: true, text: 'P95: healthy, 60 samples, worst 1234.57 ms (breach: >= 2000 ms for 5 min)' },
    ]);
    expect(facts([criterion('P95', { verdict: 'unknown', worst: undefined, reason: 'no series' })])[0]?.text).toBe(
      'P95: unknown, 60 samples (breach: >= 2000 ms for 5 min), no series',
    );
    const leak = criterion('Leak', { reason: 'slope 1 %/h', worst: undefined, rule: 'grows' });
    expect(facts([leak], { trends: ['Leak'] })[0]?.text).toBe('Leak: healthy, slope 1 %/h (breach: grows)');
  });

  test('of a watch that a breach has ended early are undecided where too little was seen', () => {
    const criteria = [
      criterion('broken', { verdict: 'breached' }),
      criterion('P95', { verdict: 'unknown', samples: 12, worst: undefined }),
      criterion('Leak', { verdict: 'unknown', samples: 0, worst: undefined, rule: 'grows' }),
    ];
    expect(facts(criteria, { trends: ['Leak'], endedEarly: true }).map(({ ok, text }) => [ok, text])).toEqual([
      [false, 'broken: breached, 60 samples, worst 1234.57 ms (breach: >= 2000 ms for 5 min)'],
      [false, 'P95: undecided: the watch ended early, 12 samples (breach: >= 2000 ms for 5 min)'],
      [false, 'Leak: undecided: the watch ended early (breach: grows)'],
    ]);
  });
});

describe('a broken criterion', () => {
  const broken = criterion('P95', { verdict: 'breached' });

  test('fails its watch', () => {
    expect(holds([broken])).toBe(false);
    expect(holds([{ ...broken, tier: 'rollback' }])).toBe(false);
    expect(holds([criterion('P95', { verdict: 'unknown' })])).toBe(false);
  });

  test('stays broken when a person carries on despite it, and the person stands for it', () => {
    const by = { who: 'diego.alves', role: 'devops', why: 'a backup was running' };
    const [fact] = facts([broken], { waivers: new Map([['P95', by]]) });
    expect(fact).toMatchObject({ ok: false, by });
    expect(holds([broken], { waivers: new Map([['P95', by]]) })).toBe(true);
    expect(holds([broken, criterion('P99', { verdict: 'breached' })], { waivers: new Map([['P95', by]]) })).toBe(false);
  });

  test('that a person accepted and that is healthy after all needs nobody', () => {
    expect(
      facts([criterion('P95', {})], { waivers: new Map([['P95', { who: 'diego', role: 'devops' }]]) })[0],
    ).not.toHaveProperty('by');
  });

  test('of tier consider is told and stops nothing', () => {
    const [fact] = facts([{ ...broken, tier: 'consider' }]);
    expect(fact).toMatchObject({ ok: false, advisory: true });
    expect(holds([{ ...broken, tier: 'consider' }])).toBe(true);
  });
});
