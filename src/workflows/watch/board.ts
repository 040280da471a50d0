/** The board of a watch in the Web UI's details: Markdown, a line for each criterion; a table fits no phone. */
import type { Watch } from '../../contract/plan/watch.js';
import { cell } from '../../domain/ledger/board.js';
import { rounded } from '../../domain/rounded.js';
import type { CriterionResult } from '../../domain/watch/criteria.js';

/** How many ticks a watch has that nothing ends early. */
export const ticksOf = ({ duration, tick }: Pick<Watch, 'duration' | 'tick'>): number => Math.ceil(duration / tick);

export function renderWatch(watch: Watch, { ticks, results }: { ticks: number; results: CriterionResult[] }): string {
  return [`### ${cell(watch.title)}: ${ticks} of ${ticksOf(watch)} ticks`, '', ...results.map(criterionLine)].join(
    '\n',
  );
}

function criterionLine({ title, rule, verdict, last, worst, unit, samples, reason }: CriterionResult): string {
  const value = (name: string, number: number | undefined) =>
    number === undefined ? '' : `, ${name} ${rounded(number)} ${cell(unit)}`;
  const why = verdict === 'unknown' && reason !== undefined ? `: ${cell(reason)}` : '';
  const values = `${value('last', last)}${value('worst', worst)}, ${samples} samples`;
  return `- ${verdict}: ${cell(title)} (${cell(rule)})${values}${why}`;
}
