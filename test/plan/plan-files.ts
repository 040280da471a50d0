/** Plans with one mistake, made from the shipped one. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { PlanError, type Problem } from '../../src/plan/core/problems.js';
import { type LoadOptions, loadPlan } from '../../src/plan/load.js';

export const SHIPPED = 'plans/eduautismo-performance.yaml';
export const shippedText = readFileSync(SHIPPED, 'utf8');

/** Where a problem is expected: marked by `¦` in what is written into the plan. */
export interface Place {
  line: number;
  column: number;
}

/** Replaces one passage that occurs exactly once. */
export function replaceOnce(text: string, [from, to]: readonly [string, string]): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${JSON.stringify(from)} occurs ${parts.length - 1} times in the plan`);
  return parts.join(to);
}

/** Takes the mark out of a text. */
export function unmark(text: string): { text: string; place?: Place } {
  const offset = text.indexOf('¦');
  if (offset < 0) return { text };
  const before = text.slice(0, offset).split('\n');
  return { text: text.replace('¦', ''), place: { line: before.length, column: (before.at(-1) ?? '').length + 1 } };
}

export function write(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-plan-'));
  const file = join(folder, name);
  writeFileSync(file, text);
  // The shipped plan names its document, which stands beside it.
  copyFileSync('plans/eduautismo-checklist.pt.md', join(folder, 'eduautismo-checklist.pt.md'));
  return file;
}

export function problemsOf(load: () => unknown): readonly Problem[] {
  try {
    load();
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  return [];
}

export interface Expected {
  path: string;
  says: string | RegExp;
  suggestion?: string;
}

/** Holds that this edit of the shipped plan gives exactly this problem, at the marked place. */
export function expectOneProblem(
  edits: (readonly [string, string])[],
  expected: Expected,
  options: LoadOptions = {},
): void {
  const { text, place } = unmark(edits.reduce(replaceOnce, shippedText));
  const file = write('plan.yaml', text);
  const problems = problemsOf(() => loadPlan(file, options));
  expect(problems.map(({ path, suggestion, line, column }) => ({ path, suggestion, line, column }))).toEqual([
    { path: expected.path, suggestion: expected.suggestion, ...place },
  ]);
  expect(problems[0]?.message).toEqual(expect.stringMatching(expected.says));
}
