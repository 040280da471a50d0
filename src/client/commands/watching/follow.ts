/** Looking at a deployment again and again, until it has ended, has come to something, or nobody wants to look any more. */
import type { Ledger } from '../../../domain/ledger/ledger.js';
import { leftBehind } from '../../../domain/ledger/left-behind.js';
import { activityProgress } from '../../../temporal/activity-progress.js';
import { pinnedBuild } from '../../../temporal/builds.js';
import type { Connected } from '../../../temporal/connection.js';
import { type FoundDeployment, readLedger, servicesFor } from '../../../temporal/deployments.js';
import { CliError, EXIT } from '../../../temporal/errors.js';
import { cutOff, type LedgerView } from '../../../temporal/ledger-view.js';
import { unserved } from '../../../temporal/queue-service.js';
import { withoutMemos } from '../../../temporal/runs.js';
import { ledgerChanges } from '../../rendering/changes.js';
import { CLEAR, clockText, renderStatus, wayOn } from '../../rendering/status.js';
import pc from '../../terminal/colors.js';
import { note, print } from '../../terminal/output.js';
import { viewLedger } from '../ledger-view.js';
import { FROM_HISTORY } from '../status.js';

const EVERY = 1_000;
/** Who serves its queues is asked less often: the server itself knows it to the minute only. */
const SERVICES_EVERY = 10_000;

export interface FollowOptions {
  signal: AbortSignal;
  show: (look: LedgerView) => void;
  /** Whether what was waited for has come. */
  isEnough?: (ledger: Ledger) => boolean;
}

export interface Followed {
  /** The last look; nothing where nobody has answered before the looking ended. */
  last?: LedgerView;
  /** How the looking ended: with the deployment, with what was waited for, or by its signal. */
  by: 'end' | 'reached' | 'signal';
}

/** Looks every second. */
export async function followDeployment(
  connected: Connected,
  first: FoundDeployment,
  { signal, show: tell, isEnough }: FollowOptions,
): Promise<Followed> {
  let found = first;
  let latest: LedgerView | undefined;
  const show = (view: LedgerView) => {
    latest = view;
    tell(view);
  };
  let told = '';
  let services: LedgerView['services'] = [];
  let asked = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    if (!found.running) {
      const last = await viewLedger(connected, found);
      show(last);
      return { last, by: 'end' };
    }
    try {
      const ledger = await readLedger(connected, found);
      told = '';
      if (performance.now() - asked >= SERVICES_EVERY) {
        services = await servicesFor(connected, found, ledger);
        asked = performance.now();
      }
      show({ found, ledger, services });
      if (isEnough?.(ledger)) return { last: latest, by: 'reached' };
    } catch (error) {
      // Without a worker the deployment waits, and so does its watcher.
      if (!(error instanceof CliError) || error.exitCode !== EXIT.unreachable) throw error;
      if (told !== error.message) {
        const last = await viewLedger(connected, found).catch(() => undefined);
        if (last !== undefined) show(last);
        note(`${error.message}. ${error.hint}${last?.unanswered ? `\n${FROM_HISTORY}` : ''}`);
      }
      told = error.message;
    }
    await pause(signal);
    const description = await withoutMemos(connected.client).getHandle(found.workflowId, found.runId).describe();
    const { status, raw } = description;
    const build = pinnedBuild(raw.workflowExecutionInfo);
    const progress = await activityProgress(connected, description);
    found = { ...found, build, progress, status: status.name, running: status.name === 'RUNNING' };
  }
  return { last: latest, by: 'signal' };
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, EVERY);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

/** A live page at a terminal; elsewhere one line for each thing that happened. */
export function viewer(json: boolean): (look: LedgerView) => void {
  if (process.stdout.isTTY && !json) {
    return (view) => {
      const { found, ledger, services } = view;
      const { link, build } = found;
      const shown = { colors: pc, now: Date.now(), link, build, services, cutOff: cutOff(view) };
      print(`${CLEAR}${renderStatus(ledger, shown)}`);
    };
  }
  let before: Ledger | undefined;
  const line = json ? note : print;
  let idle = '';
  return (view) => {
    const { ledger, services } = view;
    for (const change of ledgerChanges(before, ledger)) line(`${clockText(Date.now())}  ${change}`);
    before = ledger;
    const ended = cutOff(view);
    if (ended !== undefined) {
      for (const told of [`ended from outside: ${ended}`, ...leftBehind(ledger), ...wayOn(ledger)])
        line(`${clockText(Date.now())}  ${told}`);
    }
    const queues = unserved(services);
    const now = queues.map(({ queue }) => queue).join();
    if (now !== idle) {
      for (const { text, advice } of queues) line(`${clockText(Date.now())}  ${text}. ${advice}`);
      if (now === '') line(`${clockText(Date.now())}  its task queues are served again`);
    }
    idle = now;
  };
}
