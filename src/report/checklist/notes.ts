/** What people should know of a deployment besides its boxes: how it ended, what was gone on without, what went wrong. */
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { formatDuration } from '../../domain/duration.js';
import type { Attestation } from '../../domain/evidence.js';
import { ITEM_STATES } from '../../domain/items.js';
import type { ReportDocument } from '../content/document.js';
import type { ReportClock } from '../content/times.js';
import type { Words } from '../content/words.js';

/** Lines of plain text. */
export function notesOf({
  report,
  plan,
  words,
  clock,
}: {
  report: ReportDocument;
  plan: ResolvedPlan;
  words: Words;
  clock: ReportClock;
}): string[] {
  return [
    outcome(report, words),
    counts(report, words),
    ...report.rollbacks.flatMap((rollback) => rollbackLines(rollback, words)),
    ...list(words.exceptions, skipped(report, plan, words)),
    ...list(words.overridden, overridden(report, words)),
    ...list(words.untold, report.untold),
    ...list(words.unkept, report.unkept ?? []),
    `${report.deployment}, ${report.workflowId}, ${report.runId}`,
    `${words.made} ${report.generator}, ${clock.stamp(report.madeAt)} (${clock.zone}), ${words.source[report.source.ledger]}`,
  ];
}

function outcome({ status, reason, ...report }: ReportDocument, words: Words): string {
  const known = report.outcome === null ? undefined : words.outcomes[report.outcome as keyof Words['outcomes']];
  const said = known ?? (status === 'running' ? `${words.running} (${report.phase})` : words.ended);
  return `${words.outcome}: ${said}${reason ? `: ${reason}` : ''}`;
}

function counts({ counts: { total, ...states } }: ReportDocument, words: Words): string {
  const told = ITEM_STATES.filter((state) => states[state] > 0).map(
    (state) => `${words.states[state]}: ${states[state]}`,
  );
  return `${words.items}: ${total} (${told.join(', ')})`;
}

function rollbackLines(rollback: ReportDocument['rollbacks'][number], words: Words): string[] {
  const { option, took, estimate, succeeded, trigger, reasons, reason } = rollback;
  const { under, done, failed } = words.rollbackStates;
  const state = succeeded === undefined ? under : succeeded ? done : `${failed}${reason ? `: ${reason}` : ''}`;
  const inWords = (time: number | undefined, otherwise: string) =>
    time === undefined ? otherwise : formatDuration(time);
  const times = { option, took: inWords(took, '…'), estimate: inWords(estimate, '–') };
  return [`${words.rollback(times)}: ${state}`, ...[trigger.text, ...reasons].map((text) => `  - ${text}`)];
}

/** Boxes that people went on without, and steps of which no such box tells. */
function skipped({ items, steps }: ReportDocument, plan: ResolvedPlan, words: Words): string[] {
  const boxes = items.filter(({ state }) => state === 'skipped');
  const told = new Set(
    plan.items.filter(({ id }) => boxes.some((box) => box.id === id)).flatMap(({ by }) => by.map(({ step }) => step)),
  );
  const untold = steps.filter(({ id, state }) => state === 'skipped' && !told.has(id));
  return [
    ...boxes.map(({ id, title, people }) => `${id} ${title} (${byWhom(people, words)})`),
    ...untold.map(({ title, skippedBy }) => `${title} (${byWhom(skippedBy ? [skippedBy] : [], words)})`),
  ];
}

function byWhom(people: readonly Attestation[], words: Words): string {
  const told = people.map(({ who, role, why }) => `${who} ${words.as} ${role}${why ? `: ${why}` : ''}`);
  return [...new Set(told)].join('; ');
}

const overridden = ({ decisions }: ReportDocument, words: Words): string[] =>
  decisions
    .filter(({ kind, accepted }) => kind === 'override' && accepted)
    .map(({ who, role, why }) => `${who} ${words.as} ${role}: ${why ?? ''}`);

const list = (heading: string, lines: string[]): string[] =>
  lines.length === 0 ? [] : [`${heading}:`, ...lines.map((line) => `  - ${line}`)];
