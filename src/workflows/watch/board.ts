/** The board of a watch in the Web UI's details: Markdown, a row for each criterion. */
import type { Watch } from '../../contract/plan/watch.js';
import { cell } from '../../domain/ledger/board.js';
import { rounded } from '../../domain/rounded.js';
import type { CriterionResult } from '../../domain/watch/criteria.js';

/** How many ticks a watch has that nothing ends early. */
export const ticksOf = ({ duration, tick }: Pick<Watch, 'duration' | 'tick'>): number => Math.ceil(duration / tick);

export function renderWatch(watch: Watch, { ticks, results }: { ticks: number; results: CriterionResult[] }): string {
  return [
    `### ${cell(watch.title)}: ${ticks} of ${ticksOf(watch)} ticks`,
    '',
    '| Criterion | Breach | Verdict | Last | Worst | Samples |',
    '|---|---|---|---|---|---|',
    ...results.map(row),
  ].join('\n');
}

function row({ title, rule, verdict, last, worst, unit, samples, reason }: CriterionResult): string {
  const value = (number: number | undefined) => (number === undefined ? '' : `${rounded(number)} ${cell(unit)}`);
  const why = verdict === 'unknown' && reason !== undefined ? `: ${cell(reason)}` : '';
  return `| ${cell(title)} | ${cell(rule)} | ${verdict}${why} | ${value(last)} | ${value(worst)} | ${samples} |`;
}
