/**
 * What everything that reads the outside world is put through. Silence is not an answer: what a reader could not see
 * is unknown, said with a reason that is bounded and holds no secret; never zero, none, well or merged.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';

export const SITUATIONS = {
  value: 'a good answer is read',
  none: 'nothing there is told apart from nothing seen',
  hidden: 'what it may not see is unknown',
  partial: 'half an answer is unknown',
  error: 'an error is unknown',
  hang: 'an answer that never comes is unknown',
  nonsense: 'nonsense is unknown',
  huge: 'an answer without end is bounded',
  rateLimit: 'a source that wants fewer questions is waited for, or said to want that',
  paging: 'what stands on a second page is read, or said to be missing',
  secrets: 'a credential that the source sends back is told to nobody',
} as const;

export type Situation = keyof typeof SITUATIONS;

/** What was read: a value; that there is none, because the source itself proves it; or that nothing is known, and why. */
export type Answer = { known: unknown } | { none: string } | { unknown: string };

/** A situation that cannot come about for this reader, and why. */
export interface Impossible {
  impossible: string;
}

/** An answer in pages. */
export interface Pages {
  read: () => Promise<Answer>;
  /** What is known once every page was read. */
  whole: unknown;
}

type Read = () => Promise<Answer>;

/**
 * What the outside does to a reader. A suite may leave out the last three, where its kind of source has no such thing:
 * - `rateLimit`: the source throttles (429, `Retry-After`, `SlowDown`): it is asked again later, or the reason says so;
 * - `paging`: the answer comes in pages, and something stands on the second one only;
 * - `secrets`: the source's answer quotes the credential that it was given. (That the credentials named to `conforms`
 *   are told to nobody is looked at in every situation.)
 */
export type Situations = Record<Exclude<Situation, 'rateLimit' | 'paging' | 'secrets'>, Read | Impossible> & {
  rateLimit?: Read | Impossible;
  paging?: Pages | Impossible;
  secrets?: Read | Impossible;
};

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
  rateLimit: ['known', 'unknown'],
  paging: ['known', 'unknown'],
  secrets: ['known', 'none', 'unknown'],
};
/** What a reason says of a source that throttles. */
const THROTTLED = /429|rate.?limit|too many|throttl|slow.?down|too often|fewer/i;

/**
 * Registers one test for each situation that is possible.
 * @param reader the module that reads, from `src/`: `adapters/metrics/prometheus/prometheus.ts`
 * @param secrets what nothing that is said or logged may hold, in any situation: the reader's credentials, and others'
 * rows that the situations put in its way
 */
export function conforms(reader: string, situations: Situations, { secrets = [] as string[] } = {}): void {
  const [module = ''] = reader.split(/[ ,]/);
  if (!existsSync(`src/${module}`)) throw new Error(`there is no module src/${module}`);
  if (isPossible(situations.secrets) && secrets.length === 0) throw new Error(`${reader}: which secrets?`);
  describe(`${reader} reads the outside`, () => {
    for (const [situation, title] of Object.entries(SITUATIONS) as [Situation, string][]) {
      const asked = situations[situation];
      if (!isPossible(asked)) continue;
      const read = typeof asked === 'function' ? asked : asked.read;
      test(
        `${situation}: ${title}`,
        async () => {
          const { answer, lines } = await logging(read);
          const [kind, said] = Object.entries(answer)[0] as [string, unknown];
          expect(ALLOWED[situation], `${situation} was read as ${kind}: ${String(said).slice(0, 500)}`).toContain(kind);
          for (const secret of secrets) expect([...everythingSaid(answer), ...lines].join('\n')).not.toContain(secret);
          if (kind === 'known') {
            if (typeof asked !== 'function') expect(said).toEqual(asked.whole);
            return;
          }
          expect(String(said)).not.toBe('');
          expect(String(said).length).toBeLessThanOrEqual(LONGEST_REASON);
          if (situation === 'rateLimit') expect(said).toMatch(THROTTLED);
        },
        LONGEST,
      );
    }
  });
}

const isPossible = (asked: Read | Pages | Impossible | undefined): asked is Read | Pages =>
  asked !== undefined && !('impossible' in asked);

/** What was read, and every line that was printed or logged meanwhile. */
async function logging(read: Read): Promise<{ answer: Answer; lines: string[] }> {
  const lines: string[] = [];
  const hear = (...printed: unknown[]) => {
    lines.push(printed.map((part) => (part instanceof Error ? carriedBy(part).join('\n') : String(part))).join(' '));
    return true;
  };
  const spies = [
    ...(['debug', 'info', 'log', 'warn', 'error'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(hear),
    ),
    ...[process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(hear)),
  ];
  try {
    return { answer: await read(), lines };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Everything of an answer that reaches people or a history, the causes behind its reason included. */
const everythingSaid = (answer: Answer): string[] => [
  ...Object.values(answer).map((part) => (typeof part === 'string' ? part : (JSON.stringify(part) ?? ''))),
  ...carriedBy(failures.get(answer)),
];

/** What a failure carries along into a history: its messages and traces, its details, and those of its causes. */
function carriedBy(thrown: unknown): string[] {
  if (thrown === undefined || thrown === null) return [];
  if (!(thrown instanceof Error)) return [JSON.stringify(thrown) ?? String(thrown)];
  const { details } = thrown as { details?: unknown };
  const others = thrown instanceof AggregateError ? thrown.errors : [];
  return [thrown.message, thrown.stack ?? '', ...carriedBy(details), ...[thrown.cause, ...others].flatMap(carriedBy)];
}

/** The failures behind the reasons of answers: they carry along more than their message. */
const failures = new WeakMap<Answer, unknown>();

/** For readers that throw what they could not learn. */
export async function answerOf(read: () => Promise<unknown>): Promise<Answer> {
  try {
    return { known: await read() };
  } catch (thrown) {
    const answer = { unknown: thrown instanceof Error ? thrown.message : String(thrown) };
    failures.set(answer, thrown);
    return answer;
  }
}
