/** How a watch stands by its record: in a deployment that has ended none runs. Pure. */
import type { Ledger, WatchRecord } from '../ledger/ledger.js';
import type { CriterionResult, Verdict } from './criteria.js';

/**
 * Its verdict, `running`, or `stopped`: it was not watched to its end, as by a guard that nobody needed any more.
 * @param isOver the deployment has ended, or nothing goes forward in it
 */
export const standingOf = (
  { verdict, endedAt }: Pick<WatchRecord, 'verdict' | 'endedAt'>,
  isOver: boolean,
): Verdict | 'running' | 'stopped' => verdict ?? (isOver || endedAt !== undefined ? 'stopped' : 'running');

/**
 * How one of its criteria stands. While a watch runs, or where it has ended early, those that were always seen and not
 * broken have no verdict: they are undecided.
 */
export function criterionStanding(
  { verdict, samples, unknown, reason }: CriterionResult,
  watch: ReturnType<typeof standingOf>,
): Verdict | 'undecided' {
  const isWhole = watch === 'healthy' || watch === 'unknown';
  const isSeen = samples > 0 && unknown === 0 && reason === undefined;
  return verdict === 'unknown' && isSeen && !isWhole ? 'undecided' : verdict;
}

/** Whether the way forward has ended, however it did. */
export const hasEnded = ({ outcome, ending }: Pick<Ledger, 'outcome' | 'ending'>): boolean =>
  outcome !== undefined || ending !== undefined;
