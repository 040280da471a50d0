/**
 * Builds, as the Temporal server knows them: versions of one worker deployment (Worker Deployment Versioning). What runs is
 * pinned: a deployment, its watches and its rollbacks are carried out by workers of the build that it began on.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { isGrpcServiceError, type WorkflowService } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto, { type temporal } from '@temporalio/proto';
import { quoted, searchAttributes, TASK_QUEUE, WORKER_DEPLOYMENT } from '../contract/names.js';

/** A client's connection or a worker's. */
export interface TemporalNamespace {
  connection: { workflowService: WorkflowService };
  namespace: string;
}

/** `waiting`: it has never been current. `draining`: what began on it still runs, as far as the server has looked. */
export type BuildState = 'current' | 'draining' | 'drained' | 'waiting';

export interface Build {
  id: string;
  state: BuildState;
  /** Since when it is current, or when it was last, epoch milliseconds. */
  since?: number;
}

export interface Builds {
  current?: string;
  builds: Build[];
  /** What a change is made by, so that it fails where somebody else has changed something since. */
  token?: Uint8Array;
}

/** A workflow that runs: a deployment, or a part of one. */
export interface RunningWorkflow {
  workflowId: string;
  runId: string;
  type: string;
  /** Whose it is. */
  deployment?: string;
  /** The build that it is pinned to. */
  build?: string;
}

type Execution = temporal.api.workflow.v1.IWorkflowExecutionInfo;
type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
type Summary = temporal.api.deployment.v1.WorkerDeploymentInfo.IWorkerDeploymentVersionSummary;

const { WorkerDeploymentVersionStatus: Status, WorkflowExecutionStatus } = proto.temporal.api.enums.v1;
const { PINNED_OVERRIDE_BEHAVIOR_PINNED: PINNED } =
  proto.temporal.api.workflow.v1.VersioningOverride.PinnedOverrideBehavior;
const PAGE = 1_000;
/** A worker that has just begun to ask is known to the server's queues by then, milliseconds. */
const KNOWN_WITHIN = 10_000;
const LOOK_EVERY = 500;

/** Every build that the server remembers, newest first. One that has been drained for long, and has no worker, is forgotten. */
export async function readBuilds({ connection, namespace }: TemporalNamespace): Promise<Builds> {
  const asked = { namespace, deploymentName: WORKER_DEPLOYMENT };
  try {
    const described = await connection.workflowService.describeWorkerDeployment(asked);
    const { routingConfig, versionSummaries } = described.workerDeploymentInfo ?? {};
    const newest = (versionSummaries ?? []).toSorted((a, b) => secondsOf(b.createTime) - secondsOf(a.createTime));
    return {
      current: routingConfig?.currentDeploymentVersion?.buildId || undefined,
      builds: newest.map(buildOf),
      token: described.conflictToken,
    };
  } catch (error) {
    // No worker with a build has ever asked for work.
    if (isGrpcServiceError(error) && error.code === status.NOT_FOUND) return { builds: [] };
    throw error;
  }
}

const secondsOf = (time: temporal.api.deployment.v1.IWorkerDeploymentInfo['createTime']): number =>
  Number(time?.seconds ?? 0);

function buildOf(summary: Summary): Build {
  const since = secondsOf(summary.currentSinceTime ?? summary.lastCurrentTime) * 1_000;
  return {
    id: summary.deploymentVersion?.buildId ?? '',
    state: stateOf(summary.status),
    ...(since > 0 ? { since } : {}),
  };
}

function stateOf(state: Summary['status']): BuildState {
  if (state === Status.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT) return 'current';
  if (state === Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED) return 'drained';
  return state === Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING ? 'draining' : 'waiting';
}

/**
 * From now on deployments begin on this build; what runs stays where it is. A runner that has no worker of this build is
 * no hindrance: what runs there is pinned, and only a runner with one admits a new deployment.
 * @throws gRPC's NOT_FOUND while the server has not seen it; FAILED_PRECONDITION when somebody was quicker
 */
export async function makeCurrent(
  { connection, namespace }: TemporalNamespace,
  build: string,
  token?: Uint8Array,
): Promise<void> {
  await connection.workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    deploymentName: WORKER_DEPLOYMENT,
    buildId: build,
    conflictToken: token,
    ignoreMissingTaskQueues: true,
    identity: WORKER_DEPLOYMENT,
  });
}

/** All that runs on a build. @param build null for what began under a Surefoot that knew no builds */
export async function runningOn(server: TemporalNamespace, build: string | null): Promise<RunningWorkflow[]> {
  if (build !== null)
    return (await running(server, `${VERSION} = ${quoted(`${WORKER_DEPLOYMENT}:${build}`)}`)).map(runningWorkflow);
  const unpinned = await running(server, `${VERSION} IS NULL AND TaskQueue = ${quoted(TASK_QUEUE)}`);
  const begun = await Promise.all(unpinned.map((execution) => hasBegun(server, execution)));
  return unpinned.filter((_, index) => begun[index]).map(runningWorkflow);
}

