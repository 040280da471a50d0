/** One look at a deployment, also where nobody answers for it any more. */
import type { Ledger } from '../domain/ledger/ledger.js';
import type { Connected } from './connection.js';
import { type FoundDeployment, readLedger, servicesFor } from './deployments.js';
import { CliError } from './errors.js';
import type { QueueService } from './queue-service.js';
import type { WatchdogService } from './watchdog-service.js';

export interface LedgerView {
  found: Pick<FoundDeployment, 'workflowId' | 'runId' | 'running' | 'status' | 'link' | 'build'>;
  ledger: Ledger;
  /** Of the task queues that it waits for. */
  services: QueueService[];
  /** Whether somebody would be told if it were not carried on, where that was asked. */
  watchdog?: WatchdogService;
  /** Why the workflow itself did not say it: then the ledger is what its history says. */
  unanswered?: CliError;
  /** Temporal no longer has it: from the archive in this evidence store, made then. */
  archive?: { store: string; at: number };
}

/**
 * Asks the workflow; where no worker answers, or it was ended before it could say how it stands, its history tells.
 * @param ofHistory goes through its history: what that needs is loaded by those who may wait for it
 * @throws CliError the workflow's own failure to answer, when its history cannot be read here either
 */
export async function lookAtLedger(
  connected: Connected,
  found: FoundDeployment,
  ofHistory: (connected: Connected, found: FoundDeployment) => Promise<Ledger>,
): Promise<LedgerView> {
  // One that was ended from outside has said nothing of its end, whoever could still answer for it.
  const isCutOff = !found.running && found.status !== 'COMPLETED';
  try {
    if (isCutOff) return { found, ledger: await ofHistory(connected, found), services: [] };
  } catch {
    // Its worker may know it all the same.
  }
  try {
    const ledger = await readLedger(connected, found);
    return { found, ledger, services: await servicesFor(connected, found, ledger) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const ledger = await ofHistory(connected, found).catch(() => undefined);
    if (ledger === undefined) throw error;
    return { found, ledger, services: await servicesFor(connected, found, ledger), unanswered: error };
  }
}

/** How a deployment ended that had no say in it: Temporal's word; undefined for any other. */
export const cutOff = ({ found, ledger }: Pick<LedgerView, 'found' | 'ledger'>): string | undefined =>
  found.running || ledger.outcome ? undefined : (ledger.ending ?? found.status.toLowerCase());
