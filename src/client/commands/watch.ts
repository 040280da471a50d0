import type { Command } from 'commander';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { leftBehind } from '../../domain/ledger/left-behind.js';
import { activityProgress } from '../../temporal/activity-progress.js';
import { pinnedBuild } from '../../temporal/builds.js';
import { type Connected, withConnection } from '../../temporal/connection.js';
import { type FoundDeployment, findDeployment, readLedger, servicesFor } from '../../temporal/deployments.js';
import { CliError, EXIT } from '../../temporal/errors.js';
import { unserved } from '../../temporal/queue-service.js';
import { withoutMemos } from '../../temporal/runs.js';
import { ledgerChanges } from '../rendering/changes.js';
import { CLEAR, clockText, renderStatus, wayOn } from '../rendering/status.js';
import pc from '../terminal/colors.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { cutOff, type LedgerView, viewLedger } from './ledger-view.js';
import { exitCodeOf, FROM_HISTORY, statusDocument } from './status.js';

const EVERY = 1_000;
/** Who serves its queues is asked less often: the server itself knows it to the minute only. */
const SERVICES_EVERY = 10_000;

export function defineWatch(command: Command): void {
  command
    .argument('[DEPLOYMENT]', 'deployment ID, service or workflow ID (default: the one running, or the latest)')
    .option('--json', 'changes on stderr, the end as one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot watch eduautismo')
    .action(exiting(watch));
}

async function watch(reference: string | undefined, options: { json?: boolean }): Promise<number> {
  return await interruptible((signal) =>
    withConnection(async (connected) => {
      const first = await findDeployment(connected, reference);
      const show = viewer(options.json ?? false);
      const last = await follow(connected, first, { signal, show });
      if (!last) {
        note(`\nThe deployment goes on; look again with surefoot watch ${first.deployment ?? first.workflowId}`);
        return EXIT.good;
      }
      if (options.json) printJson(statusDocument(last));
      return exitCodeOf(last);
    }),
  );
}

/** Looks every second. Comes back with the last look, or nothing when the person stopped looking. */
async function follow(
  connected: Connected,
  first: FoundDeployment,
  { signal, show }: { signal: AbortSignal; show: (look: LedgerView) => void },
): Promise<LedgerView | undefined> {
  let found = first;
  let told = '';
  let services: LedgerView['services'] = [];
  let asked = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    if (!found.running) {
      const last = await viewLedger(connected, found);
      show(last);
      return last;
    }
    try {
      const ledger = await readLedger(connected, found);
      told = '';
      if (performance.now() - asked >= SERVICES_EVERY) {
        services = await servicesFor(connected, found, ledger);
        asked = performance.now();
      }
      show({ found, ledger, services });
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
  return undefined;
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
function viewer(json: boolean): (look: LedgerView) => void {
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