const VERSION = 'TemporalWorkerDeploymentVersion';

async function running({ connection, namespace }: TemporalNamespace, condition: string): Promise<Execution[]> {
  const query = `ExecutionStatus = 'Running' AND ${condition}`;
  const all: Execution[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await connection.workflowService.listWorkflowExecutions({
      namespace,
      query,
      pageSize: PAGE,
      nextPageToken,
    });
    all.push(...page.executions);
    nextPageToken = page.nextPageToken;
  } while (nextPageToken?.length);
  return all;
}

/** Until a worker has carried out a task of it, whichever build is current then will be its own. */
async function hasBegun(server: TemporalNamespace, { execution }: Execution): Promise<boolean> {
  const described = await describe(server, execution);
  return described !== undefined && pinnedBuild(described.workflowExecutionInfo) === null;
}

/** As the server knows it now, no list: undefined when it does not know it any more. */
async function describe(
  { connection, namespace }: TemporalNamespace,
  execution: Execution['execution'],
): Promise<Description | undefined> {
  try {
    return await connection.workflowService.describeWorkflowExecution({ namespace, execution });
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === status.NOT_FOUND) return undefined;
    throw error;
  }
}

/**
 * All that runs of one deployment, itself first: its children as it knows them, and those that have outlived it. Each is
 * looked at by itself, for the list lags a little.
 */
export async function openPartsOf(
  server: TemporalNamespace,
  { workflowId, runId, deployment }: { workflowId: string; runId: string; deployment?: string },
): Promise<RunningWorkflow[]> {
  const own = await describe(server, { workflowId, runId });
  const children = (own?.pendingChildren ?? []).map((child) => child.workflowId ?? '');
  const listed =
    deployment === undefined
      ? []
      : await running(server, `${searchAttributes.deployment.name} = ${quoted(deployment)}`);
  const others = new Set([...children, ...listed.map(({ execution }) => execution?.workflowId ?? '')]);
  others.delete(workflowId);
  const described = await Promise.all([...others].map((id) => describe(server, { workflowId: id })));
  return [own, ...described].flatMap((one) => {
    const info = one?.workflowExecutionInfo;
    return info?.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING ? [runningWorkflow(info)] : [];
  });
}

/**
 * From now on it is carried out by workers of this build, and so is what it begins. The server takes that a moment after it
 * has first heard of them. @param build undefined: of the one that it began on
 */
export async function pinTo(
  { connection, namespace }: TemporalNamespace,
  { workflowId, runId }: RunningWorkflow,
  { build, identity }: { build: string | undefined; identity: string },
): Promise<void> {
  const version = { deploymentName: WORKER_DEPLOYMENT, buildId: build };
  const asked = {
    namespace,
    workflowExecution: { workflowId, runId },
    workflowExecutionOptions:
      build === undefined ? {} : { versioningOverride: { pinned: { behavior: PINNED, version } } },
    updateMask: { paths: ['versioning_override'] },
    identity,
  };
  const deadline = Date.now() + KNOWN_WITHIN;
  for (;;) {
    try {
      await connection.workflowService.updateWorkflowExecutionOptions(asked);
      return;
    } catch (error) {
      const isUnknown = isGrpcServiceError(error) && error.code === status.FAILED_PRECONDITION;
      if (!isUnknown || Date.now() > deadline) throw error;
      await pause(LOOK_EVERY);
    }
  }
}

/**
 * The build that a workflow is pinned to: null when it is carried out by workers without one, undefined as long as it has
 * not begun.
 */
export function pinnedBuild(execution: Execution | null | undefined): string | null | undefined {
  const { versioningInfo, mostRecentWorkerVersionStamp } = execution ?? {};
  const version = versioningInfo?.versioningOverride?.pinned?.version ?? versioningInfo?.deploymentVersion;
  if (version?.buildId) return version.buildId;
  return mostRecentWorkerVersionStamp ? null : undefined;
}

function runningWorkflow(execution: Execution): RunningWorkflow {
  const { workflowId, runId } = execution.execution ?? {};
  const deployment = execution.searchAttributes?.indexedFields?.[searchAttributes.deployment.name];
  const build = pinnedBuild(execution);
  return {
    workflowId: workflowId ?? '',
    runId: runId ?? '',
    type: execution.type?.name ?? '',
    ...(deployment ? { deployment: defaultPayloadConverter.fromPayload<string>(deployment as Payload) } : {}),
    ...(build ? { build } : {}),
  };
}

/** Whose the workflows are, each deployment once: by its name, or by its workflow's where it has none. */
export const deploymentsOf = (workflows: readonly RunningWorkflow[]): string[] => [
  ...new Set(workflows.map(({ deployment, workflowId }) => deployment ?? workflowId)),
];
