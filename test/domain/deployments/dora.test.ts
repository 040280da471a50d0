import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CountedDeployment,
  countedFrom,
  type DoraMetrics,
  doraByService,
  doraOf,
} from '../../../src/domain/deployments/dora.js';
import type { Ledger, RollbackRecord } from '../../../src/domain/ledger/ledger.js';
import { ledgerWith, START, stepWith } from '../../client/ledgers.js';

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;
const MONTH = { from: START, to: START + 4 * WEEK };

describe('what a deployment counts as', () => {
  const deployed = { codeDeployed: true, migrated: true, maintenance: false };
  const steps = [stepWith({ id: 'production.deploy', state: 'passed', endedAt: START + HOUR })];
  const over = (parts: Partial<Ledger>): Ledger =>
    ledgerWith({ production: deployed, steps, endedAt: START + 25 * HOUR, ...parts });
  const rollback = (parts: Partial<RollbackRecord>): RollbackRecord => ({
    option: 'code',
    workflowId: 'rollback',
    trigger: { kind: 'person', who: 'ana', text: 'ana said so' },
    reasons: [],
    startedAt: START + 3 * HOUR,
    endedAt: START + 4 * HOUR,
    succeeded: true,
    steps: [],
    ...parts,
  });

  test('one that succeeded is in production from the end of its deploy on, and no failure', () => {
    expect(countedFrom(over({ outcome: 'succeeded' }))).toEqual({ service: 'shop', at: START + HOUR });
  });

  test('one that left production as it was is none, however it ended', () => {
    const production = { codeDeployed: false, migrated: false, maintenance: false };
    for (const outcome of ['aborted', 'rejected', undefined] as const) {
      expect(countedFrom(ledgerWith({ outcome, production }))).toBeNull();
    }
  });

  test('a failure lasts from the breach, or else from the rollback’s begin, until production is back', () => {
    expect(countedFrom(over({ outcome: 'rolled-back', rollback: rollback({}) }))?.failure).toEqual({
      at: START + 3 * HOUR,
      restoredAt: START + 4 * HOUR,
    });
    const trigger = { kind: 'criterion', criterion: 'errors', text: 'too many', breachedAt: START + 2 * HOUR } as const;
    expect(countedFrom(over({ outcome: 'rolled-back', rollback: rollback({ trigger }) }))?.failure?.at).toBe(
      START + 2 * HOUR,
    );
    const earlierRollbacks = [rollback({ trigger, succeeded: false })];
    expect(countedFrom(over({ outcome: 'rolled-back', rollback: rollback({}), earlierRollbacks }))?.failure).toEqual({
      at: START + 2 * HOUR,
      restoredAt: START + 4 * HOUR,
    });
  });

  test('where the rollback failed it is not known when production was back', () => {
    const failed = rollback({ succeeded: false });
    expect(countedFrom(over({ outcome: 'rollback-failed', rollback: failed }))?.failure).toEqual({
      at: START + 3 * HOUR,
    });
  });

  test('one that was cut off after it had changed production is not known, neither well nor failed', () => {
    expect(countedFrom(over({ ending: 'terminated' }))).toBeUndefined();
    expect(countedFrom(over({ outcome: 'aborted' }))).toBeUndefined();
  });
});

const time = fc.integer({ min: START - WEEK, max: START + 5 * WEEK });
const failure = fc.record({ at: time, restoredAt: time }, { requiredKeys: ['at'] }) as fc.Arbitrary<
  NonNullable<CountedDeployment['failure']>
>;
const counted = fc.record(
  { service: fc.constantFrom('shop', 'orders'), at: time, committedAt: time, failure },
  { requiredKeys: ['service', 'at'] },
) as fc.Arbitrary<CountedDeployment>;
const deployments = fc.record({
  known: fc.array(counted),
  unknown: fc.array(fc.record({ service: fc.constantFrom('shop', 'orders'), at: time })),
});

const figures = (metrics: DoraMetrics) => Object.values(metrics) as DoraMetrics[keyof DoraMetrics][];

test('deployments a week, the median lead time, the share that failed and the median time to restore', () => {
  const known = [
    { service: 'shop', at: START + WEEK, committedAt: START + WEEK - 2 * HOUR },
    { service: 'shop', at: START + WEEK, committedAt: START + WEEK - 4 * HOUR },
    { service: 'shop', at: START + WEEK, failure: { at: START + WEEK, restoredAt: START + WEEK + HOUR } },
    { service: 'shop', at: START + WEEK, failure: { at: START + WEEK } },
  ];
  expect(doraOf({ known, unknown: [{ service: 'shop', at: START + WEEK }] }, MONTH)).toEqual({
    frequency: { value: 1, of: 4, without: 1 },
    leadTime: { value: 3 * HOUR, of: 2, without: 3 },
    failureRate: { value: 0.5, of: 4, without: 1 },
    timeToRestore: { value: HOUR, of: 1, without: 2 },
  });
});

test('what nothing is known of has no value, which is not zero', () => {
  const nothing = doraOf({ known: [], unknown: [{ service: 'shop', at: START + WEEK }] }, MONTH);
  expect(figures(nothing).map(({ value, without }) => ({ value, without }))).toEqual(
    Array.from({ length: 4 }, () => ({ value: null, without: 1 })),
  );
  const none = doraOf({ known: [], unknown: [] }, MONTH);
  expect(none.frequency.value).toBe(0);
  expect([none.leadTime, none.failureRate, none.timeToRestore].map(({ value }) => value)).toEqual([null, null, null]);
});

test('each deployment of the period is in a figure or left out of it, and none from before or after', () => {
  fc.assert(
    fc.property(deployments, (all) => {
      const isIn = ({ at }: { at: number }) => at >= MONTH.from && at <= MONTH.to;
      const metrics = doraOf(all, MONTH);
      const [known, unknown] = [all.known.filter(isIn), all.unknown.filter(isIn)];
      const total = known.length + unknown.length;
      for (const { of, without } of [metrics.frequency, metrics.leadTime, metrics.failureRate]) {
        expect(of + without).toBe(total);
      }
      const failures = known.filter((each) => each.failure);
      expect(metrics.timeToRestore.of + metrics.timeToRestore.without).toBe(failures.length + unknown.length);
      expect(doraOf({ known, unknown }, MONTH)).toEqual(metrics);
      for (const { value, of } of figures(metrics)) {
        expect(value === null || Number.isFinite(value)).toBe(true);
        if (of > 0) expect(value).not.toBeNull();
      }
      expect(metrics.failureRate.value ?? 0).toBeLessThanOrEqual(1);
    }),
  );
});

test('what is not known of a deployment changes no value, but what it is said to leave out', () => {
  fc.assert(
    fc.property(deployments, (all) => {
      const [without, complete] = [doraOf(all, MONTH), doraOf({ ...all, unknown: [] }, MONTH)];
      if (without.frequency.of > 0) {
        expect(figures(without).map(({ value }) => value)).toEqual(figures(complete).map(({ value }) => value));
      }
    }),
  );
});

test('services are counted apart, and together they are all', () => {
  fc.assert(
    fc.property(deployments, (all) => {
      const services = [...doraByService(all, MONTH).values()];
      const sum = (read: (metrics: DoraMetrics) => number) => services.reduce((total, each) => total + read(each), 0);
      const together = doraOf(all, MONTH);
      expect(sum(({ frequency }) => frequency.of)).toBe(together.frequency.of);
      expect(sum(({ failureRate }) => failureRate.without)).toBe(together.failureRate.without);
    }),
  );
});
