/** How a watch stands by its record: in a deployment that has ended none runs. Pure. */
import type { Ledger, WatchRecord } from '../ledger/ledger.js';
import type { Verdict } from './criteria.js';

/**
 * Its verdict, `running`, or `stopped`: it was not watched to its end, as by a guard that nobody needed any more.
 * @param isOver the deployment has ended, or nothing goes forward in it
 */
export const standingOf = (
  { verdict, endedAt }: Pick<WatchRecord, 'verdict' | 'endedAt'>,
  isOver: boolean,
): Verdict | 'running' | 'stopped' => verdict ?? (isOver || endedAt !== undefined ? 'stopped' : 'running');

/** Whether the way forward has ended, however it did. */
export const hasEnded = ({ outcome, ending }: Pick<Ledger, 'outcome' | 'ending'>): boolean =>
  outcome !== undefined || ending !== undefined;
