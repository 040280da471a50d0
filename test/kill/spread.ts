/** Which moments are chosen, and which are killed at in one run. */

/** So many of them, with the same distance between each two. */
export function spread<T>(all: readonly T[], count: number): T[] {
  if (count >= all.length) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.floor(((index + 0.5) * all.length) / count)] as T);
}

/** Each group takes every so manieth of them: as far apart as can be. */
export function grouped<T>(all: readonly T[], inOne: number): T[][] {
  const groups = Math.ceil(all.length / inOne);
  return Array.from({ length: groups }, (_, group) => all.filter((__, index) => index % groups === group));
}
