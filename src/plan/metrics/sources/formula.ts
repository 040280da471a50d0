/** Several queries, of which a formula makes one number. */
import { z } from 'zod';
import { text } from '../../core/basics.js';
import type { Path } from '../../core/problems.js';
import { nearest } from '../../core/suggest.js';
import type { SourceResolution } from './source.js';

export const queryName = z
  .string()
  .regex(/^[a-z][A-Za-z0-9_]*$/, 'A query is named by a small letter, then letters, digits and "_"')
  .meta({ pattern: '^[a-z][A-Za-z0-9_]*$' });

export const formula = text().optional().describe('What is worked out of the queries, as `100 * errors / requests`');

interface WithQueries {
  queries: Record<string, unknown>;
  formula?: string;
}

/** The formula; of a single query, the query itself. */
export const formulaOf = ({ queries, formula }: WithQueries): string => formula ?? Object.keys(queries)[0] ?? '';

/** Whether the formula is there where one is needed, and makes use of the queries that there are. */
export function checkFormula(resolution: SourceResolution, { queries, formula }: WithQueries, at: Path): void {
  const names = Object.keys(queries);
  if (names.length === 0) resolution.report([...at, 'queries'], 'Nothing is asked: name at least one query');
  if (formula === undefined) {
    if (names.length < 2) return;
    const message = `\`formula\` is missing: say how ${names.join(', ')} make one number`;
    resolution.report(at, { message, key: true });
    return;
  }
  const used = formulaNames(formula);
  for (const word of used) {
    if (names.includes(word)) continue;
    const message = `Names \`${word}\`, and there is no such query; known: ${names.join(', ')}`;
    resolution.report([...at, 'formula'], { message, suggestion: nearest(word, names) });
  }
  for (const name of names) {
    if (!used.includes(name)) resolution.report([...at, 'queries', name], '`formula` makes no use of it');
  }
}

/** Names of queries in a formula: what stands outside quotes, begins small and is not called. */
const formulaNames = (formula: string): string[] =>
  [...formula.replaceAll(/'[^']*'|"[^"]*"/g, '').matchAll(/\b[a-z]\w*\b(?!\s*\()/g)].map(([word]) => word);
