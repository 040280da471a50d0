import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { PlanError } from '../../src/plan/core/problems.js';
import { loadPlan } from '../../src/plan/load.js';
import { SHIPPED, shippedText, write } from './plan-files.js';

type Holder = Record<string, unknown>;
type Path = string[];

const whole = parse(shippedText) as Holder;

function nodes(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, content]) => nodes(content, [...at, key]))];
}

function changed(path: Path, change: (holder: Holder, key: string) => void): Holder {
  const copy = structuredClone(whole);
  const holder = path.slice(0, -1).reduce<Holder>((value, step) => value[step] as Holder, copy);
  change(holder, path.at(-1) as string);
  return copy;
}

/** Either a plan, or problems that each point into the file. */
function expectPlanOrProblems(plan: Holder): void {
  const text = stringify(plan, { aliasDuplicateObjects: false });
  const lines = text.split('\n').length;
  try {
    const { resolved, digest } = loadPlan(write('plan.yaml', text));
    expect(JSON.parse(JSON.stringify(resolved))).toEqual(resolved);
    expect(digest).toHaveLength(64);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { line, column, message } of error.problems) {
      expect(line).toBeGreaterThan(0);
      expect(line).toBeLessThanOrEqual(lines);
      expect(column).toBeGreaterThan(0);
      expect(message).not.toMatch(/undefined|\[object|Invalid input|Too small|Too big/);
    }
  }
}

const anywhere = fc.constantFrom(...nodes(whole).filter((path) => path.length > 0));

describe('whatever is written, the answer is a plan or its problems', () => {
  test('with any value anywhere', () => {
    fc.assert(
      fc.property(anywhere, fc.jsonValue(), (path, value) => {
        expectPlanOrProblems(
          changed(path, (holder, key) => {
            holder[key] = value;
          }),
        );
      }),
      { numRuns: 120 },
    );
  }, 60_000);

  test('with any part left out', () => {
    fc.assert(
      fc.property(anywhere, (path) => {
        expectPlanOrProblems(
          changed(path, (holder, key) => {
            if (Array.isArray(holder)) holder.splice(Number(key), 1);
            else delete holder[key];
          }),
        );
      }),
      { numRuns: 80 },
    );
  }, 60_000);

  test('with names that objects have by themselves', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      for (const from of ['metric: error-rate', 'api: staging-api', 'in: scripts', 'roles: [tech-lead]']) {
        const text = shippedText.replace(
          from,
          `${from.slice(0, from.indexOf(':'))}: ${from.includes('[') ? `[${name}]` : name}`,
        );
        expect(() => loadPlan(write('plan.yaml', text))).toThrow(PlanError);
      }
    }
  }, 30_000);

  test('and the way it is written changes nothing', () => {
    const { service, ...rest } = whole;
    const reordered = stringify({ ...Object.fromEntries(Object.entries(rest).reverse()), service });
    const elsewhere = loadPlan(write('plan.yaml', reordered), {});
    const original = loadPlan(write('plan.yaml', shippedText));
    expect({ ...elsewhere.resolved, evidence: '' }).toMatchObject({
      service: original.resolved.service,
      soak: original.resolved.soak,
    });
    expect(loadPlan(SHIPPED).resolved.approvals).toEqual(elsewhere.resolved.approvals);
  });
});
