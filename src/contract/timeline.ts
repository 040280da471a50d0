/** When a deployment that starts now would come to each of its steps. */
import type { Phase } from '../domain/steps.js';
import type { ResolvedPlan } from './plan/plan.js';
import { type RunbookStep, runbookOf } from './runbook.js';

export interface Moment {
  phase: Phase;
  step: string;
  /** Milliseconds after the start. */
  after: number;
}

/**
 * The steps in their order with the times at which they begin, by their IDs.
 * @param waitAt how long a window keeps a step that comes to it so long after the start waiting; milliseconds
 */
export function timelineOf(
  plan: ResolvedPlan,
  waitAt: (window: NonNullable<RunbookStep['window']>['name'], after: number) => number = () => 0,
): Map<string, Moment> {
  const moments = new Map<string, Moment>();
  let after = 0;
  for (const { id: step, phase, window, usually, off } of runbookOf(plan)) {
    if (window?.begins && off === undefined) after += waitAt(window.name, after);
    moments.set(step, { phase, step, after });
    if (window && !window.begins) after += waitAt(window.name, after);
    if (off === undefined) after += usually;
  }
  return moments;
}
