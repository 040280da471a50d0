/** Runs one scenario: a deployment in virtual time, from its start to its end or to a question that nobody answers. */

import { type Client, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { type DeployInput, type DeployResult, startAttributes } from '../contract/deployment.js';
import { decideUpdate, statusQuery } from '../contract/messages.js';
import type { Decision, Ledger } from '../domain/ledger/ledger.js';
import { messageOf } from '../domain/message.js';
import type { FinishedRun } from './finished.js';
import { STARTED_BY } from './scenario/plan-names.js';
import type { Scenario } from './scenario/scenario.js';
import type { Rehearsed } from './simulated/performing.js';
import type { RehearsalWorker } from './worker.js';
import { People } from './world/people.js';
import { SimulatedWatching } from './world/watching.js';
import { World, type WorldControls } from './world/world.js';

/** How long a rehearsal may take on the wall clock before it counts as stuck, milliseconds. */
const STUCK = 15 * 60_000;
/** How often a delivery is looked for. */
const LOOK = 20;

export interface RehearsalHost {
  client: Client;
  /** Where workers find the world of a workflow, by deployment. */
  worlds: Map<string, Rehearsed>;
  uiUrl: string;
  namespace: string;
  signal?: AbortSignal;
}

/** The rehearsal did not end; that is no result of the plan. */
export class RehearsalStuck extends Error {
  override readonly name = 'RehearsalStuck';
}

export async function runScenario(
  host: RehearsalHost,
  worker: RehearsalWorker,
  scenario: Scenario,
): Promise<FinishedRun> {
  const { client, worlds, uiUrl, namespace } = host;
  const deployment = `rehearsal/${scenario.name}`;
  const world = new World(scenario, deployment, controlsOf(client, deployment, worker));
  const people = new People(world);
  const watching = new SimulatedWatching(world, people);
  worlds.set(deployment, { world, people, watching, taskQueue: worker.taskQueue });
  const began = performance.now();
  const handle = await start(client, worker, { scenario, deployment });
  const end = await ending(host, handle, world);
  return {
    scenario,
    ...end,
    world,
    people,
    watching,
    wallSeconds: (performance.now() - began) / 1_000,
    link: `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(deployment)}/${handle.firstExecutionRunId}`,
  };
}

function start(
  client: Client,
  { taskQueue }: RehearsalWorker,
  { scenario, deployment }: { scenario: Scenario; deployment: string },
) {
  const { resolved: plan, digest } = scenario.plan;
  const input: DeployInput = { deployment, plan, digest, startedBy: STARTED_BY, clock: 'virtual' };
  return client.workflow.start('DeployWorkflow', {
    workflowId: deployment,
    taskQueue,
    args: [input],
    memo: { deployment, digest },
    staticSummary: `Rehearsal: ${scenario.title}`.slice(0, 200),
    typedSearchAttributes: startAttributes(input),
  });
}

type Ending = Pick<FinishedRun, 'ledger' | 'outcome' | 'waiting'>;

async function ending({ signal }: RehearsalHost, handle: WorkflowHandle, world: World): Promise<Ending> {
  const limits: (() => void)[] = [];
  const stuck = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new RehearsalStuck(`${world.deployment} has not ended after ${STUCK / 60_000} minutes`)),
      STUCK,
    );
    const stop = () => reject(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    limits.push(
      () => clearTimeout(timer),
      () => signal?.removeEventListener('abort', stop),
    );
  });
  try {
    const result = handle.result() as Promise<DeployResult>;
    const waiting = await Promise.race([world.gaveUp, result.then(() => undefined), stuck]);
    if (waiting === undefined) {
      const ledger = await result;
      return { ledger, outcome: ledger.outcome };
    }
    const ledger: Ledger = await handle.query(statusQuery);
    result.catch(() => {});
    await handle.terminate(`nobody answers ${waiting}`);
    return { ledger, outcome: 'waiting', waiting };
  } finally {
    for (const clear of limits) clear();
  }
}

function controlsOf(client: Client, deployment: string, worker: RehearsalWorker): WorldControls {
  const handle = client.workflow.getHandle(deployment);
  let dismissals = 0;
  return {
    async decide(decision: Decision) {
      try {
        await handle.executeUpdate(decideUpdate, { args: [decision] });
        return undefined;
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? error.message;
        return messageOf(error);
      }
    },
    async dismissed() {
      dismissals += 1;
      for (let tries = 0; tries < 500; tries++) {
        const { events = [] } = await handle.fetchHistory();
        const passedOn = events?.filter((event) => event.externalWorkflowExecutionSignaledEventAttributes).length ?? 0;
        if (passedOn >= dismissals) return;
        await new Promise((resolve) => setTimeout(resolve, LOOK));
      }
    },
    restartWorker: () => worker.restart(),
  };
}
