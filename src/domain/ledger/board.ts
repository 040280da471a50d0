/** The live board in the Web UI's details of a deployment: GitHub Markdown, from the ledger alone. */
import { formatDuration } from '../duration.js';
import { inert } from '../inert.js';
import type { ItemCounts } from '../items.js';
import { inOneLine } from '../one-line.js';
import { rounded } from '../rounded.js';
import { PHASES } from '../steps.js';
import type { CriterionResult } from '../watch/criteria.js';
import { beginningText, hasYetToBegin } from './beginning.js';
import type { Ledger, StepRecord, StepState } from './ledger.js';

const MARKS: Record<StepState, string> = { running: '⏳', passed: '✅', failed: '❌', skipped: '⏭️' };

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&#60;',
  '|': '&#124;',
  '\\': '&#92;',
  '[': '&#91;',
  '`': '&#96;',
  '*': '&#42;',
  _: '&#95;',
};

/**
 * Text of outside origin must not break out of its line or table cell, nor become HTML, a link or bold. Entities, for
 * renderers disagree about backslashes; numbers for `<`, whose name the Web UI shows as it is.
 */
export const cell = (text: string, longest = 200): string =>
  inOneLine(inert(text))
    .slice(0, longest)
    .replace(/[\uD800-\uDBFF]$/, '')
    .replace(/[&<|\\[`*_]/g, (character) => ENTITIES[character] ?? '');

/** People decide by it: it has to be there whole, or nearly. */
const LONGEST_QUESTION = 1_000;

export function renderBoard(ledger: Ledger, now: number): string {
  return [
    headline(ledger, now),
    questions(ledger),
    rollback(ledger),
    phases(ledger),
    monitors(ledger),
    refusals(ledger),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline(ledger: Ledger, now: number): string {
  const elapsed = formatDuration((ledger.endedAt ?? now) - ledger.startedAt);
  const state = ledger.outcome ? `**${ledger.outcome}** – ${cell(ledger.reason ?? '')}` : going(ledger, now);
  const { items } = ledger;
  const boxes = items && items.total > 0 ? `\n\n${boxesText(items)}` : '';
  const held = ledger.held
    ? `\n\n✋ Held by ${cell(ledger.held.who)}: ${cell(ledger.held.why ?? 'no reason given')}`
    : '';
  return `### ${cell(ledger.title)}\n${cell(ledger.release.previous)} → ${cell(ledger.release.target)}, ${state}, ${elapsed}${boxes}${held}${waiting(ledger)}`;
}

function going(ledger: Ledger, now: number): string {
  const { beginsAt, phase } = ledger;
  return beginsAt !== undefined && hasYetToBegin(ledger) ? `**${beginningText(beginsAt, now)}**` : `phase **${phase}**`;
}

/** Whether its runner is there a workflow cannot know: only whose turn it is, and where to look. */
function waiting({ outcome, runner, runners }: Ledger): string {
  if (outcome || runner === undefined) return '';
  const own = Object.entries(runners ?? {}).map(
    ([environment, { queue }]) => `, those of ${environment} where **${cell(queue)}** is`,
  );
  const says = `\`surefoot status\` says whether ${own.length === 0 ? 'it is' : 'they are'}`;
  return `\n\nCommands run where queue **${cell(runner)}** is served${own.join('')}; ${says}.`;
}

/** The boxes of the checklist in one line: what is ticked, and what is not. */
function boxesText(items: ItemCounts): string {
  const { total, passed, attested, failed, skipped, notApplicable, unknown } = items;
  const rest = { failed, skipped, 'not applicable': notApplicable, open: unknown };
  const others = Object.entries(rest).flatMap(([word, count]) => (count > 0 ? `, ${count} ${word}` : []));
  return `☑ ${passed + attested} of ${total} boxes${others.join('')}`;
}

function questions(ledger: Ledger): string {
  if (ledger.questions.length === 0) return '';
  const entries = ledger.questions.flatMap((question) => {
    const isSignOff = question.kind === 'approvals';
    const given = isSignOff ? ledger.approvals.map(({ role, who }) => `${cell(role)} ✅ ${cell(who)}`).join(', ') : '';
    const open = question.roles.filter((role) => !ledger.approvals.some((approval) => approval.role === role));
    const roles = isSignOff ? open : question.roles;
    return [
      `- **${cell(question.title)}**: ${cell(question.text, LONGEST_QUESTION)}`,
      ...(given ? [`  - so far: ${given}`] : []),
      `  - who: ${cell(roles.join(', '))}; moves: ${question.moves.join(', ')}`,
      ...(question.digest ? [`  - digest to approve: **${cell(question.digest.slice(0, 12))}**`] : []),
    ];
  });
  return ['**Waiting for people**', '', ...entries].join('\n');
}

function rollback(ledger: Ledger): string {
  const record = ledger.rollback;
  if (!record) return '';
  const state = record.succeeded === undefined ? 'under way' : record.succeeded ? 'done' : 'FAILED';
  const estimate = record.estimate === undefined ? '' : ` (estimate ${formatDuration(record.estimate)})`;
  const took = record.took === undefined ? '' : ` in ${formatDuration(record.took)}${estimate}`;
  return `**Rollback: ${record.option}, ${state}${took}**\n${cell(record.trigger.text)}\n\n${record.reasons.map((reason) => `- ${cell(reason)}`).join('\n')}`;
}

/** A heading for each phase, a line for each step: the Web UI's details are too narrow for a table. */
function phases(ledger: Ledger): string {
  return PHASES.flatMap((phase) => {
    const steps = ledger.steps.filter((step) => step.phase === phase);
    return steps.length === 0 ? [] : [[`**${phase}**`, '', ...steps.map(stepLine)].join('\n')];
  }).join('\n\n');
}

function stepLine({ state, section, title, startedAt, endedAt, reason, summary }: StepRecord): string {
  const took = endedAt === undefined ? '' : ` (${formatDuration(endedAt - startedAt)})`;
  const result = cell(reason ?? summary ?? '');
  return `- ${MARKS[state]} ${section ? `${cell(section)} ` : ''}${cell(title)}${took}${result ? `: ${result}` : ''}`;
}

/** What is well in a watch is counted; what is not is told one by one. */
function monitors(ledger: Ledger): string {
  return ledger.monitors
    .filter(({ criteria }) => criteria.length > 0)
    .map(({ title, samples, criteria }) => {
      const healthy = criteria.filter(({ verdict }) => verdict === 'healthy').length;
      const others = criteria.filter(({ verdict }) => verdict !== 'healthy').map(criterionLine);
      const head = `**${cell(title)}**: ${healthy} of ${criteria.length} criteria healthy, ${samples} samples`;
      return [head, ...(others.length > 0 ? ['', ...others] : [])].join('\n');
    })
    .join('\n\n');
}

function criterionLine({ title, rule, verdict, worst, unit, reason }: CriterionResult): string {
  const value = worst === undefined ? '' : `, worst ${rounded(worst)} ${cell(unit)}`;
  return `- ${verdict}: ${cell(title)} (${cell(rule)})${value}${verdict === 'unknown' && reason ? `, ${cell(reason)}` : ''}`;
}

function refusals(ledger: Ledger): string {
  const refused = ledger.decisions.filter(({ accepted }) => !accepted).slice(-5);
  const untold = ledger.untold.slice(-5);
  return [
    ...(ledger.refusedBefore ? [`- refused before these: ${ledger.refusedBefore} more than are listed`] : []),
    ...refused.map((decision) => `- refused: ${decision.kind} by ${cell(decision.who)}: ${cell(decision.reason)}`),
    ...untold.map((text) => `- not told: ${cell(text)}`),
    ...(ledger.unkept ?? []).slice(-5).map((text) => `- not kept: ${cell(text)}`),
  ].join('\n');
}
