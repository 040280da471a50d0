/** Which moments are chosen, and which are killed at in one run. */
import { createHash } from 'node:crypto';

/** What a path has of its own: everything from its breach on, and what came before and is not on the happy path. */
export function ownOf<T>(all: readonly T[], { breach, happy }: { breach: number; happy: readonly T[] }): T[] {
  return all.filter((moment, index) => index >= breach || !happy.includes(moment));
}

/** The nth of so many parts: by the moments' names, so that parts that are swept apart leave nothing out. */
export function partOf(all: readonly string[], { nth, of }: { nth: number; of: number }): string[] {
  const place = (moment: string) => createHash('sha256').update(moment).digest().readUInt32BE() % of;
  return all.filter((moment) => place(moment) === nth - 1);
}

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
