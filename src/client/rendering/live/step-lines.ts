/** What is being done, and what went wrong: steps on the way forward and back. Pure. */
import { formatDuration } from '../../../domain/duration.js';
import type { Ledger, RollbackRecord, StepRecord, StepState } from '../../../domain/ledger/ledger.js';
import { type Line, type PaintName, type TerminalStyle, wrappedText } from './lines.js';

interface StepContext {
  /** Up to when the time of what runs is counted, epoch milliseconds. */
  at: number;
  style: TerminalStyle;
  usually?: ReadonlyMap<string, number>;
}

const MARKS: Readonly<Record<StepState, { mark: string; paint: PaintName }>> = {
  running: { mark: '▸', paint: 'cyan' },
  passed: { mark: '✓', paint: 'green' },
  failed: { mark: '✗', paint: 'red' },
  skipped: { mark: '↷', paint: 'yellow' },
};

/** What runs first; then what failed, the latest first, unless it was run again. */
export function stepLines({ steps }: Pick<Ledger, 'steps'>, context: StepContext): Line[] {
  const running = steps.filter(({ state }) => state === 'running');
  const failed = steps.filter(({ state }) => state === 'failed').reverse();
  return [...running, ...failed].flatMap((step) => linesOf(step, context));
}

function linesOf(step: StepRecord, { at, style, usually }: StepContext): Line[] {
  const { state, section, title, startedAt, endedAt, reason, summary, progress } = step;
  const took = formatDuration(Math.max((endedAt ?? at) - startedAt, 0));
  const usual = state === 'running' ? usually?.get(step.id) : undefined;
  const time = usual ? `${took}, usually ${formatDuration(usual)}` : took;
  const { mark, paint } = MARKS[state];
  const told = reason ?? (state === 'failed' ? summary : progress);
  return [
    [
      { text: `${mark} `, paint },
      { text: section ? `${section} ` : '', paint: 'dim' },
      { text: title },
      { text: ` (${time})`, paint: 'dim' },
    ],
    ...(told === undefined
      ? []
      : wrappedText({ text: told, ...(state === 'failed' ? { paint } : {}) }, style, { indent: 4 })),
  ];
}

/** The present or last rollback. */
export function rollbackLines({ rollback }: Pick<Ledger, 'rollback'>, context: StepContext): Line[] {
  if (!rollback) return [];
  const { option, trigger, steps, progress } = rollback;
  const { state, paint } = stateOf(rollback);
  const told = progress === undefined ? '' : `, ${progress}`;
  return [
    [
      { text: `Rollback (${option}): `, paint: 'bold' },
      { text: state, paint },
      { text: `${told}, ${timeOf(rollback, context.at)}` },
    ],
    ...wrappedText({ text: `because ${trigger.text}` }, context.style, { indent: 2 }),
    ...stepLines({ steps }, context),
  ];
}

function stateOf({ succeeded }: RollbackRecord): { state: string; paint: PaintName } {
  if (succeeded === undefined) return { state: 'under way', paint: 'yellow' };
  return succeeded ? { state: 'production is back', paint: 'green' } : { state: 'failed', paint: 'red' };
}

function timeOf({ startedAt, endedAt, took, estimate }: RollbackRecord, at: number): string {
  const time = formatDuration(took ?? Math.max((endedAt ?? at) - startedAt, 0));
  return estimate === undefined ? time : `${time}, estimate ${formatDuration(estimate)}`;
}
