/** The ledger of a deployment, wherever it still is: the run's own answer, its result, its history, its archive. */
import type { DeployResult } from '../../contract/deployment.js';
import { inertValues } from '../../domain/inert.js';
import type { Ledger } from '../../domain/ledger/ledger.js';
import type { Connected } from '../../temporal/connection.js';
import { findRun, readLedger } from '../../temporal/deployments.js';
import { gather } from './gather.js';
import type { KnownDeployment } from './known-deployments.js';

/** Of one that has ended. */
export async function ledgerOfEnded(connected: Connected, each: KnownDeployment): Promise<Ledger> {
  const { ledger, outcome, workflowId, runId } = each;
  if (ledger) return ledger;
  if (each.archived) throw new Error('its archive cannot be read');
  if (outcome !== 'ended-from-outside') {
    return (await connected.client.workflow.getHandle(workflowId, runId).result()) as DeployResult;
  }
  const found = await findRun(connected, each);
  if (!found) throw new Error('Temporal no longer has it');
  return (await gather(connected, found)).ledger;
}

/** Of one that runs, too: as its worker tells it. @throws where nobody can say it */
export async function ledgerOfKnown(connected: Connected, each: KnownDeployment): Promise<Ledger> {
  if (each.outcome !== 'running') return inertValues(await ledgerOfEnded(connected, each));
  const found = await findRun(connected, each);
  if (!found) throw new Error('Temporal no longer has it');
  return await readLedger(connected, found);
}
