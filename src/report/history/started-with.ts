/** What a deployment was started with: in its history's first event, which is all that is read of it. */
import type { DeployInput } from '../../contract/deployment.js';
import type { Connected } from '../../temporal/connection.js';
import { readHistory } from './history.js';

/** @returns undefined where it cannot be decoded with the keys that there are */
export async function startedWith(
  { client, connection, namespace }: Connected,
  execution: { workflowId: string; runId: string },
): Promise<DeployInput | undefined> {
  const { workflowId } = execution;
  const asked = { namespace, execution, maximumPageSize: 1 };
  const { history } = await connection.workflowService.getWorkflowExecutionHistory(asked);
  const context = { type: 'workflow', namespace, workflowId } as const;
  const { input } = await readHistory(history?.events?.slice(0, 1) ?? [], client.options.loadedDataConverter, context);
  const read = input as DeployInput | undefined;
  return read?.plan && read.deployment ? read : undefined;
}
