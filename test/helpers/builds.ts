/** Deployments in a simulated world, carried out by workers of several builds on one real server. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Activities } from '../../src/contract/activities/activities.js';
import { type DeployInput, startAttributes } from '../../src/contract/deployment.js';
import { decideUpdate } from '../../src/contract/messages.js';
import { deployWorkflowId, runnerQueue, TASK_QUEUE, WORKER_DEPLOYMENT } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { sensibleAnswers } from '../../src/domain/decisions/stand-ins.js';
import { projectFolder } from '../../src/local/folders.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { simulatedActivities } from '../report/simulated.js';
import type { WorkflowServer } from './workflow-server.js';

export const RUNNER = runnerQueue('0123456789abcdef');
/** Those that a build's workers serve. */
const QUEUES = [TASK_QUEUE, RUNNER];
export const SHIPPED_BUNDLE = { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') };

/** The bundle of another build: it takes some seconds. */
export const bundleOfAnother = () =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./another-build.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  });

/** What an activity was asked for, and by whose workers it was carried out. */
export interface Done {
  build: string | undefined;
  activity: string;
  argument: { monitor?: string; key?: { deployment?: string; step: string }; plan?: ResolvedPlan } | undefined;
}

export interface World {
  plan: ResolvedPlan;
  done: Done[];
  /** Whether all requests of this watch fail by now. */
  isBroken: (monitor: string) => boolean;
  /** Called before each activity. */
  before: (done: Done) => void | Promise<void>;
  /** Whether people answer what they are asked. */
  answers: boolean;
}

export const newWorld = (plan: ResolvedPlan): World => ({
  plan,
  done: [],
  isBroken: () => false,
  before: () => {},
  answers: true,
});

/** Starts workers of a build, of both queues; without one they are as before there were builds. @returns what stops them */
export async function workOn(
  server: WorkflowServer,
  world: World,
  {
    build,
    bundle = SHIPPED_BUNDLE,
    queues = QUEUES,
  }: { build?: string; bundle?: { codePath: string } | { code: string }; queues?: string[] },
): Promise<() => Promise<void>> {
  const activities = activitiesOf(server, world, build);
  const versioning = build !== undefined && {
    workerDeploymentOptions: {
      useWorkerVersioning: true as const,
      version: { deploymentName: WORKER_DEPLOYMENT, buildId: build },
      defaultVersioningBehavior: 'PINNED' as const,
    },
  };
  const shared = { activities, shutdownGraceTime: 2_000, ...versioning };
  const stops = await Promise.all(
    queues.map((taskQueue) =>
      server.work({ ...shared, taskQueue, ...(taskQueue === TASK_QUEUE ? { workflowBundle: bundle } : {}) }),
    ),
  );
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

function activitiesOf(server: WorkflowServer, world: World, build: string | undefined): object {
  const all: Activities = {
    ...simulatedActivities(world.plan, {
      failing: new Set(),
      answer: async (question) => {
        const handle = server.client.workflow.getHandle(question.workflowId);
        if (!world.answers) return;
        for (const decision of sensibleAnswers(world.plan.approvals, question, 'test'))
          await handle.executeUpdate(decideUpdate, { args: [decision] }).catch(() => undefined);
      },
    }),
    admit: async () => ({ runner: RUNNER }),
    present: async () => ({ build }),
  };
  const broken = simulatedActivities(world.plan, { failing: new Set(), breaking: 'any', answer: async () => {} });
  return Object.fromEntries(
    Object.entries(all).map(([activity, carryOut]) => [
      activity,
      async (argument: Done['argument']) => {
        const done = { build, activity, argument };
        world.done.push(done);
        await world.before(done);
        const { monitor } = argument ?? {};
        if (activity !== 'sampleMetrics' || !world.isBroken(monitor ?? '')) return carryOut(argument as never);
        // As this watch, whichever it is: what is simulated breaks by its name.
        return broken.sampleMetrics({ ...argument, monitor: 'any' } as never);
      },
    ]),
  );
}

let count = 0;

/** Starts a deployment of a service of its own. */
export async function begin(
  server: WorkflowServer,
  plan: ResolvedPlan,
  clock: DeployInput['clock'],
): Promise<{ handle: WorkflowHandleWithFirstExecutionRunId; deployment: string }> {
  const service = `shop-${++count}`;
  const deployment = `${service}-20251124-1200${String(count).padStart(2, '0')}-ab12`;
  const changed = { ...plan, service };
  const input: DeployInput = { deployment, plan: changed, digest: digestOf(changed), startedBy: 'isabel.reis', clock };
  const client = clock === 'virtual' ? server.virtual : server.client;
  const handle = await client.workflow.start('DeployWorkflow', {
    taskQueue: TASK_QUEUE,
    workflowId: deployWorkflowId(service),
    args: [input],
    memo: { deployment },
    typedSearchAttributes: startAttributes(input),
  });
  return { handle, deployment };
}
