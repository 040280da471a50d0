/** The series of a watch as the evidence store keeps it: a line for each tick, with all samples of it. */
import { type Sample, sampleOf } from './criteria.js';

/** A sample without its time: a number, NaN and infinity as Prometheus writes them, or why there is none. */
type Compact = Heard | Silent;
type Heard = number | 'NaN' | '+Inf' | '-Inf' | { noData: string } | { error: string };

/** What it would be if it had been heard, and what was heard of other places. */
interface Silent {
  silent: Heard;
  proven: boolean;
  why: string;
}

/**
 * One line. A metric with one sample of the tick's own time is that sample; any other, a list of `[at, sample]`.
 * @param at the tick's time, `wall` the real time of the look; epoch milliseconds
 */
export function seriesLineAt({ at, wall }: { at: number; wall: number }, samples: Record<string, Sample[]>): string {
  const values = Object.entries(samples).map(([name, taken]) => {
    const [first] = taken;
    const plain = taken.length === 1 && first?.at === at;
    return [name, plain ? compact(first) : taken.map((sample) => [sample.at, compact(sample)])];
  });
  return JSON.stringify({ at, wall, values: Object.fromEntries(values) });
}

/** Where the evidence store keeps the series of a watch. */
export const seriesPath = (monitor: string): string => `series/${monitor}.jsonl`;

/**
 * The samples of a whole series by metric, oldest first, from one time to another, both included. A series holds what
 * an earlier generation has written, too, and after a retry a line twice.
 */
export function samplesIn(text: string, { from, to }: { from: number; to: number }): Map<string, Sample[]> {
  const series = new Map<string, Map<number, Sample>>();
  for (const line of text.split('\n')) {
    for (const [name, samples] of Object.entries(readSeriesLine(line))) {
      const byTime = series.get(name) ?? new Map<number, Sample>();
      for (const sample of samples) if (sample.at >= from && sample.at <= to) byTime.set(sample.at, sample);
      series.set(name, byTime);
    }
  }
  return new Map(
    [...series].map(([name, byTime]) => [name, [...byTime.values()].sort((one, other) => one.at - other.at)]),
  );
}

/** The samples of a line, by metric; none of a line that a dying worker has left half written. */
export function readSeriesLine(line: string): Record<string, Sample[]> {
  // An error that is thrown and caught costs as much as hundreds of lines.
  if (!line.startsWith('{')) return {};
  let read: { at: number; values: Record<string, Compact | [number, Compact][]> };
  try {
    read = JSON.parse(line);
  } catch {
    return {};
  }
  const { at, values } = read;
  return Object.fromEntries(
    Object.entries(values).map(([name, written]) => [
      name,
      Array.isArray(written) ? written.map(([time, one]) => expand(time, one)) : [expand(at, written)],
    ]),
  );
}

function compact({ silence, ...sample }: Sample): Compact {
  const heard = withoutSilence(sample);
  return silence ? { silent: heard, proven: silence.proven, why: silence.text } : heard;
}

function withoutSilence(sample: Sample): Heard {
  if (sample.kind === 'notANumber') return 'NaN';
  if (sample.kind === 'ok') {
    if (Math.abs(sample.value) < Number.MAX_VALUE) return sample.value;
    return sample.value > 0 ? '+Inf' : '-Inf';
  }
  return sample.kind === 'noData' ? { noData: sample.reason } : { error: sample.message };
}

function expand(at: number, written: Compact): Sample {
  if (typeof written === 'object') {
    if ('silent' in written)
      return { ...expand(at, written.silent), silence: { proven: written.proven, text: written.why } };
    return 'noData' in written
      ? { at, kind: 'noData', reason: written.noData }
      : { at, kind: 'error', message: written.error };
  }
  if (written === '+Inf' || written === '-Inf') return sampleOf(at, written === '+Inf' ? Infinity : -Infinity);
  return sampleOf(at, written === 'NaN' ? NaN : written);
}
