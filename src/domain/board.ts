/** The live board in the Web UI's details of a deployment: GitHub Markdown, from the ledger alone. */
import { formatDuration } from './duration.js';
import type { Ledger, StepState } from './ledger.js';
import { PHASES } from './steps.js';

const MARKS: Record<StepState, string> = { running: '⏳', passed: '✅', failed: '❌', skipped: '⏭️' };

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '|': '&#124;',
  '\\': '&#92;',
  '[': '&#91;',
  '`': '&#96;',
};

/**
 * Text of outside origin must not break out of a table cell, nor become HTML or a link. Entities, for renderers disagree
 * about a backslash before `\|`.
 */
export const cell = (text: string): string =>
  text
    .replace(/\s*[\r\n]\s*/g, ' ')
    .slice(0, 200)
    .replace(/[\uD800-\uDBFF]$/, '')
    .replace(/[&<|\\[`]/g, (character) => ENTITIES[character] ?? '');

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
  const state = ledger.outcome ? `**${ledger.outcome}** – ${cell(ledger.reason ?? '')}` : `phase **${ledger.phase}**`;
  const held = ledger.held
    ? `\n\n✋ Held by ${cell(ledger.held.who)}: ${cell(ledger.held.why ?? 'no reason given')}`
    : '';
  return `### ${cell(ledger.title)}\n${cell(ledger.release.previous)} → ${cell(ledger.release.target)}, ${state}, ${elapsed}${held}`;
}

function questions(ledger: Ledger): string {
  if (ledger.questions.length === 0) return '';
  const rows = ledger.questions.map((question) => {
    const signedOff =
      question.kind === 'approvals' ? ledger.approvals.map(({ role, who }) => `${role} ✅ ${who}`).join(', ') : '';
    const open = question.roles.filter((role) => !ledger.approvals.some((approval) => approval.role === role));
    const roles = question.kind === 'approvals' ? open : question.roles;
    return `| ${cell(question.title)} | ${cell(signedOff || question.text)} | ${cell(roles.join(', '))} | ${question.moves.join(', ')} |`;
  });
  return ['**Waiting for people**', '', '| What | So far | Who | Moves |', '|---|---|---|---|', ...rows].join('\n');
}

function rollback(ledger: Ledger): string {
  const record = ledger.rollback;
  if (!record) return '';
  const state = record.succeeded === undefined ? 'under way' : record.succeeded ? 'done' : 'FAILED';
  const took =
    record.took === undefined ? '' : ` in ${formatDuration(record.took)} (estimate ${formatDuration(record.estimate)})`;
  return `**Rollback: ${record.option}, ${state}${took}**\n${cell(record.trigger.text)}\n\n${record.reasons.map((reason) => `- ${cell(reason)}`).join('\n')}`;
}

function phases(ledger: Ledger): string {
  const rows = PHASES.flatMap((phase) =>
    ledger.steps
      .filter((step) => step.phase === phase)
      .map((step) => {
        const took = step.endedAt === undefined ? '' : formatDuration(step.endedAt - step.startedAt);
        return `| ${MARKS[step.state]} | ${phase} | ${cell(step.section)} | ${cell(step.title)} | ${took} | ${cell(step.reason ?? step.summary ?? '')} |`;
      }),
  );
  return rows.length === 0
    ? ''
    : ['| | Phase | § | Step | Took | Result |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

function monitors(ledger: Ledger): string {
  const rows = ledger.monitors.flatMap((monitor) =>
    monitor.criteria.map(
      (criterion) =>
        `| ${cell(monitor.id)} | ${cell(criterion.title)} | ${cell(criterion.rule)} | ${criterion.verdict} | ${criterion.samples} | ${criterion.worst === undefined ? '' : `${round(criterion.worst)} ${cell(criterion.unit)}`} |`,
    ),
  );
  return rows.length === 0
    ? ''
    : ['| Watch | Criterion | Breach | Verdict | Samples | Worst |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

function refusals(ledger: Ledger): string {
  const refused = ledger.decisions.filter(({ accepted }) => !accepted).slice(-5);
  const untold = ledger.untold.slice(-5);
  return [
    ...refused.map((decision) => `- refused: ${decision.kind} by ${cell(decision.who)}: ${cell(decision.reason)}`),
    ...untold.map((text) => `- not told: ${cell(text)}`),
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 100) / 100;
