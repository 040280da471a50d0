/** Each box of the shipped plan rests on the facts that it names, and on nothing else. */
import { describe, expect, test } from 'vitest';
import { countItems, itemStatuses } from '../../src/domain/items.js';
import type { StepRecord } from '../../src/domain/ledger/ledger.js';
import { goodSteps, plan } from './reports.js';

const steps = goodSteps();
const statesOf = (of: StepRecord[]) => new Map(itemStatuses(plan.items, of).map(({ id, state }) => [id, state]));
const usual = statesOf(steps);
const facts = steps.flatMap(({ id, facts: established }) => established.map(({ name }) => ({ step: id, fact: name })));
const settledBy = ({ step, fact }: { step: string; fact: string }) =>
  plan.items
    .filter((item) => !item.off && item.by.some((by) => by.step === step && by.fact === fact))
    .map(({ id }) => id);

/** The steps with one fact left out, or changed. */
const changed = (
  { step, fact }: { step: string; fact: string },
  to?: Partial<StepRecord['facts'][number]>,
): StepRecord[] =>
  steps.map((record) =>
    record.id !== step
      ? record
      : {
          ...record,
          facts: record.facts.flatMap((one) => (one.name !== fact ? [one] : to ? [{ ...one, ...to }] : [])),
        },
  );

const different = (of: StepRecord[]) => [...statesOf(of)].filter(([id, state]) => state !== usual.get(id));

test('with every fact well, no box is unknown or failed, and 117 are told', () => {
  const counts = countItems(itemStatuses(plan.items, steps));
  expect(counts).toMatchObject({ total: 117, failed: 0, unknown: 0, skipped: 0 });
  expect(counts.attested).toBeLessThanOrEqual(25);
  expect(counts.passed + counts.attested + counts.notApplicable).toBe(117);
});

test('no box passes without evidence: what has none is attested by people', () => {
  for (const { id, state, evidence, people } of itemStatuses(plan.items, steps)) {
    if (state === 'passed') expect(evidence.length, id).toBeGreaterThan(0);
    if (state === 'attested') expect(people.length, id).toBeGreaterThan(0);
  }
});

describe.each(facts)('the fact $fact of $step', (reference) => {
  const items = settledBy(reference);

  test('left out, turns exactly its boxes unknown', () => {
    expect(different(changed(reference))).toEqual(items.map((id) => [id, 'unknown']));
  });

  test('not holding, turns exactly its boxes failed', () => {
    expect(different(changed(reference, { ok: false, by: undefined }))).toEqual(items.map((id) => [id, 'failed']));
  });
});

test('every box that applies is settled by a fact of a step that is carried out', () => {
  const settled = new Set(facts.flatMap(settledBy));
  expect(plan.items.filter(({ id, off }) => !off && !settled.has(id)).map(({ id }) => id)).toEqual([]);
});

test('a step that was never reached turns exactly its boxes unknown', () => {
  for (const { id } of steps) {
    const its = plan.items
      .filter((item) => !item.off && item.by.some(({ step }) => step === id))
      .map((item) => item.id);
    expect(different(steps.filter((step) => step.id !== id))).toEqual(its.map((item) => [item, 'unknown']));
  }
});
