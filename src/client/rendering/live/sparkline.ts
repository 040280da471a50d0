/** How a metric went, in one row of blocks against the limit of a rule. Pure. */
import { type Criterion, compares, type Sample } from '../../../domain/watch/criteria.js';
import type { PaintedText } from './lines.js';

/** The samples that a rule has been held against. */
export interface RuleCurve {
  breach: Criterion['breach'];
  samples: readonly Sample[];
}

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** Nobody knows what it was. */
const UNKNOWN = '?';
/** A hole is longer than this many times the usual distance of two samples. */
const HOLE = 3;

/**
 * Without colours, too, one sees what is beyond the limit: it alone is a full block, or the lowest one where the limit is a
 * lower one. A column stands for the worst of its samples; one of which none is known is a question mark, never low.
 */
export function sparkline({ breach, samples }: RuleCurve, columns: number): PaintedText[] {
  const values = withHoles(samples);
  const width = Math.min(columns, values.length);
  const scale = { breach, edge: edgeOf(values, breach) };
  const made: PaintedText[] = [];
  for (let column = 0; column < width; column += 1) {
    const from = Math.floor((column * values.length) / width);
    const to = Math.floor(((column + 1) * values.length) / width);
    const span = blockOf(worstOf(values.slice(from, to), breach), scale);
    const last = made.at(-1);
    if (last && last.paint === span.paint) last.text += span.text;
    else made.push(span);
  }
  return made;
}

/** Their values in the order of their times; nothing for one that is not known, and for a hole. */
function withHoles(samples: readonly Sample[]): (number | undefined)[] {
  const distances = samples.slice(1).map(({ at }, index) => at - (samples[index]?.at ?? at));
  const usual = distances.toSorted((one, other) => one - other)[Math.floor(distances.length / 2)] ?? 0;
  return samples.flatMap((sample, index) => {
    const isAfterHole = (distances[index - 1] ?? 0) > usual * HOLE;
    return isAfterHole ? [undefined, knownValue(sample)] : [knownValue(sample)];
  });
}

/** One that is a breach only if it is not the worker's own silence is none that is known. */
const knownValue = (sample: Sample): number | undefined =>
  sample.kind === 'ok' && sample.silence?.proven !== false ? sample.value : undefined;

const isUpper = ({ comparison }: RuleCurve['breach']): boolean => comparison.startsWith('>');

const known = (values: readonly (number | undefined)[]): number[] => values.filter((value) => value !== undefined);

function worstOf(values: readonly (number | undefined)[], breach: RuleCurve['breach']): number | undefined {
  const seen = known(values);
  if (seen.length === 0) return undefined;
  return isUpper(breach) ? Math.max(...seen) : Math.min(...seen);
}

/** What is furthest from the limit; above a lower limit the greatest value, below an upper one zero, or what is less. */
function edgeOf(values: readonly (number | undefined)[], breach: RuleCurve['breach']): number {
  return isUpper(breach)
    ? known(values).reduce((one, other) => Math.min(one, other), 0)
    : known(values).reduce((one, other) => Math.max(one, other), breach.threshold);
}

function blockOf(
  value: number | undefined,
  { breach, edge }: { breach: RuleCurve['breach']; edge: number },
): PaintedText {
  if (value === undefined) return { text: UNKNOWN, paint: 'yellow' };
  const { comparison, threshold } = breach;
  const isBeyond = compares(value, comparison, threshold);
  const steps = BLOCKS.length - 1;
  if (isBeyond) return { text: isUpper(breach) ? BLOCKS[7] : BLOCKS[0], paint: 'red' };
  const [low, high] = isUpper(breach) ? [edge, threshold] : [threshold, edge];
  const part = high > low ? Math.floor(((value - low) / (high - low)) * steps) : 0;
  const step = Math.min(Math.max(part, 0), steps - 1) + (isUpper(breach) ? 0 : 1);
  return { text: BLOCKS[step] ?? UNKNOWN, paint: 'green' };
}
