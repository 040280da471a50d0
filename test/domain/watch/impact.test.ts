import { describe, expect, test } from 'vitest';
import type { Criterion, Sample } from '../../../src/domain/watch/criteria.js';
import { judgeImpact, silentCriteria } from '../../../src/domain/watch/impact.js';
import { criterionWith } from '../../helpers/criteria.js';

const criterion = (id: string, changes: Partial<Criterion> = {}): Criterion =>
  criterionWith({
    id,
    title: id,
    metric: id,
    breach: { comparison: '>=', threshold: 0.5 },
    for: 900_000,
    tier: 'require',
    ...changes,
  });
const [errors, latency] = [
  criterion('errors'),
  criterion('latency', { unit: 'ms', breach: { comparison: '>=', threshold: 2_000 } }),
];
const value = (at: number, of: number): Sample => ({ at, kind: 'ok', value: of });
const nothing = (at: number): Sample => ({ at, kind: 'noData', reason: 'first look' });

describe('impact', () => {
  test('none is seen when every criterion has values, all within its threshold', () => {
    const samples = { errors: [nothing(1), value(2, 0), value(3, 0.1)], latency: [value(2, 900)] };
    expect(judgeImpact([errors, latency], samples)).toEqual({
      name: 'impact',
      ok: true,
      text: 'no impact seen: errors: at worst 0.1 % (breach: >= 0.5 %); latency: at worst 900 ms (breach: >= 2000 ms)',
    });
  });

  test('one breaching sample is one, however long the rule lasts', () => {
    const samples = { errors: [value(1, 0), value(2, 0.5), value(3, 0)], latency: [value(2, 900)] };
    const fact = judgeImpact([errors, latency], samples);
    expect(fact).toMatchObject({ ok: false, text: 'users felt it: errors: at worst 0.5 % (breach: >= 0.5 %)' });
  });

  test('silence proves nothing, and what breaks is told before what is silent', () => {
    expect(judgeImpact([errors, latency], { errors: [value(1, 0)], latency: [nothing(1)] })).toMatchObject({
      ok: false,
      text: 'nothing is known of latency',
    });
    expect(judgeImpact([errors, latency], { errors: [value(1, 9)] }).text).toContain('users felt it: errors');
    expect(silentCriteria([errors, latency], { errors: [value(1, 0)] })).toEqual([latency]);
  });

  test('no criterion at all is no proof', () => {
    expect(judgeImpact([], {})).toMatchObject({ ok: false, text: 'the plan names no criterion that would show it' });
  });

  test('a rule for which silence is the breach is broken by silence', () => {
    const down = criterion('down', { noData: 'breached' });
    expect(judgeImpact([down], { down: [nothing(1)] })).toMatchObject({
      ok: false,
      text: expect.stringContaining('no number'),
    });
  });
});
