/** What benches against bare workflows run on: a server of their own, the worker, and a bare one of the same settings. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { Client, Connection, isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { runnerIdentity } from '../src/adapters/commands/runner-identity.js';
import { type DeployInput, startAttributes } from '../src/contract/deployment.js';
import { deployWorkflowId, runnerQueue, SEARCH_ATTRIBUTES, TASK_QUEUE } from '../src/contract/names.js';
import type { ResolvedPlan } from '../src/contract/plan/plan.js';
import { projectFolder } from '../src/local/folders.js';
import { choosePorts } from '../src/local/ports.js';
import { startTemporalServer } from '../src/local/temporal.js';
import { runWorker } from '../src/worker.js';
import type { BareActivities } from './bare-workflows.js';
import { inWorld, type Perform } from './world.js';

const WORKFLOWS = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW;
const BARE_QUEUE = 'bare';
const BARE_RUNNER = 'bare-runner';
/** Of the bare workers: their workflows are pinned, too. */
const BARE_BUILD = { deploymentName: 'bare', buildId: '1' };

/** A real server in real time, in a folder of its own, until the work is done. */
export async function onServer<T>(
  work: (at: { folder: string; address: string; client: Client; server: { pid: number } }) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'surefoot-bench-'));
  try {
    const ports = await choosePorts(folder, ['grpc', 'ui']);
    const server = await startTemporalServer({
      folder,
      ports,
      virtualTime: false,
      searchAttributes: SEARCH_ATTRIBUTES,
    });
    const connection = await Connection.connect({ address: server.address });
    try {
      return await work({ folder, address: server.address, client: new Client({ connection }), server });
    } finally {
      await connection.close();
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Starts a deployment as the command line does; its evidence goes with the server's folder. */
export function deploy(
  { client, folder }: { client: Client; folder: string },
  asked: ResolvedPlan,
): Promise<WorkflowHandle> {
  const plan = { ...asked, evidence: join(folder, 'evidence') };
  const deployment = `${plan.service}-20251124-120000-${randomBytes(2).toString('hex')}`;
  const input: DeployInput = { deployment, plan, digest: 'f'.repeat(64), startedBy: 'bruno.lima', clock: 'real' };
  return client.workflow.start('DeployWorkflow', {
    workflowId: deployWorkflowId(plan.service),
    taskQueue: TASK_QUEUE,
    args: [input],
    memo: { deployment, digest: input.digest },
    typedSearchAttributes: startAttributes(input),
  });
}

/** Starts a bare workflow. @param type its name in `bare-workflows.ts` */
export function startBare(client: Client, type: string, argument: unknown): Promise<WorkflowHandle> {
  return client.workflow.start(type, {
    workflowId: `${type}-${randomBytes(6).toString('hex')}`,
    taskQueue: BARE_QUEUE,
    args: [argument],
  });
}

/** What a bare rollback wants to know. */
export const bareRunner = BARE_RUNNER;

/** The worker itself, and the bare one beside it, in this process: what they do is timed by one clock. */
export async function withWorkers<T>(
  { folder, address, client }: { folder: string; address: string; client: Client },
  { perform, breaks, bare }: { perform: Perform; breaks: boolean; bare: BareActivities },
  work: () => Promise<T>,
): Promise<T> {
  const state = join(folder, 'state');
  const runner = runnerQueue((await runnerIdentity(state)).identity);
  const running = runWorker({
    connection: { address },
    namespace: 'default',
    state,
    activityInterceptors: [inWorld(perform, { breaks, runner })],
    logLevel: 'error',
  });
  // It sets up what all workers of a process share.
  await Promise.race([served(client), failing(running)]);
  const connection = await NativeConnection.connect({ address });
  // As the worker has them in `src/worker.ts`.
  const shared = {
    connection,
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
    workerDeploymentOptions: { useWorkerVersioning: true, version: BARE_BUILD, defaultVersioningBehavior: 'PINNED' },
  } as const;
  const { command, ...others } = bare;
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: BARE_QUEUE,
      workflowsPath: join(projectFolder(), 'bench', 'bare-workflows.ts'),
      activities: others,
    }),
    Worker.create({ ...shared, taskQueue: BARE_RUNNER, activities: { command } }),
  ]);
  const bareRunning = Promise.all(workers.map((worker) => worker.run()));
  await Promise.race([madeCurrent(client), failing(bareRunning)]);
  try {
    return await Promise.race([work(), failing(running), failing(bareRunning)]);
  } finally {
    // Ends every worker of this process, as it would from outside.
    process.kill(process.pid, 'SIGTERM');
    await Promise.allSettled([running, bareRunning]);
    await connection.close();
  }
}

/** Bare workflows begin on the build of the bare workers, as soon as these have asked for work. */
async function madeCurrent(client: Client): Promise<void> {
  for (;;) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        ...{ namespace: client.options.namespace, identity: BARE_BUILD.deploymentName },
        ...BARE_BUILD,
      });
      return;
    } catch (error) {
      const isUnknown = isGrpcServiceError(error) && error.code === status.NOT_FOUND;
      if (!isUnknown) throw error;
      await pause(100);
    }
  }
}

/** Waits until a worker asks for work. */
export async function served(client: Client, workers = 1): Promise<void> {
  for (;;) {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: TASK_QUEUE },
      taskQueueType: WORKFLOWS,
    });
    if ((pollers?.length ?? 0) >= workers) return;
    await pause(100);
  }
}

/** A worker that ends on its own is no bench. */
const failing = (running: Promise<unknown>): Promise<never> =>
  running.then(() => Promise.reject(new Error('a worker has ended')));
