/** Ranks, and what rank tests need of them. */

export interface Ranking {
  /** The rank of each value, from 1; equal values share the mean of theirs. */
  ranks: number[];
  /** How many values each group of equal ones has, groups of one left out. */
  ties: number[];
}

export function rank(values: readonly number[]): Ranking {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(values.length).fill(0);
  const ties: number[] = [];
  for (let first = 0; first < order.length; ) {
    let next = first + 1;
    while (next < order.length && order[next]?.value === order[first]?.value) next += 1;
    for (const { index } of order.slice(first, next)) ranks[index] = (first + 1 + next) / 2;
    if (next - first > 1) ties.push(next - first);
    first = next;
  }
  return { ranks, ties };
}

/**
 * The autocorrelation of values that are evenly spaced, for the lags 0 to n - 1 (the biased estimate).
 * @returns zeros after lag 0 where all values are equal
 */
export function autocorrelation(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const covariances = centred.map((_, lag) => {
    let sum = 0;
    for (let i = lag; i < centred.length; i += 1) sum += (centred[i] as number) * (centred[i - lag] as number);
    return sum;
  });
  const variance = covariances[0] ?? 0;
  return covariances.map((covariance, lag) => (variance > 0 ? covariance / variance : lag === 0 ? 1 : 0));
}

/** The median, the mean of the two in the middle for an even number; NaN for no values. */
export function median(values: readonly number[]): number {
  return middleOf(Float64Array.from(values).sort());
}

/** @param sorted ascending */
export function middleOf(sorted: Float64Array): number {
  const half = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  if (!Number.isInteger(half)) return sorted[Math.floor(half)] as number;
  return ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}
