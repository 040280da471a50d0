import { describe, expect, test } from 'vitest';
import { PHASES, STEPS } from '../../src/domain/steps.js';

const steps = Object.values(STEPS);

describe('the catalogue of steps', () => {
  test('has no ID twice', () => {
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
  });

  test('has no title twice', () => {
    expect(new Set(steps.map(({ title }) => title)).size).toBe(steps.length);
  });

  test('has IDs that are safe in paths and keys', () => {
    for (const { id } of steps) expect(id).toMatch(/^[a-z]+([.-][a-z]+)*$/);
  });

  test('is in the order of the phases', () => {
    const order = steps.map(({ phase }) => PHASES.indexOf(phase));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
});
