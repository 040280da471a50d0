/**
 * Counters of a page that is looked at again and again: how much each has grown, whatever restarts there were and on
 * whichever pages it was missing.
 *
 * A counter that is missing from a page is compared with the last page that had it; one that was never there counts
 * from zero, since it appears with its first event; and one counts from zero after a restart, which a later
 * `process_start_time_seconds` tells, or the counter's fall where the page does not have that.
 */
import { MOST_SERIES, type Page, ParseFailure, type Series } from './prometheus-text.js';

/** A counter with its last value. */
export interface Counter extends Series {
  /** How much it has grown since the first page. */
  grown: number;
  /** The numbers of the last two pages on which it fell. */
  fell: readonly number[];
}

/** A page, with what only those before it can tell. */
export interface CountedPage {
  /** From 1, for the first of the address. */
  number: number;
  page: Page;
  /** By metric name, of all that are counted: those of this page, and those that only an earlier one had. */
  counters: ReadonlyMap<string, readonly Counter[]>;
  /** The process that wrote the page, where the page tells. */
  process?: Process;
  /** Why the pages cannot all be of one process, and for how many pages more that stands. */
  mixed?: { reason: string; pages: number };
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
  const number = (before?.number ?? 0) + 1;
  const process = processOf(page, wall);
  const isRestarted = successionOf(before?.process, process) === 'another';
  const counters = new Map<string, readonly Counter[]>();
  for (const name of names) {
    const known = (before?.counters.get(name) ?? []).map((last) => (isRestarted ? { ...last, value: 0 } : last));
    // Counted for the first time: what it was before is not known.
    const isNew = before?.counters.has(name) !== true;
    counters.set(name, grow(known, page.get(name) ?? [], { number, isNew }));
  }
  const fallen = [...counters.values()].flat().filter(({ fell }) => fell?.at(-1) === number);
  const reason = mixture(before?.process, process, fallen);
  const left = (before?.mixed?.pages ?? 0) - 1;
  const mixed = reason === undefined ? before?.mixed && { ...before.mixed, pages: left } : { reason, pages: DOUBT };
  return { number, page, counters, ...(process && { process }), ...(mixed && mixed.pages > 0 && { mixed }) };
}

function grow(
  known: readonly Counter[],
  page: readonly Series[],
  { number, isNew }: { number: number; isNew: boolean },
): Counter[] {
  const counters = new Map(known.map((counter) => [counter.key, counter]));
  for (const series of page) {
    const { key, value } = series;
    // What is no number says nothing of the growth; whoever reads it tells so.
    if (!Number.isFinite(value)) continue;
    const { grown, fell, value: last } = counters.get(key) ?? { grown: 0, fell: [], value: isNew ? value : 0 };
    const hasFallen = value < last;
    counters.set(key, {
      ...series,
      grown: grown + (hasFallen ? value : value - last),
      fell: hasFallen ? [...fell.slice(-1), number] : fell,
    });
  }
  // Labels that are others on each page would be remembered for ever.
  if (counters.size > MOST_SERIES) throw new ParseFailure(`a counter has had more than ${MOST_SERIES} series`);
  return [...counters.values()];
}

function processOf(page: Page, wall: number): Process | undefined {
  const [only, ...others] = page.get(PROCESS_START) ?? [];
  if (only === undefined || others.length > 0 || !Number.isFinite(only.value)) return undefined;
  return { start: only.value, age: wall - only.value * 1_000 };
}

/** Whether the page after is of the same process, of another one, or neither can be told. */
export function successionOf(before: Process | undefined, after: Process | undefined): 'same' | 'another' | 'untold' {
  if (!before || !after) return 'untold';
  return Math.abs(after.start - before.start) <= SAME_START ? 'same' : 'another';
}

/** Why pages that follow each other cannot be of one process and what it was restarted as. */
function mixture(
  before: Process | undefined,
  after: Process | undefined,
  fallen: readonly Counter[],
): string | undefined {
  const succession = successionOf(before, after);
  if (succession === 'another') {
    const isOlder = (after?.start ?? 0) < (before?.start ?? 0);
    return isOlder ? 'one that started earlier answers after one that started later' : undefined;
  }
  const [first] = fallen;
  if (first && succession === 'same') return `${first.name} fell, and there was no restart`;
  const again = fallen.find(({ fell: [one = 0, other = one + DOUBT] }) => other - one < DOUBT);
  return again && `${again.name} fell again soon after it had fallen; a restart would show in ${PROCESS_START}`;
}
