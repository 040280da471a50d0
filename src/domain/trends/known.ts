/** The part of a series that tests can use. */
import { formatDuration } from '../duration.js';
import type { Sample } from '../watch/criteria.js';
import { median } from './ranks.js';
import type { Point } from './theil-sen.js';
import type { Trend, TrendJudgement } from './trend.js';

/**
 * The samples with a finite number, in the order of their times, one for each. No data, errors, NaN and infinity are
 * left out: that nothing was seen is no trend, and {@link Trend.minimumSamples} says how much must have been.
 */
export function known(samples: readonly Sample[], { from, to }: { from: number; to: number }): Point[] {
  const points = new Map<number, Point>();
  for (const sample of samples) {
    if (sample.kind !== 'ok' || !(Math.abs(sample.value) < Number.MAX_VALUE)) continue;
    if (sample.at >= from && sample.at <= to) points.set(sample.at, { at: sample.at, value: sample.value });
  }
  return [...points.values()].sort((a, b) => a.at - b.at);
}

/** At most so many points: each the median of as many neighbours, in the middle of their times. */
export function thin(points: readonly Point[], most: number): readonly Point[] {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const group = points.slice(index * size, (index + 1) * size);
    const middle = (group[0] as Point).at + (group.at(-1) as Point).at;
    return { at: middle / 2, value: median(group.map(({ value }) => value)) };
  });
}

/**
 * The longest time, milliseconds, from the first to the last of neighbouring points that all are so. What lies on both
 * sides of a hole wider than `hole` is not taken for one stretch.
 */
export function longestStretch(points: readonly Point[], isSo: (value: number) => boolean, hole: number): number {
  let longest = 0;
  let since: number | undefined;
  let last: number | undefined;
  for (const { at, value } of points) {
    if (!isSo(value) || (last !== undefined && at - last > hole)) since = undefined;
    if (isSo(value)) since ??= at;
    if (since !== undefined) longest = Math.max(longest, at - since);
    last = at;
  }
  return longest;
}

export const tooLittle = (trend: Trend, text: string, figures: Record<string, number> = {}): TrendJudgement => ({
  verdict: trend.notEnough,
  text: `too little data: ${text}`,
  figures,
});

/** A time for people, in days where it is many. */
export const lasting = (milliseconds: number): string =>
  milliseconds < 3 * DAY ? formatDuration(milliseconds) : `${figure(milliseconds / DAY)} days`;

const DAY = 86_400_000;

/** A number for people: three digits. */
export const figure = (value: number): string => String(Number(value.toPrecision(3)));
