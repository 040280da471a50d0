/** Ours against bare, pair by pair: the two figures of a ratio are measured within seconds of each other. */
import { percentile } from '../src/domain/statistics.js';
import { machine } from './machine.js';

/** Milliseconds. */
export interface Pair {
  ours: number;
  bare: number;
}

/** The first pairs meet a server and workers that have just started, and are not counted. */
const WARMING = 3;

/** Measures pairs, each in the other order than the one before. */
export async function measurePairs(
  rounds: number,
  {
    ours,
    bare,
    warming = WARMING,
  }: {
    ours: (round: number) => Promise<number>;
    bare: (round: number) => Promise<number>;
    warming?: number;
  },
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds + warming; round += 1) {
    const first = round % 2 === 0 ? await ours(round) : undefined;
    const bareTook = await bare(round);
    pairs.push({ ours: first ?? (await ours(round)), bare: bareTook });
  }
  return pairs.slice(warming);
}

export interface PairRow {
  what: string;
  pairs: number;
  /** Medians, milliseconds. */
  surefoot: number;
  bare: number;
  /** 95th percentile of ours, milliseconds. */
  p95: number;
  /** The median of the pairs' ratios. */
  ratio: number;
  bound: string;
}

export function rowOf(what: string, pairs: readonly Pair[], atMost: number): PairRow {
  const median = (of: (pair: Pair) => number) => percentile(pairs.map(of), 50);
  const ratio = median(({ ours, bare }) => ours / bare);
  return {
    what,
    pairs: pairs.length,
    surefoot: round(median(({ ours }) => ours)),
    bare: round(median(({ bare }) => bare)),
    p95: round(
      percentile(
        pairs.map(({ ours }) => ours),
        95,
      ),
    ),
    ratio: round(ratio),
    bound: `${ratio <= atMost ? 'pass' : 'FAIL'} (${atMost})`,
  };
}

export const round = (value: number): number => Math.round(value * 100) / 100;

/** Prints one table, or one JSON document. @returns the exit code: 1 when a bound is missed */
export function tell(rows: readonly { bound: string }[]): number {
  const good = rows.every(({ bound }) => !bound.startsWith('FAIL'));
  if (process.argv.includes('--json')) console.log(JSON.stringify({ machine: machine(), good, rows }));
  else {
    console.table(rows);
    console.log(`${machine()}. ${good ? 'All bounds are met.' : 'A bound is missed: see FAIL above.'}`);
  }
  return good ? 0 : 1;
}

/** A whole number after its flag on the command line. */
export function flag(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const given = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (Number.isInteger(given) && given > 0) return given;
  throw new Error(`--${name} wants a whole number`);
}
