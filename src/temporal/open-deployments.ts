/** Deployments of a service that are not over, as Temporal has them: nothing that they may still need is to go. */
import { deployWorkflowId, isOfService } from '../contract/names.js';
import { precedentsOf } from '../contract/precedents.js';
import { unfinishedRun } from '../domain/precedents.js';
import type { Connected } from './connection.js';
import { CliError, EXIT } from './errors.js';
import { withoutMemos } from './runs.js';

/** Temporal's names of the states of a run that goes on no more. */
const CLOSED = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT', 'CONTINUED_AS_NEW'];

/**
 * Those that run, those of which a watch or a rollback does, and the one that was cut off and from which nobody has taken
 * production over.
 * @throws CliError exit 3 where one is not over, and nobody knows which deployment it is
 */
export async function openDeployments({ client }: Pick<Connected, 'client'>, service: string): Promise<Set<string>> {
  const temporal = withoutMemos(client);
  const { runs } = await precedentsOf(temporal, service);
  const open = new Set<string>();
  for (const run of [...runs.filter(({ status }) => !CLOSED.includes(status)), unfinishedRun(runs)]) {
    if (!run) continue;
    if (run.deployment === undefined) {
      throw new CliError(`Which deployment the run ${run.runId} of ${deployWorkflowId(service)} is, is not known`, {
        hint: 'Look at it in Temporal’s Web UI; nothing is removed until it is over.',
        exitCode: EXIT.unreachable,
      });
    }
    open.add(run.deployment);
  }
  for await (const { workflowId } of temporal.list({ query: 'CloseTime IS NULL' })) {
    if (isOfService(workflowId, service)) open.add(workflowId.split('/', 1)[0] ?? '');
  }
  return open;
}
