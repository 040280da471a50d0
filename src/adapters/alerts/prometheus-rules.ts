/** Alerting rules of Prometheus: the threshold that an expression compares with, read from its text. */
import type { Comparison } from '../../domain/watch/criteria.js';

export interface Breach {
  comparison: Comparison;
  threshold: number;
}

const MIRRORED: Record<Comparison, Comparison> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };

/** Characters. Rules that people write are far shorter; a longer one is not worth the time that reading it may take. */
const LONGEST_EXPRESSION = 4_000;

/**
 * The one comparison with a number that decides an expression: `a / b > 0.02`, `3 < x`, `(x > bool 1e3)`.
 * @returns why there is no such one, when `and`, `or`, `unless` or several comparisons make it something else
 */
export function breachOf(expression: string): Breach | { unread: string } {
  if (expression.length > LONGEST_EXPRESSION) return { unread: 'it is too long to be read' };
  const bare = outermost(expression);
  if (/(^|[\s)}\]])(and|or|unless)([\s({]|$)/i.test(bare.flat)) return { unread: 'it has more than one condition' };
  const found = [...bare.flat.matchAll(/(==|!=|>=|<=|>|<)/g)];
  const [only] = found;
  if (only === undefined) return { unread: 'it compares with nothing' };
  if (found.length > 1) return { unread: 'it compares more than once' };
  const comparison = only[0];
  if (comparison === '==' || comparison === '!=') return { unread: `it fires at ${comparison}` };
  const left = bare.text.slice(0, only.index);
  const right = bare.text.slice(only.index + comparison.length).replace(/^\s*bool\b/, '');
  const [before, after] = [numberIn(left), numberIn(right)];
  if (after !== undefined && before === undefined) return { comparison: comparison as Comparison, threshold: after };
  if (before !== undefined && after === undefined)
    return { comparison: MIRRORED[comparison as Comparison], threshold: before };
  return { unread: 'it does not compare with a number' };
}

/** A number as PromQL writes it, with arithmetic left to others. */
function numberIn(text: string): number | undefined {
  const trimmed = text.trim().replace(/^\((.*)\)$/s, '$1');
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(trimmed.trim()) ? Number(trimmed) : undefined;
}

/**
 * An expression without comments and outer parentheses, and the same with everything in quotes and brackets blanked,
 * at equal length: what is left there is on the outermost level.
 */
function outermost(expression: string): { text: string; flat: string } {
  const text = expression.replace(
    /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|#[^\n]*/g,
    (all, quoted) => quoted ?? ' '.repeat(all.length),
  );
  const unquoted = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, (all) => ' '.repeat(all.length));
  let depth = 0;
  let flat = '';
  for (const character of unquoted) {
    if (')}]'.includes(character)) depth -= 1;
    flat += depth > 0 ? ' ' : character;
    if ('({['.includes(character)) depth += 1;
  }
  const inner = /^\s*\(\s*\)\s*$/.test(flat) ? text.trim().slice(1, -1) : undefined;
  return inner === undefined ? { text, flat } : outermost(inner);
}
