/** What several instances of an application, which answer at one address, tell together. */

/**
 * How often an application was restarted, by the starts that the answers of each observation told, the oldest first. Two
 * instances have two starts and neither is a restart: one counts when none of the earlier starts is told any more, and
 * never again. Until then (a rolling restart, or an instance that was not seen before) it is not known.
 */
export function restartsSeen(observations: readonly (readonly string[])[]): { value: number } | { unknown: string } {
  const [first = [], ...later] = observations;
  const earlier = new Set(first);
  const isNew = (start: string) => !earlier.has(start);
  const fresh = new Set(later.flat().filter(isNew));
  if (fresh.size === 0) return { value: 0 };
  const complete = later.findIndex((starts) => starts.every(isNew));
  if (complete >= 0 && later.slice(complete).every((starts) => starts.every(isNew))) return { value: fresh.size };
  const unknown = `several instances answer: ${list(fresh)} came up, and ${list(earlier)} still answers`;
  return { unknown: `${unknown}: a restart that is not complete, or an instance that was not seen before` };
}

const list = (starts: ReadonlySet<string>): string => {
  const [first, ...others] = starts;
  return `the one of ${first?.slice(0, 40)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
};

/** `v2 in 6 of 10 answers, v1 in 4`; the text alone when all are alike. */
export function tally(said: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of said) counts.set(text, (counts.get(text) ?? 0) + 1);
  if (counts.size === 1) return said[0] ?? '';
  const [[first = '', count = 0] = [], ...others] = [...counts].sort(([, a], [, b]) => b - a);
  return [`${first} in ${count} of ${said.length} answers`, ...others.map(([text, n]) => `${text} in ${n}`)].join(', ');
}
