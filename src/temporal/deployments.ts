/** Finding a deployment and reading its ledger. */
import { status } from '@grpc/grpc-js';
import {
  isGrpcServiceError,
  ServiceError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { DeployResult } from '../contract/deployment.js';
import { progressQuery, statusQuery } from '../contract/messages.js';
import { deployWorkflowId, quoted, searchAttributes, serviceOf } from '../contract/names.js';
import { withProgress, withWork } from '../contract/progress.js';
import { inertValues } from '../domain/inert.js';
import type { Ledger } from '../domain/ledger/ledger.js';
import { commandQueues } from '../domain/runner.js';
import { activityProgress } from './activity-progress.js';
import { pinnedBuild } from './builds.js';
import { type Connected, workflowLink } from './connection.js';
import { CliError, EXIT, innermost, usageError } from './errors.js';
import { type QueueService, queueServices } from './queue-service.js';
import { memoOf, withoutMemos } from './runs.js';

const QUERY_WITHIN = 5_000;
const LISTED_AT_MOST = 200;

export interface FoundDeployment {
  workflowId: string;
  runId: string;
  running: boolean;
  /** Temporal's name of the workflow's state: RUNNING, COMPLETED, FAILED, TERMINATED, … */
  status: string;
  startedAt: Date;
  /** The appointed time that it was started for, epoch milliseconds. */
  beginsAt?: number;
  deployment?: string;
  /** A demo's: its time is not the server's, and no watchdog looks at it. Undefined: not known. */
  inVirtualTime: boolean | undefined;
  /** What it is pinned to: null when it began under a Surefoot without builds, undefined while it has not begun. */
  build?: string | null;
  /** How far its work is, where that is told. */
  progress?: string;
  handle: WorkflowHandle;
  link?: string;
}

/** The deployment with this ID, the newest of this service or workflow ID; without any: the one running, or the latest. */
export async function findDeployment(connected: Connected, reference?: string): Promise<FoundDeployment> {
  const found = await lookForDeployment(connected, reference);
  if (found) return found;
  throw usageError(
    reference === undefined
      ? `There is no deployment at ${connected.address}, namespace ${connected.namespace}`
      : `There is no deployment, service or workflow "${reference}" at ${connected.address}, namespace ${connected.namespace}`,
    'Start one with `surefoot start PLAN --as WHO`, or check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.',
  );
}

/** The same; undefined when Temporal has none, or no longer. */
export const lookForDeployment = (connected: Connected, reference?: string): Promise<FoundDeployment | undefined> =>
  reference === undefined ? findOnly(connected) : findNamed(connected, reference);

/** Describing the lock's ID is exact at once; the list (search attributes) lags a little and is for older runs. */
async function findNamed(connected: Connected, reference: string): Promise<FoundDeployment | undefined> {
  if (reference.includes('/')) return await describe(connected, reference);
  const byService = await describe(connected, deployWorkflowId(reference));
  if (byService) return byService;
  const service = serviceOf(reference);
  if (service !== undefined) {
    const latest = await describe(connected, deployWorkflowId(service));
    if (latest?.deployment === reference) return latest;
  }
  const value = quoted(reference);
  const { deployment, service: serviceKey } = searchAttributes;
  const [newest] = await list(connected, ` AND (${deployment.name} = ${value} OR ${serviceKey.name} = ${value})`);
  return newest && (await describe(connected, newest.workflowId, newest.runId));
}

/** One run, by its own IDs; undefined when Temporal does not know it (any more). */
export const findRun = (
  connected: Connected,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<FoundDeployment | undefined> => describe(connected, workflowId, runId);

async function findOnly(connected: Connected): Promise<FoundDeployment | undefined> {
  const all = await list(connected, '');
  const running = all.filter((candidate) => candidate.running);
  if (running.length > 1) {
    const names = running.map(({ workflowId }) => workflowId).join(', ');
    throw usageError(`${running.length} deployments are running: ${names}`, 'Name the one you mean.');
  }
  const chosen = running[0] ?? all[0];
  return chosen && (await describe(connected, chosen.workflowId, chosen.runId));
}

interface Listed {
  workflowId: string;
  runId: string;
  running: boolean;
  startedAt: Date;
}

/** Newest first. A server without the search attributes has none of them to find. */
async function list({ client }: Connected, condition: string): Promise<Listed[]> {
  const listed: Listed[] = [];
  try {
    for await (const info of withoutMemos(client).list({ query: `WorkflowType = 'DeployWorkflow'${condition}` })) {
      const running = info.status.name === 'RUNNING';
      listed.push({ workflowId: info.workflowId, runId: info.runId, running, startedAt: info.startTime });
      if (listed.length >= LISTED_AT_MOST) break;
    }
  } catch (error) {
    if (/search attribute|invalid query|no mapping/i.test(innermost(error))) return [];
    throw error;
  }
  return listed.sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
}

async function describe(
  connected: Connected,
  workflowId: string,
  runId?: string,
): Promise<FoundDeployment | undefined> {
  let description: WorkflowExecutionDescription;
  try {
    description = await withoutMemos(connected.client).getHandle(workflowId, runId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
  if (description.type !== 'DeployWorkflow') {
    throw usageError(`${workflowId} is a ${description.type}, not a deployment`, 'Name the deployment or its service.');
  }
  const execution = { workflowId, runId: description.runId };
  const memo = await memoOf(connected.client, description);
  const { deployment, clock, beginsAt } = memo ?? {};
  return {
    ...execution,
    running: description.status.name === 'RUNNING',
    status: description.status.name,
    startedAt: description.startTime,
    ...(typeof beginsAt === 'number' ? { beginsAt } : {}),
    // In plain text it is there in any case.
    deployment:
      typeof deployment === 'string' ? deployment : description.typedSearchAttributes.get(searchAttributes.deployment),
    inVirtualTime: memo && clock === 'virtual',
    build: pinnedBuild(description.raw.workflowExecutionInfo),
    progress: await activityProgress(connected, description),
    handle: connected.client.workflow.getHandle(workflowId, description.runId),
    link: workflowLink(connected, execution),
  };
}

/**
 * The ledger: the result of one that has ended, the `status` query of one that runs.
 * @throws CliError exit 3 when no worker answers, exit 1 when the workflow ended without a ledger
 */
export async function readLedger(connected: Connected, found: FoundDeployment): Promise<Ledger> {
  return inertValues(found.running ? await queryLedger(connected, found) : await resultLedger(connected, found));
}

async function resultLedger(connected: Connected, found: FoundDeployment): Promise<Ledger> {
  try {
    return (await found.handle.result()) as DeployResult;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const known = await queryLedger(connected, found).catch(() => undefined);
    if (known) return known;
    throw new CliError(`${found.workflowId} ended as ${found.status.toLowerCase()}: ${innermost(error)}`, {
      hint: found.link ? `Its history says more: ${found.link}` : 'Its history in the Web UI says more.',
      exitCode: EXIT.badly,
      cause: error,
    });
  }
}

async function queryLedger(connected: Connected, found: FoundDeployment): Promise<Ledger> {
  try {
    const ask = () => found.handle.query(statusQuery);
    const ledger = await connected.connection.withDeadline(Date.now() + QUERY_WITHIN, ask);
    const watched = await withProgress(ledger, (workflowId) =>
      connected.connection.withDeadline(Date.now() + QUERY_WITHIN, () =>
        connected.client.workflow.getHandle(workflowId).query(progressQuery),
      ),
    );
    return await withWork(watched, (rollback) =>
      rollback === undefined ? Promise.resolve(found.progress) : rollbackProgress(connected, rollback),
    );
  } catch (error) {
    if (isUnanswered(error)) throw await unansweredError(connected, found, error);
    throw error;
  }
}

/** Undefined also where the server does not say. */
function rollbackProgress(connected: Connected, workflowId: string): Promise<string | undefined> {
  const ask = () => withoutMemos(connected.client).getHandle(workflowId).describe();
  return connected.connection
    .withDeadline(Date.now() + QUERY_WITHIN, ask)
    .then((description) => activityProgress(connected, description))
    .catch(() => undefined);
}

/** The server refuses at once where it has seen no worker lately, and waits in vain where it has; the SDK wraps both. */
function isUnanswered(error: unknown): boolean {
  if (isGrpcServiceError(error)) return UNANSWERED.includes(error.code);
  return error instanceof ServiceError && isUnanswered(error.cause);
}

const UNANSWERED: status[] = [status.FAILED_PRECONDITION, status.DEADLINE_EXCEEDED, status.CANCELLED];

/** The error that says why a workflow did not answer. The server remembers the pollers of a dead worker for minutes. */
export async function unansweredError(connected: Connected, found: FoundDeployment, cause: unknown): Promise<CliError> {
  const [shared] = await queueServices(connected, [], { build: found.build });
  const why =
    shared?.state === 'served'
      ? `${shared.text}, or did lately (${innermost(cause)})`
      : (shared?.text ?? innermost(cause));
  return new CliError(`No worker answers for ${found.workflowId}: ${why}`, {
    hint: shared?.advice ?? 'Start one with `surefoot worker`; the deployment goes on where it is.',
    exitCode: EXIT.unreachable,
    cause,
  });
}

/** The queues that a deployment waits for; none that has ended waits. */
export const servicesFor = (connected: Connected, found: FoundDeployment, ledger: Ledger): Promise<QueueService[]> =>
  found.running ? queueServices(connected, commandQueues(ledger), { build: found.build }) : Promise.resolve([]);
