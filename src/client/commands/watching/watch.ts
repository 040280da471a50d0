import type { Command } from 'commander';
import { withConnection } from '../../../temporal/connection.js';
import { findDeployment } from '../../../temporal/deployments.js';
import { exiting, printJson } from '../../terminal/output.js';
import { statusDocument } from '../status.js';
import { type WaitOptions, waitForMilestone, withWaitOptions } from './wait.js';

export function defineWatch(command: Command): void {
  command.argument('[DEPLOYMENT]', 'deployment ID, service or workflow ID (default: the one running, or the latest)');
  withWaitOptions(command)
    .option('--json', 'changes on stderr, the end as one JSON document on stdout')
    .addHelpText(
      'after',
      [
        '\nExit code 4 with --until or --timeout: it is still on its way.',
        '\nExamples:',
        '  $ surefoot watch eduautismo',
        '  $ surefoot watch eduautismo --until sign-offs --timeout 30m',
      ].join('\n'),
    )
    .action(exiting(watch));
}

async function watch(reference: string | undefined, options: WaitOptions & { json?: boolean }): Promise<number> {
  return await withConnection(async (connected) => {
    const found = await findDeployment(connected, reference);
    const { code, last, reached } = await waitForMilestone(connected, found, options);
    if (options.json && last) printJson({ ...statusDocument(last), ...(reached === undefined ? {} : { reached }) });
    else if (options.json && reached !== undefined) {
      const { deployment = null, workflowId, runId, running } = found;
      printJson({ deploymentId: deployment, workflowId, runId, running, reached, ledger: null });
    }
    return code;
  });
}
