/** The forge of a deployment that was ended from outside, as the one that shows it under way for good otherwise. */
import { showOnForge } from '../adapters/forge/forges.js';
import type { Patience } from '../adapters/http/patient-request.js';
import type { ForgeActivities } from '../contract/activities/forge.js';
import type { Forge } from '../contract/plan/forge.js';
import { isForgeEnd, reportOfCutOff } from '../domain/forge/forge-report.js';
import type { WorkflowRun } from '../domain/watchdog/seen.js';
import type { lookForShown, ShownDeployments } from '../domain/watchdog/shown.js';
import { inTurns } from './in-turns.js';
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

interface Means {
  signal: AbortSignal;
  patience: Patience;
}

/**
 * Tells the forges of those that are gone.
 * @param asked.forgeOf where a run's own start has it shown; `until`: nothing is begun after it, by this machine's clock
 * @returns those that are looked for again, and what is not known or not told, with the reasons
 */
export async function tellForgesOfEnds(
  view: ServerView,
  { shown, gone, forgeOf, until }: Asked,
  means: Means,
): Promise<{ shown: ShownDeployments; untold: string[] }> {
  const settled = new Set<string>();
  const untold: string[] = [];
  await inTurns(gone, async (deployment) => {
    const run = shown[deployment]?.run;
    if (!run) return;
    try {
      if (Date.now() > until) throw new Error('no time was left');
      const why = await tellForgeOfEnd(view, { run, forgeOf }, means);
      if (why === undefined) settled.add(deployment);
      else if (why !== GOES_ON) untold.push(`${deployment}: ${why}`);
    } catch (error) {
      means.signal.throwIfAborted();
      untold.push(`${deployment}: what its forge shows could not be looked at: ${whyNot(error)}`);
    }
  });
  const left = Object.entries(shown).filter(([deployment]) => !settled.has(deployment));
  return { shown: Object.fromEntries(left), untold };
}

interface Asked extends ReturnType<typeof lookForShown> {
  forgeOf(run: WorkflowRun): Promise<Forge | undefined>;
  until: number;
}

const GOES_ON = 'it goes on';

/** @returns why that is not settled; nothing when it is */
async function tellForgeOfEnd(
  view: ServerView,
  { run, forgeOf }: Pick<Asked, 'forgeOf'> & { run: WorkflowRun },
  means: Means,
): Promise<string | undefined> {
  const ended = await endOf(view, run);
  if (ended === undefined || ended === GOES_ON) return ended;
  const [told, forge] = await Promise.all([
    view.lastInput(run, 'tellForge') as Promise<Told | undefined>,
    forgeOf(run),
  ]);
  // A forge that was told nothing shows nothing; one that shows an end shows the right one.
  if (!told || !forge || isForgeEnd(told.report)) return undefined;
  const shown = await showOnForge(forge, { subject: told.subject, report: reportOfCutOff(ended) }, means);
  return 'untold' in shown ? shown.untold : undefined;
}

/** How it was cut off, or that it goes on; undefined where it came to its own end. */
async function endOf(view: ServerView, run: WorkflowRun): Promise<string | undefined> {
  const { workflowExecutionInfo: asked } = await view.describe(run);
  if (OPEN_STATES.includes(asked?.status ?? 0)) return GOES_ON;
  const ended = CUT_OFF.get(asked?.status ?? 0);
  if (ended === undefined) return undefined;
  // One that was reset goes on as another run, which the list may not have heard of yet.
  const { workflowExecutionInfo: last } = await view.describe({ workflowId: run.workflowId, runId: '' });
  const isReset = last?.firstRunId === asked?.firstRunId && OPEN_STATES.includes(last?.status ?? 0);
  return isReset ? GOES_ON : ended;
}
