/** Deployments beside each other, as a list has them. Pure. */
import type { Outcome } from '../ledger/ledger.js';

const OUTCOMES = ['succeeded', 'rolled-back', 'rollback-failed', 'rejected', 'aborted'] as const satisfies Outcome[];

/** What became of a deployment, where it is not known too. */
export const LISTED_OUTCOMES = ['running', ...OUTCOMES, 'ended-from-outside', 'unknown'] as const;
export type ListedOutcome = (typeof LISTED_OUTCOMES)[number];

export interface ListedDeployment {
  workflowId: string;
  runId: string;
  deployment?: string;
  service?: string;
  outcome: ListedOutcome;
  phase?: string;
  target?: string;
  /** Epoch milliseconds. */
  startedAt: number;
  /** Its appointed time. */
  beginsAt?: number;
  endedAt?: number;
  /** The ID of the question that it has put to people, or `resume`; nothing while it waits for nobody. */
  waitingFor?: string;
  /** A demo's: nothing was deployed anywhere. */
  inVirtualTime?: true;
  /** What it was started with cannot be read: whether in virtual time, and to begin when, is not known. */
  memoUnread?: true;
  /** Temporal no longer has it. */
  archived?: true;
}

/** @param status Temporal's name of the run's state @param verdict what the run has told of itself */
export function listedOutcome(status: string, verdict: string | undefined): ListedOutcome {
  if (status === 'RUNNING') return 'running';
  if (status !== 'COMPLETED') return 'ended-from-outside';
  return OUTCOMES.find((outcome) => outcome === verdict) ?? 'unknown';
}

export interface Wanted {
  service?: string;
  outcome?: ListedOutcome;
  /** Epoch milliseconds: those that have ended before are left out. */
  since?: number;
}

/** Those that are wanted, newest first. */
export function selectDeployments<Listed extends ListedDeployment>(
  all: readonly Listed[],
  { service, outcome, since = Number.NEGATIVE_INFINITY }: Wanted,
): Listed[] {
  return all
    .filter((each) => service === undefined || each.service === service)
    .filter((each) => outcome === undefined || each.outcome === outcome)
    .filter(({ endedAt }) => endedAt === undefined || endedAt >= since)
    .sort((one, other) => other.startedAt - one.startedAt);
}
