/** Looking at a deployment again and again, until it has ended, has come to something, or nobody wants to look any more. */
import type { Ledger } from '../../../domain/ledger/ledger.js';
import { activityProgress } from '../../../temporal/activity-progress.js';
import { pinnedBuild } from '../../../temporal/builds.js';
import type { Connected } from '../../../temporal/connection.js';
import { type FoundDeployment, readLedger, servicesFor } from '../../../temporal/deployments.js';
import { CliError, EXIT, innermost } from '../../../temporal/errors.js';
import type { LedgerView } from '../../../temporal/ledger-view.js';
import { withoutMemos } from '../../../temporal/runs.js';
import { isServerAway } from '../../../temporal/server-away.js';
import { viewLedger } from '../ledger-view.js';
import type { MissedLook, Viewer } from './viewer.js';

const EVERY = 1_000;
/** Milliseconds that the server may take to say whether it still runs. */
const DESCRIBED_WITHIN = 5_000;
/** Who serves its queues is asked less often: the server itself knows it to the minute only. */
const SERVICES_EVERY = 10_000;

export interface FollowOptions {
  /** After it no further look is made. */
  signal: AbortSignal;
  /** After this one even the present look is not waited for, as one at a server that does not answer. */
  interrupted: AbortSignal;
  viewer: Viewer;
  /** Whether what was waited for has come. */
  isEnough?: (ledger: Ledger) => boolean;
}

export interface Followed {
  /** The last look; nothing where nobody has answered before the looking ended. */
  last?: LedgerView;
  /** How the looking ended: with the deployment, with what was waited for, or by its signal. */
  by: 'end' | 'reached' | 'signal';
}

/** Looks every second; where nobody answers, it asks until somebody does. */
export async function followDeployment(
  connected: Connected,
  first: FoundDeployment,
  { signal, interrupted, viewer, isEnough }: FollowOptions,
): Promise<Followed> {
  let found = first;
  let last: LedgerView | undefined;
  let silence = '';
  const services = servicesNowAndThen(connected);
  const show = (view: LedgerView) => {
    if (interrupted.aborted) return;
    last = view;
    viewer.show(view);
  };
  const look = async (): Promise<'end' | 'reached' | undefined> => {
    if (!found.running) {
      show(await viewLedger(connected, found));
      return 'end';
    }
    const ledger = await readLedger(connected, found);
    silence = '';
    show({ found, ledger, services: await services(found, ledger) });
    return isEnough?.(ledger) ? 'reached' : undefined;
  };
  const miss = async (error: unknown): Promise<undefined> => {
    const unseen = whyUnseen(error, connected);
    // Without a worker the deployment waits, and so does its watcher; its history is gone through once.
    if (error instanceof CliError && silence !== unseen.what) {
      const told = await viewLedger(connected, found).catch(() => undefined);
      if (told !== undefined) show(told);
    }
    silence = unseen.what;
    if (!interrupted.aborted) viewer.unseen(unseen);
  };
  const over = new Promise<undefined>((resolve) => {
    interrupted.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  for (let looks = 0; !signal.aborted; looks += 1) {
    const again = async () => {
      if (looks > 0) found = await describedAgain(connected, found);
      return await look();
    };
    const by = await Promise.race([again().catch(miss), over]);
    if (by !== undefined) return { last, by };
    await pause(signal);
  }
  return { last, by: 'signal' };
}

/** @throws the error, where it is none that passes */
function whyUnseen(error: unknown, { address }: Connected): MissedLook {
  if (error instanceof CliError && error.exitCode === EXIT.unreachable)
    return { what: `${error.message}. ${error.hint}` };
  if (!isServerAway(error)) throw error;
  return { what: `Temporal at ${address} does not answer`, why: innermost(error) };
}

async function describedAgain(connected: Connected, found: FoundDeployment): Promise<FoundDeployment> {
  const describe = () => withoutMemos(connected.client).getHandle(found.workflowId, found.runId).describe();
  const description = await connected.connection.withDeadline(Date.now() + DESCRIBED_WITHIN, describe);
  const { status, raw } = description;
  const build = pinnedBuild(raw.workflowExecutionInfo);
  const progress = await activityProgress(connected, description);
  return { ...found, build, progress, status: status.name, running: status.name === 'RUNNING' };
}

function servicesNowAndThen(connected: Connected) {
  let services: LedgerView['services'] = [];
  let asked = Number.NEGATIVE_INFINITY;
  return async (found: FoundDeployment, ledger: Ledger): Promise<LedgerView['services']> => {
    if (performance.now() - asked < SERVICES_EVERY) return services;
    services = await servicesFor(connected, found, ledger);
    asked = performance.now();
    return services;
  };
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
