/** Deployments beside each other, one a line. Pure. */
import type { WaitsFor } from '../../domain/decisions/waits-for.js';
import type { ListedDeployment, ListedOutcome } from '../../domain/deployments/listed.js';
import { formatDuration } from '../../domain/duration.js';
import { beginningIn } from '../../domain/ledger/beginning.js';
import type { Colors } from './marks.js';
import { clockText } from './status.js';
import { alignedRows } from './table.js';

export interface ListedRow {
  listed: ListedDeployment;
  /** Of one that runs and has answered. */
  waitsFor?: WaitsFor[];
  /** Why one that runs has not said whom it waits for. */
  unanswered?: string;
}

export function listText(rows: readonly ListedRow[], { colors, now }: { colors: Colors; now: number }): string {
  const lines = rows.map(({ listed, ...waiting }) => {
    const { deployment, runId, startedAt, endedAt = now, target } = listed;
    const where = listed.memoUnread ? 'clock not known' : whereText(listed);
    return [
      { text: deployment ?? runId, paint: colors.bold },
      { text: outcomeCell(listed, now), paint: paintOf(listed.outcome, colors) },
      { text: clockText(startedAt) },
      { text: formatDuration(endedAt - startedAt) },
      { text: target ?? 'release unknown' },
      { text: [where, waitsText(listed, waiting)].filter(Boolean).join(', ') },
    ];
  });
  return alignedRows(lines).join('\n');
}

const whereText = ({ inVirtualTime, archived }: ListedDeployment): string =>
  inVirtualTime ? 'virtual time' : archived ? 'archived' : '';

function outcomeCell({ outcome, phase, beginsAt }: ListedDeployment, now: number): string {
  if (outcome === 'running' && beginsAt !== undefined && beginsAt > now)
    return beginningIn(beginsAt, now, clockText(beginsAt));
  if (outcome === 'running') return `running: ${phase ?? 'phase unknown'}`;
  return outcome === 'unknown' ? 'outcome unknown' : outcome;
}

function paintOf(outcome: ListedOutcome, colors: Colors): (text: string) => string {
  if (outcome === 'succeeded') return colors.green;
  if (outcome === 'running') return colors.cyan;
  return outcome === 'rolled-back' || outcome === 'unknown' ? colors.yellow : colors.red;
}

function waitsText(
  { outcome, waitingFor }: ListedDeployment,
  { waitsFor: waits, unanswered }: Omit<ListedRow, 'listed'>,
) {
  if (outcome !== 'running') return '';
  if (unanswered !== undefined) {
    return `${waitingFor === undefined ? '' : `waits for an answer to ${waitingFor}; `}whom it waits for is not known: ${unanswered}`;
  }
  return (waits ?? []).map(({ title, roles }) => `waits for ${roles.join(', ')} (${title})`).join('; ');
}
