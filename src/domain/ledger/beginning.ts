/** Deployments that begin at an appointed time. Pure. */
import { formatDuration } from '../duration.js';
import type { Ledger } from './ledger.js';

type Appointed = Pick<Ledger, 'beginsAt' | 'startedAt' | 'outcome'>;

/** Whether nothing of it has run, as its time has not come or nobody has carried it out since: its start moves with it. */
export const hasYetToBegin = ({ beginsAt, startedAt, outcome }: Appointed): boolean =>
  outcome === undefined && beginsAt !== undefined && startedAt < beginsAt;

/**
 * `begins at 2026-11-28 05:00 UTC (in 9 h); nothing of it has run`
 * @param clock the time as people are to read it; workflows know no local one
 */
export const beginningText = (beginsAt: number, now: number, clock = universalMinute(beginsAt)): string =>
  `${beginningIn(beginsAt, now, clock)}; nothing of it has run`;

/** @param clock the time as people are to read it */
export const beginningIn = (beginsAt: number, now: number, clock: string): string =>
  beginsAt > now
    ? `begins at ${clock} (in ${formatDuration(beginsAt - now)})`
    : `was to begin at ${clock} (${formatDuration(now - beginsAt)} ago)`;

export const universalMinute = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
