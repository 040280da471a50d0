/**
 * What everything that reads the outside world is put through. Silence is not an answer: what a reader could not see
 * is unknown, said with a reason that is bounded and holds no secret; never zero, none, well or merged.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

export const SITUATIONS = {
  value: 'a good answer is read',
  none: 'nothing there is told apart from nothing seen',
  hidden: 'what it may not see is unknown',
  partial: 'half an answer is unknown',
  error: 'an error is unknown',
  hang: 'an answer that never comes is unknown',
  nonsense: 'nonsense is unknown',
  huge: 'an answer without end is bounded',
} as const;

export type Situation = keyof typeof SITUATIONS;

/** What was read: a value; that there is none, because the source itself proves it; or that nothing is known, and why. */
export type Answer = { known: unknown } | { none: string } | { unknown: string };

/** A situation that cannot come about for this reader, and why. */
export interface Impossible {
  impossible: string;
}

export type Situations = Record<Situation, (() => Promise<Answer>) | Impossible>;

/** Longest reason that people are shown, characters. */
const LONGEST_REASON = 4_000;
/** Longest time for one reading in these suites, milliseconds. Readers get limits of their own well below it. */
const LONGEST = 30_000;
const ALLOWED: Record<Situation, readonly string[]> = {
  value: ['known'],
  none: ['none', 'unknown'],
  hidden: ['unknown'],
  partial: ['unknown'],
  error: ['unknown'],
  hang: ['unknown'],
  nonsense: ['unknown'],
  huge: ['known', 'unknown'],
};

/**
 * Registers one test for each situation that is possible.
 * @param reader the module that reads, from `src/`: `adapters/metrics/prometheus/prometheus.ts`
 * @param secrets what no reason may hold: the credentials and others' rows that the situations put in the reader's way
 */
export function conforms(reader: string, situations: Situations, { secrets = [] as string[] } = {}): void {
  const [module = ''] = reader.split(/[ ,]/);
  if (!existsSync(`src/${module}`)) throw new Error(`there is no module src/${module}`);
  describe(`${reader} reads the outside`, () => {
    for (const [situation, title] of Object.entries(SITUATIONS) as [Situation, string][]) {
      const read = situations[situation];
      if (typeof read !== 'function') continue;
      test(
        `${situation}: ${title}`,
        async () => {
          const answer = await read();
          const [kind, said] = Object.entries(answer)[0] as [string, unknown];
          expect(ALLOWED[situation], `${situation} was read as ${kind}: ${String(said).slice(0, 500)}`).toContain(kind);
          if (kind === 'known') return;
          expect(String(said)).not.toBe('');
          expect(String(said).length).toBeLessThanOrEqual(LONGEST_REASON);
          for (const secret of secrets) expect(String(said)).not.toContain(secret);
        },
        LONGEST,
      );
    }
  });
}

/** For readers that throw what they could not learn. */
export async function answerOf(read: () => Promise<unknown>): Promise<Answer> {
  try {
    return { known: await read() };
  } catch (error) {
    return { unknown: error instanceof Error ? error.message : String(error) };
  }
}
