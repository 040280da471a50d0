/** What a log says that it did not say before. */
import type { CommandOutcome } from './recorded-commands.js';

export const linesOf = ({ output, errors }: CommandOutcome): string[] =>
  `${output}\n${errors}`.split(/\r?\n/).filter(Boolean);

/** The lines that the earlier output did not have, or not as often: both show the end of a log that goes on. */
export function freshLines(earlier: string[], later: string[]): string[] {
  const known = new Map<string, number>();
  for (const line of earlier) known.set(line, (known.get(line) ?? 0) + 1);
  return later.filter((line) => {
    const left = known.get(line) ?? 0;
    known.set(line, left - 1);
    return left <= 0;
  });
}
