import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ResolvedPlan } from '../../../src/contract/plan/plan.js';
import { runbookOf } from '../../../src/contract/runbook.js';
import { digestOf } from '../../../src/plan/core/digest.js';
import { comparePlans } from '../../../src/plan/diff/compare-plans.js';
import { differencesOf } from '../../../src/plan/diff/differences.js';
import { loadPlan } from '../../../src/plan/load.js';

const ORDERS = loadPlan('plans/orders-node.yaml').resolved;
const EDUAUTISMO = loadPlan('plans/eduautismo-performance.yaml').resolved;

function changed(plan: ResolvedPlan, change: (plan: ResolvedPlan) => void): ResolvedPlan {
  const copy = structuredClone(plan);
  change(copy);
  return copy;
}

type Holder = Record<string, unknown>;

/** The holder and key of every text, number and truth value of a plan. */
function leaves(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([key, content]) => leaves(content, [...at, key]));
}

/** IDs make the runbook, and are changed by names of their own kind below. */
const places = leaves(EDUAUTISMO).filter((path) => !['id', 'role', 'kind', 'step'].includes(path.at(-1) ?? ''));

test('whatever is other is told, with a step or with the whole, and nothing else is', () => {
  fc.assert(
    fc.property(fc.subarray(places, { minLength: 0, maxLength: 4 }), (paths) => {
      const after = changed(EDUAUTISMO, (plan) => {
        for (const path of paths) {
          const holder = path.slice(0, -1).reduce((found, key) => found[key] as Holder, plan as unknown as Holder);
          const key = path.at(-1) as string;
          holder[key] = typeof holder[key] === 'number' ? holder[key] + 1 : `${holder[key]} or not`;
        }
      });
      const { general, steps } = comparePlans(EDUAUTISMO, after);
      const told = new Set([...general, ...steps.flatMap(({ differences }) => differences)].map(({ path }) => path));
      const differences = new Set(differencesOf(EDUAUTISMO, after).map(({ path }) => path));
      expect([...differences].filter((path) => !told.has(path))).toEqual([]);
      expect([...told].filter((path) => !differences.has(path) && path !== 'off')).toEqual([]);
      expect(told.size === 0).toBe(digestOf(EDUAUTISMO) === digestOf(after));
    }),
    { numRuns: 150 },
  );
});

test('what concerns several steps is told with each of them', () => {
  const after = changed(ORDERS, ({ release }) => {
    release.target = 'v5.1.0';
  });
  const difference = { path: 'release.target', before: 'v5.0.0', after: 'v5.1.0' };
  expect(comparePlans(ORDERS, after)).toMatchObject({
    general: [],
    steps: [
      { id: 'prerequisites.repository', change: 'changed', differences: [difference] },
      { id: 'staging.deploy', change: 'changed', differences: [difference] },
      { id: 'production.deploy', change: 'changed', differences: [difference] },
    ],
  });
});

test('a step that is gone stands where it was, one that is new where it will be', () => {
  const without = changed(ORDERS, (plan) => {
    delete plan.review;
    plan.watches = plan.watches.filter(({ id }) => id !== 'watch-6h');
  });
  const told = (from: ResolvedPlan, to: ResolvedPlan) =>
    comparePlans(from, to)
      .steps.filter(({ change }) => change !== 'changed')
      .map(({ id, change }) => `${change} ${id}`);
  const ids = ['watch-6h', 'watch-6h.index-use'];
  expect(told(ORDERS, without)).toEqual(ids.map((id) => `removed ${id}`));
  expect(told(without, ORDERS)).toEqual(ids.map((id) => `added ${id}`));
  // It keeps its place, and is off.
  expect(comparePlans(ORDERS, without).steps).toContainEqual(
    expect.objectContaining({ id: 'prerequisites.review', change: 'changed' }),
  );
});

test('the steps of both plans come in the order of their runbooks', () => {
  const order = comparePlans(ORDERS, EDUAUTISMO).steps.map(({ id }) => id);
  for (const plan of [ORDERS, EDUAUTISMO]) {
    const ids = runbookOf(plan).map(({ id }) => id);
    const phases = order.filter((id) => ids.includes(id));
    expect(phases).toEqual(ids.filter((id) => order.includes(id)));
  }
});

test('a step that is turned off says which option turns it off', () => {
  const after = changed(ORDERS, ({ production }) => {
    production.restart = true;
  });
  expect(comparePlans(ORDERS, after).steps).toEqual([
    expect.objectContaining({
      id: 'production.restart',
      differences: [
        { path: 'off', before: 'production.restart' },
        { path: 'production.restart', before: false, after: true },
      ],
    }),
  ]);
});

test('a box is told with the steps whose facts it rests on', () => {
  const [box] = EDUAUTISMO.items;
  const after = changed(EDUAUTISMO, ({ items }) => {
    if (items[0]) items[0].title = 'Outra';
  });
  expect(comparePlans(EDUAUTISMO, after).steps.map(({ id }) => id)).toEqual([
    ...new Set(box?.by.map(({ step }) => step)),
  ]);
});
