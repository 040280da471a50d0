/** The forge of a deployment that was ended from outside, as the one that shows it under way for good otherwise. */
import { showOnForge } from '../adapters/forge/forges.js';
import type { Patience } from '../adapters/http/patient-request.js';
import type { ForgeActivities } from '../contract/activities/forge.js';
import type { DeployInput } from '../contract/deployment.js';
import { isForgeEnd, reportOfCutOff } from '../domain/forge/forge-report.js';
import type { WorkflowRun } from '../domain/watchdog/seen.js';
import { type ServerView, whyNot } from './server-view.js';

/** Temporal's numbers of how a run was ended that had no say in it. */
const CUT_OFF: ReadonlyMap<number, string> = new Map([
  [3, 'failed'],
  [4, 'cancelled'],
  [5, 'terminated'],
  [7, 'timed out'],
]);
const OPEN_STATES = [1, 8];

type Told = Parameters<ForgeActivities['tellForge']>[0];

/**
 * Tells the forge of one that is not open any more.
 * @returns whether that is settled, and else what is not known or not told, with the reason
 */
export async function tellForgeOfEnd(
  view: ServerView,
  run: WorkflowRun,
  means: { signal: AbortSignal; patience: Patience },
): Promise<{ isSettled: boolean; untold?: string }> {
  try {
    const ended = await endOf(view, run);
    if (ended === 'goes on') return { isSettled: false };
    if (ended === undefined) return { isSettled: true };
    const told = (await view.lastInput(run, 'tellForge')) as Told | undefined;
    // A forge that was told nothing shows nothing; one that shows an end shows the right one.
    if (!told || isForgeEnd(told.report)) return { isSettled: true };
    const { subject, known } = told;
    // The token goes where the start said that was looked at.
    const { forge } = ((await view.input(run)) as DeployInput).plan;
    if (!forge) return { isSettled: true };
    const shown = await showOnForge(
      forge,
      { subject, report: reportOfCutOff(ended), ...(known ? { known } : {}) },
      means,
    );
    return 'untold' in shown ? { isSettled: false, untold: shown.untold } : { isSettled: true };
  } catch (error) {
    means.signal.throwIfAborted();
    return { isSettled: false, untold: `what its forge shows could not be looked at: ${whyNot(error)}` };
  }
}

/** How it was cut off; undefined where it came to its own end. */
async function endOf(view: ServerView, run: WorkflowRun): Promise<string | 'goes on' | undefined> {
  const { workflowExecutionInfo: asked } = await view.describe(run);
  if (OPEN_STATES.includes(asked?.status ?? 0)) return 'goes on';
  const ended = CUT_OFF.get(asked?.status ?? 0);
  if (ended === undefined) return undefined;
  // One that was reset goes on as another run, which the list may not have heard of yet.
  const { workflowExecutionInfo: last } = await view.describe({ workflowId: run.workflowId, runId: '' });
  const isReset = last?.firstRunId === asked?.firstRunId && OPEN_STATES.includes(last?.status ?? 0);
  return isReset ? 'goes on' : ended;
}
