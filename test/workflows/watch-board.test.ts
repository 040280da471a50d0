/** What the Web UI's details say of a watch: readable on a phone, whatever sources and plans are called. */
import { expect, test } from 'vitest';
import type { Watch } from '../../src/contract/plan/watch.js';
import type { CriterionResult } from '../../src/domain/watch/criteria.js';
import { renderWatch } from '../../src/workflows/watch/board.js';

const watch = { title: 'One hour', duration: 3_600_000, tick: 60_000 } as Watch;
const criterion: CriterionResult = {
  id: 'errors',
  title: 'Error rate',
  tier: 'rollback',
  verdict: 'healthy',
  samples: 3,
  unknown: 0,
  last: 0.5,
  worst: 2,
  unit: '%',
  rule: '> 10 %',
};

test('each criterion is a line of its own; a table would fit no phone', () => {
  const silent: CriterionResult = { ...criterion, verdict: 'unknown', samples: 0, reason: 'no answer | none' };
  const { last: _, worst: __, ...seenNothing } = silent;
  expect(renderWatch(watch, { ticks: 3, results: [criterion, seenNothing] }).split('\n')).toEqual([
    '### One hour: 3 of 60 ticks',
    '',
    '- healthy: Error rate (> 10 %), last 0.5 %, worst 2 %, 3 samples',
    '- unknown: Error rate (> 10 %), 0 samples: no answer &#124; none',
  ]);
});
