/** All deployments that Temporal has, running and ended, by what they have told of themselves. */
import { type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { searchAttributes } from '../contract/names.js';
import { type ListedDeployment, listedOutcome } from '../domain/deployments/listed.js';
import { inertValues } from '../domain/inert.js';
import type { Connected } from './connection.js';
import { memoOf, withoutMemos } from './runs.js';

type Client = Connected['client'];

/** The list lags behind: any that seems to run is asked itself. */
export async function listDeployments({ client }: Pick<Connected, 'client'>): Promise<ListedDeployment[]> {
  const listed: Promise<ListedDeployment>[] = [];
  for await (const info of withoutMemos(client).list({ query: `WorkflowType = 'DeployWorkflow'` })) {
    listed.push(info.status.name === 'RUNNING' ? asked(client, info) : fromList(client, info));
  }
  return inertValues(await Promise.all(listed));
}

async function asked(client: Client, info: WorkflowExecutionInfo): Promise<ListedDeployment> {
  try {
    const described = await withoutMemos(client).getHandle(info.workflowId, info.runId).describe();
    return listedFrom(described, await memoOf(client, described));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return await fromList(client, info);
    throw error;
  }
}

async function fromList(client: Client, info: WorkflowExecutionInfo): Promise<ListedDeployment> {
  const { raw, workflowId } = info;
  return listedFrom(info, await memoOf(client, { raw: { workflowExecutionInfo: raw }, workflowId }));
}

/** @param memo undefined where it cannot be decoded */
function listedFrom(
  info: Omit<WorkflowExecutionInfo, 'raw' | 'memo'>,
  memo: Record<string, unknown> | undefined,
): ListedDeployment {
  const { workflowId, runId, status, startTime, closeTime, typedSearchAttributes: attributes } = info;
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
    ...(memo ? {} : { memoUnread: true }),
  };
}
