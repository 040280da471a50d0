/** All deployments that Temporal has, running and ended, by what they have told of themselves. */
import { type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { searchAttributes } from '../contract/names.js';
import { type ListedDeployment, listedOutcome } from '../domain/deployments/listed.js';
import { inertValues } from '../domain/inert.js';
import type { Connected } from './connection.js';

/** The list lags behind: any that seems to run is asked itself. */
export async function listDeployments({ client }: Pick<Connected, 'client'>): Promise<ListedDeployment[]> {
  const listed: Promise<ListedDeployment>[] = [];
  for await (const info of client.workflow.list({ query: `WorkflowType = 'DeployWorkflow'` })) {
    const now = info.status.name === 'RUNNING' ? described(client, info) : Promise.resolve(info);
    listed.push(now.then(listedFrom));
  }
  return inertValues(await Promise.all(listed));
}

async function described(
  client: Connected['client'],
  info: WorkflowExecutionInfo,
): Promise<Omit<WorkflowExecutionInfo, 'raw'>> {
  try {
    return await client.workflow.getHandle(info.workflowId, info.runId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return info;
    throw error;
  }
}

function listedFrom(info: Omit<WorkflowExecutionInfo, 'raw'>): ListedDeployment {
  const { workflowId, runId, status, startTime, closeTime, memo, typedSearchAttributes: attributes } = info;
  const waitingFor = attributes.get(searchAttributes.waitingFor);
  return {
    workflowId,
    runId,
    deployment: attributes.get(searchAttributes.deployment),
    service: attributes.get(searchAttributes.service),
    outcome: listedOutcome(status.name, attributes.get(searchAttributes.verdict)),
    phase: attributes.get(searchAttributes.phase),
    target: attributes.get(searchAttributes.target),
    startedAt: startTime.getTime(),
    ...(typeof memo?.beginsAt === 'number' ? { beginsAt: memo.beginsAt } : {}),
    ...(closeTime ? { endedAt: closeTime.getTime() } : {}),
    ...(status.name === 'RUNNING' && waitingFor ? { waitingFor } : {}),
    ...(memo?.clock === 'virtual' ? { inVirtualTime: true } : {}),
  };
}
