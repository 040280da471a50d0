/** What the end of a watch's history says of its last ticks: that there were any, and whether they have seen anything. */
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import type { Watch } from '../contract/plan/watch.js';
import { readSample, type Sample } from '../domain/watch/criteria.js';
import type { BlindMetric } from '../domain/watchdog/seen.js';
import type { HistoryEvents, ServerView } from './server-view.js';

/** A tick is about six events. */
export const EVENTS_OF_LAST_TICKS = 30;
const SAMPLED = 'sampleMetrics';
/** Characters. */
const LONGEST_WORDS = 300;

type Samples = Record<string, Sample[]>;

/** The samples of the last ticks, the newest first. */
export async function lastSamples(view: ServerView, events: HistoryEvents): Promise<Samples[]> {
  const sampled = events.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === SAMPLED);
  const ordinary = new Set(sampled.map(({ eventId }) => String(eventId)));
  const ticks: Samples[] = [];
  for (const { markerRecordedEventAttributes: marker, activityTaskCompletedEventAttributes: completed } of events) {
    const isOrdinary = completed && ordinary.has(String(completed.scheduledEventId));
    const result = isOrdinary ? completed.result : marker?.details?.result;
    const samples = result ? await view.decode(result).catch(() => undefined) : undefined;
    if (areSamples(samples)) ticks.push(samples);
  }
  return ticks;
}

const areSamples = (value: unknown): value is Samples =>
  typeof value === 'object' && value !== null && Object.values(value).every((each) => Array.isArray(each));

/**
 * The metrics of which so many ticks have brought nothing that any rule could be held against, though each was answered.
 * Pure. @param ticks the newest first
 */
export function blindMetrics(watch: Watch, ticks: readonly Samples[], count: number): BlindMetric[] {
  const last = ticks.slice(0, count);
  if (last.length < count) return [];
  return watch.metrics.flatMap(({ name }): BlindMetric[] => {
    const criteria = watch.criteria.filter(({ metric }) => metric === name);
    const said = last.map((samples) => samples[name] ?? []);
    const isBlind = said.every(
      (samples) =>
        samples.length > 0 &&
        samples.every((sample) => criteria.every((criterion) => readSample(criterion, sample) === 'unknown')),
    );
    if (!isBlind || criteria.length === 0) return [];
    const [newest] = said[0]?.toReversed() ?? [];
    const oldest = said.at(-1)?.[0];
    return newest && oldest ? [{ metric: name, since: oldest.at, why: wordsOf(newest).slice(0, LONGEST_WORDS) }] : [];
  });
}

function wordsOf(sample: Sample): string {
  if (sample.kind === 'error') return sample.message;
  if (sample.kind === 'noData') return `no data: ${sample.reason}`;
  return 'it is not a number';
}

/** When the newest of some events happened, epoch milliseconds. */
export const newestOf = ([newest]: HistoryEvents): number | undefined => timeOf(newest?.eventTime);

export const timeOf = (time: temporal.api.history.v1.IHistoryEvent['eventTime']): number | undefined =>
  time ? tsToMs(time) : undefined;
