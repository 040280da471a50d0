/** Looks at deployments as commands take them: what goes through histories is loaded only when it has to. */
import { inertValues } from '../../domain/inert.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import type { Archived } from '../../report/history/archive.js';
import type { Connected } from '../../temporal/connection.js';
import type { FoundDeployment } from '../../temporal/deployments.js';
import { type LedgerView, lookAtLedger } from '../../temporal/ledger-view.js';

/** @throws CliError the workflow's own failure to answer, when its history cannot be read here either */
export const viewLedger = (connected: Connected, found: FoundDeployment): Promise<LedgerView> =>
  lookAtLedger(connected, found, ledgerOfHistory);

/** The same of one that Temporal no longer has. */
export async function viewArchived(connected: Connected, archived: Archived): Promise<LedgerView> {
  const { gatherArchived } = await import('../../report/history/archive.js');
  const gathered = await gatherArchived(archived, connected.client.options.loadedDataConverter);
  const { workflowId, runId, status, ledger, archive } = gathered;
  return { found: { workflowId, runId, status, running: false }, ledger: inertValues(ledger), services: [], archive };
}

async function ledgerOfHistory(connected: Connected, found: FoundDeployment): Promise<Ledger> {
  // The replay needs the SDK's worker: whoever is answered does not wait for it to load.
  const { gather } = await import('../../report/history/gather.js');
  return (await gather(connected, found)).ledger;
}
