/** What a view has seen of a watch itself: all there is to plot where the evidence is on another machine. Pure. */
import type { Ledger, WatchRecord } from '../../../domain/ledger/ledger.js';
import type { Sample } from '../../../domain/watch/criteria.js';

/** The watch that runs, or ran last. */
export const latestWatch = ({ monitors }: Pick<Ledger, 'monitors'>): WatchRecord | undefined =>
  monitors.findLast(({ endedAt }) => endedAt === undefined) ?? monitors.at(-1);

/** What looks have told of one watch, by criterion. */
export interface Observed {
  watch: string;
  /** By the watch's own time. */
  at: number;
  samples: ReadonlyMap<string, readonly Sample[]>;
}

/** With what one more look tells: of each tick that it has seen the last value. Pure. */
export function observed(before: Observed | undefined, record: WatchRecord): Observed {
  const earlier = before?.watch === record.workflowId ? before : undefined;
  const at = record.now ?? record.startedAt;
  if (earlier && at <= earlier.at) return earlier;
  const samples = record.criteria.map(({ id, last, samples: taken, reason }) => {
    const known: Sample[] =
      last === undefined ? [{ at, kind: 'noData', reason: reason ?? 'unknown' }] : [{ at, kind: 'ok', value: last }];
    return [id, [...(earlier?.samples.get(id) ?? []), ...(taken > 0 ? known : [])]] as const;
  });
  return { watch: record.workflowId, at, samples: new Map(samples) };
}
