/** Whether a service's production is free to be deployed to, by what came of the deployments before. Pure. */

/** A deployment of the service, as Temporal lists its run. */
export interface EarlierRun {
  runId: string;
  /** Missing where the run does not say it. */
  deployment?: string;
  /** Temporal's name of its state: COMPLETED, TERMINATED, … */
  status: string;
  /** The outcome that it has told; missing or `running` where it had no say in its end. */
  verdict?: string;
}

export interface Precedents {
  /** Newest first. */
  runs: readonly EarlierRun[];
  /** Workflow IDs of rollbacks that still run: they outlive their deployment. */
  rollbacks: readonly string[];
}

/** Ended before production was touched: what came before still stands. */
const UNTOUCHED: readonly string[] = ['aborted', 'rejected'];

/** The run that has left production to nobody: it was ended from outside, and none since has taken production over. */
export function unfinishedRun(runs: readonly EarlierRun[]): EarlierRun | undefined {
  const last = runs.find(({ status, verdict = '' }) => status !== 'COMPLETED' || !UNTOUCHED.includes(verdict));
  return last?.status === 'COMPLETED' ? undefined : last;
}

export const nameOfRun = ({ deployment, runId }: EarlierRun): string => deployment ?? runId;

/**
 * Why nothing may start: something still changes production, or an earlier deployment has left it half-way and nobody
 * has said that they looked.
 * @param after the unfinished run that people start over, by its deployment or run ID
 */
export function refusalToStart({ runs, rollbacks }: Precedents, after?: string): string | undefined {
  if (rollbacks.length > 0) {
    return `production is still being rolled back (${rollbacks.join(', ')}); a service has one live deployment`;
  }
  const unfinished = unfinishedRun(runs);
  if (!unfinished) {
    return after === undefined ? undefined : `no deployment is unfinished, and this is to start after ${after}`;
  }
  const { status, runId, deployment } = unfinished;
  if (status === 'RUNNING') return `${nameOfRun(unfinished)} is running; a service has one live deployment`;
  const ended = `${nameOfRun(unfinished)} was ended from outside (${status.toLowerCase()}), and production is as it was left`;
  if (after === undefined) return ended;
  if (after === runId || after === deployment) return undefined;
  return `${ended}; this is to start after ${after}`;
}
