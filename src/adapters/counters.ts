/**
 * Counters of a page that is looked at again and again: how much each has grown, whatever restarts there were and on
 * whichever pages it was missing.
 *
 * A counter that is missing from a page is compared with the last page that had it; one that was never there counts
 * from zero, since it appears with its first event; and one counts from zero after a restart, which a later
 * `process_start_time_seconds` tells, or the counter's fall where the page does not have that.
 */
import type { Page, Series } from './prometheus-text.js';

/** A counter with its last value. */
export interface Counter extends Series {
  /** How much it has grown since the first page. */
  grown: number;
}

/** A page, with what only those before it can tell. */
export interface CountedPage {
  page: Page;
  /** By metric name: those of this page, and those that only an earlier one had. */
  counters: ReadonlyMap<string, readonly Counter[]>;
  /** The process that wrote the page, where the page tells. */
  process?: Process;
  /** Why the pages cannot all be of one process, and for how many pages more that stands. */
  mixed?: { reason: string; pages: number };
  /** How many pages ago a counter fell without a word of a restart. */
  lastFall?: number;
}

export interface Process {
  /** Epoch seconds. */
  start: number;
  /** Its age when the page was read, milliseconds. */
  age: number;
}

/** The gauge by which the client libraries of Prometheus tell one process from another. */
export const PROCESS_START = 'process_start_time_seconds';

/** Some libraries work the start out anew for each page, from a boot time in whole seconds. */
const SAME_START = 1;
/** Where one of several processes answers by chance, so many pages in a row of one of them are no chance. */
const DOUBT = 10;

/**
 * @param before what the last page came to
 * @param names the metrics that are read as counters
 * @param wall when the page was read, epoch milliseconds
 */
export function countPage(
  before: CountedPage | undefined,
  page: Page,
  { names, wall }: { names: Iterable<string>; wall: number },
): CountedPage {
  const process = processOf(page, wall);
  const succession = successionOf(before?.process, process);
  const counters = new Map<string, readonly Counter[]>();
  let fallen: string | undefined;
  for (const name of names) {
    // Named for the first time: what it was before is not known.
    const isNew = before?.page.has(name) !== true;
    const known = new Map(before?.counters.get(name)?.map((counter) => [counter.key, counter]));
    if (succession === 'another')
      for (const counter of known.values()) known.set(counter.key, { ...counter, value: 0 });
    for (const series of page.get(name) ?? []) {
      const last = known.get(series.key);
      // What is no number says nothing of the growth; readings tell it.
      if (!Number.isFinite(series.value)) continue;
      if (last && series.value < last.value) fallen ??= name;
      known.set(series.key, { ...series, grown: (last?.grown ?? 0) + growth(series.value, { last, isNew }) });
    }
    counters.set(name, [...known.values()]);
  }
  const lastFall = fallen === undefined ? before?.lastFall && before.lastFall + 1 : 1;
  const reason = mixture({ before, process, succession, fallen });
  const left = (before?.mixed?.pages ?? 0) - 1;
  const mixed = reason === undefined ? before?.mixed && { ...before.mixed, pages: left } : { reason, pages: DOUBT };
  return {
    page,
    counters,
    ...(process && { process }),
    ...(mixed && mixed.pages > 0 && { mixed }),
    ...(lastFall !== undefined && { lastFall }),
  };
}

function growth(value: number, { last, isNew }: { last: Counter | undefined; isNew: boolean }): number {
  if (last) return value < last.value ? value : value - last.value;
  return isNew ? 0 : value;
}

function processOf(page: Page, wall: number): Process | undefined {
  const [only, ...others] = page.get(PROCESS_START) ?? [];
  if (only === undefined || others.length > 0 || !Number.isFinite(only.value)) return undefined;
  return { start: only.value, age: wall - only.value * 1_000 };
}

type Succession = 'same' | 'another' | 'untold';

export function successionOf(before: Process | undefined, after: Process | undefined): Succession {
  if (!before || !after) return 'untold';
  return Math.abs(after.start - before.start) <= SAME_START ? 'same' : 'another';
}

/** What one process alone cannot do. */
function mixture({
  before,
  process,
  succession,
  fallen,
}: {
  before: CountedPage | undefined;
  process: Process | undefined;
  succession: Succession;
  fallen: string | undefined;
}): string | undefined {
  if (succession === 'another' && (process?.start ?? 0) < (before?.process?.start ?? 0))
    return 'one that started earlier answers after one that started later';
  if (fallen === undefined || succession === 'another') return undefined;
  if (succession === 'same') return `${fallen} fell, and there was no restart`;
  return before?.lastFall !== undefined && before.lastFall < DOUBT
    ? `${fallen} fell, soon after another fall; a restart would show in ${PROCESS_START}`
    : undefined;
}
