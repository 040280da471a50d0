import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  LISTED_OUTCOMES,
  type ListedDeployment,
  listedOutcome,
  selectDeployments,
} from '../../../src/domain/deployments/listed.js';

const time = fc.integer({ min: 0, max: 50 });
const deployments = fc.array(
  fc.record<ListedDeployment>({
    workflowId: fc.constant('surefoot/shop/production'),
    runId: fc.uuid(),
    service: fc.constantFrom('shop', 'orders', undefined),
    outcome: fc.constantFrom(...LISTED_OUTCOMES),
    startedAt: time,
    endedAt: fc.option(time, { nil: undefined }),
  }),
);

test('what has run to its end has the outcome that it told; one that told none is unknown, never well', () => {
  expect(listedOutcome('COMPLETED', 'rolled-back')).toBe('rolled-back');
  fc.assert(
    fc.property(fc.string(), (verdict) => {
      fc.pre(!(LISTED_OUTCOMES as readonly string[]).includes(verdict));
      expect(listedOutcome('COMPLETED', verdict)).toBe('unknown');
    }),
  );
  expect(listedOutcome('COMPLETED', 'running')).toBe('unknown');
});

test('whatever it last told, one that somebody ended from outside has ended so', () => {
  for (const status of ['TERMINATED', 'FAILED', 'CANCELLED', 'TIMED_OUT']) {
    expect(listedOutcome(status, 'running')).toBe('ended-from-outside');
  }
  expect(listedOutcome('RUNNING', 'rolling-back')).toBe('running');
});

test('each condition leaves out those that do not fulfil it, and no others; one that goes on is never too old', () => {
  const outcome = fc.option(fc.constantFrom(...LISTED_OUTCOMES), { nil: undefined });
  fc.assert(
    fc.property(deployments, outcome, fc.option(time, { nil: undefined }), (all, wanted, since) => {
      const selected = selectDeployments(all, { service: 'shop', outcome: wanted, since });
      const fulfils = (each: ListedDeployment) =>
        each.service === 'shop' &&
        (wanted === undefined || each.outcome === wanted) &&
        (since === undefined || each.endedAt === undefined || each.endedAt >= since);
      expect(new Set(selected)).toEqual(new Set(all.filter(fulfils)));
      expect(selected.map(({ startedAt }) => startedAt)).toEqual(
        selected.map(({ startedAt }) => startedAt).sort((one, other) => other - one),
      );
      expect(selectDeployments(all, {})).toHaveLength(all.length);
    }),
  );
});
