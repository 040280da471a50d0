/** Series by a seed, the same on every machine. */
import type { Sample } from '../../../src/domain/watch/criteria.js';

/** Numbers between 0 and 1 (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Noise with a memory: AR(1) with this phi, standard deviation 1, from its steady state. */
export function noise(seed: number, count: number, phi: number): number[] {
  const random = uniform(seed * 7919 + 13);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let value = normal();
  return Array.from({ length: count }, () => {
    const now = value;
    value = phi * value + Math.sqrt(1 - phi ** 2) * normal();
    return now;
  });
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Values as samples at even times, the first one step after 0. */
export const samplesOf = (values: readonly number[], step: number): Sample[] =>
  values.map((value, index) => ({ at: (index + 1) * step, kind: 'ok', value }));
