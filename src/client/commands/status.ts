import type { Command } from 'commander';
import pc from 'picocolors';
import type { Ledger } from '../../domain/ledger/ledger.js';
import { withConnection } from '../../temporal/connection.js';
import { type FoundDeployment, findDeployment, readLedger, servicesFor } from '../../temporal/deployments.js';
import { EXIT } from '../../temporal/errors.js';
import type { QueueService } from '../../temporal/queue-service.js';
import { renderStatus } from '../rendering/status.js';
import { exiting, print, printJson } from '../terminal/output.js';

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('say where a deployment stands, and what it waits for')
    .argument('[DEPLOYMENT]', 'deployment ID, service or workflow ID (default: the one running, or the latest)')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ surefoot status eduautismo')
    .action(exiting(status));
}

async function status(reference: string | undefined, options: { json?: boolean }): Promise<number> {
  return await withConnection(async (connected) => {
    const found = await findDeployment(connected, reference);
    const ledger = await readLedger(connected, found);
    const services = await servicesFor(connected, found, ledger);
    if (options.json) printJson(statusDocument({ found, ledger, services }));
    else print(renderStatus(ledger, { colors: pc, now: Date.now(), link: found.link, services }));
    return exitCodeOf(ledger);
  });
}

/** One look at a deployment. */
export interface LedgerView {
  found: FoundDeployment;
  ledger: Ledger;
  /** Of the task queues that it waits for. */
  services: QueueService[];
}

export const statusDocument = ({ found, ledger, services }: LedgerView) => ({
  deploymentId: ledger.deployment,
  workflowId: found.workflowId,
  runId: found.runId,
  running: found.running,
  outcome: ledger.outcome ?? null,
  uiUrl: found.link ?? null,
  items: ledger.items ?? null,
  queues: services,
  ledger,
});

/** 0 while it runs or when it succeeded, 1 when it ended otherwise. */
export const exitCodeOf = ({ outcome }: Pick<Ledger, 'outcome'>): number =>
  outcome === undefined || outcome === 'succeeded' ? EXIT.good : EXIT.badly;
