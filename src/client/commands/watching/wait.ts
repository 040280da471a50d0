/** Waiting for a deployment: to its end, or as far and as long as a pipeline wants to. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { hasReached, MILESTONES, type Milestone } from '../../../domain/deployments/until.js';
import { parseDuration } from '../../../domain/duration.js';
import type { Connected } from '../../../temporal/connection.js';
import { type FoundDeployment, findDeployment } from '../../../temporal/deployments.js';
import { EXIT } from '../../../temporal/errors.js';
import { cutOff, type LedgerView } from '../../../temporal/ledger-view.js';
import { renderStatus } from '../../rendering/status.js';
import pc from '../../terminal/colors.js';
import { interruptible } from '../../terminal/interruption.js';
import { note, print } from '../../terminal/output.js';
import { hasScreen } from '../../terminal/screen.js';
import { exitCodeOf, statusDocument } from '../status.js';
import { followDeployment } from './follow.js';
import { lineViewer } from './viewer.js';

export interface WaitOptions {
  until?: Milestone;
  /** Milliseconds. */
  timeout?: number;
}

export const withWaitOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--until <MILESTONE>', 'wait until these begin, or it has ended (the end)').choices(MILESTONES),
    )
    .option('--timeout <DURATION>', 'wait no longer than this, for example 30m', timeout);

/** Whether more is wanted than a look. */
export const isWaiting = ({ until, timeout: within }: WaitOptions): boolean =>
  until !== undefined || within !== undefined;

function timeout(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('Write it as a duration, for example 30m or 2h.');
  return milliseconds;
}

/**
 * Shows what happens meanwhile; Ctrl-C ends the waiting, and leaves the deployment where it is.
 * @returns the exit code, the last look, and whether what was waited for has come, where a milestone was named
 */
export async function waitForMilestone(
  connected: Connected,
  found: FoundDeployment,
  { until, timeout: within, json = false }: WaitOptions & { json?: boolean },
): Promise<{ code: number; last?: LedgerView; reached?: boolean }> {
  const isBounded = isWaiting({ until, timeout: within });
  const isLive = hasScreen() && !json;
  const { last, by } = await interruptible(async (interrupted) => {
    // Only a terminal needs what draws on it.
    const viewer = isLive ? (await import('./live-viewer.js')).liveViewer(connected, found) : lineViewer(json);
    try {
      return await followDeployment(connected, found, {
        signal: within === undefined ? interrupted : AbortSignal.any([interrupted, AbortSignal.timeout(within)]),
        interrupted,
        viewer,
        ...(until === undefined ? {} : { isEnough: (ledger) => hasReached(ledger, until) }),
      });
    } finally {
      viewer.close();
    }
  });
  // What was drawn is gone with its screen: how it stands at the end is to be read there afterwards, too.
  if (isLive && last && by !== 'signal') print(statusText(last));
  const reached = isBounded ? last !== undefined && hasReached(last.ledger, until ?? 'end') : undefined;
  const shown = isBounded ? { last, reached } : {};
  // With its outcome it has ended for who waits, though its last words are still being told.
  if (last && (by === 'end' || last.ledger.outcome !== undefined)) {
    return { code: exitCodeOf({ ledger: last.ledger, found: { running: false } }), last, reached };
  }
  if (by === 'reached') return { code: EXIT.good, ...shown };
  note(`\nThe deployment goes on; look again with surefoot watch ${found.deployment ?? found.workflowId}`);
  return { code: isBounded ? EXIT.underway : EXIT.good, ...shown };
}

function statusText(view: LedgerView): string {
  const { found, ledger, services } = view;
  const { link, build } = found;
  return renderStatus(ledger, { colors: pc, now: Date.now(), link, build, services, cutOff: cutOff(view) });
}

/** The same for one that has just been started. @returns what is told of it as JSON */
export async function waitForStarted(
  connected: Connected,
  { workflowId }: { workflowId: string },
  options: WaitOptions & { json?: boolean },
): Promise<{ code: number; reached?: boolean; status: ReturnType<typeof statusDocument> | null }> {
  const found = await findDeployment(connected, workflowId);
  const { code, last, reached } = await waitForMilestone(connected, found, options);
  return { code, reached, status: last ? statusDocument(last) : null };
}
