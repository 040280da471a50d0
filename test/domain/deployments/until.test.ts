import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasReached, MILESTONES } from '../../../src/domain/deployments/until.js';
import { PHASES } from '../../../src/domain/steps.js';

test('sign-offs, production and the watch are reached when their phase begins, and stay so', () => {
  const reached = (milestone: (typeof MILESTONES)[number]) =>
    PHASES.filter((phase) => hasReached({ phase }, milestone));
  expect(reached('sign-offs')).toEqual(['approval', 'production', 'watch', 'closing']);
  expect(reached('production')).toEqual(['production', 'watch', 'closing']);
  expect(reached('watch')).toEqual(['watch', 'closing']);
  expect(reached('end')).toEqual([]);
});

test('a deployment that ended before it came there has not reached it, but for the end', () => {
  const outcome = fc.constantFrom('succeeded', 'aborted', 'rejected', 'rolled-back', 'rollback-failed', undefined);
  fc.assert(
    fc.property(fc.constantFrom(...PHASES), outcome as fc.Arbitrary<'aborted' | undefined>, (phase, ended) => {
      expect(hasReached({ phase, outcome: ended }, 'end')).toBe(ended !== undefined);
      for (const milestone of MILESTONES.slice(0, 3)) {
        expect(hasReached({ phase, outcome: ended }, milestone)).toBe(hasReached({ phase }, milestone));
      }
    }),
  );
});
