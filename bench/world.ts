/** The world that a bench's deployments are in: every activity ends at once and well, unless the bench says otherwise. */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { serviceOf } from '../src/contract/names.js';
import type { ActivityCall } from '../test/model/temporal.js';
import { type Circumstances, World } from '../test/model/world.js';
import { benchPlan } from './plan.js';

/** An activity of a deployment, and what it would be answered with. */
export interface WorldCall extends ActivityCall {
  service: string;
  answer: () => unknown;
  /** The activity itself, as the worker has it. */
  real: () => Promise<unknown>;
}

/** Says what becomes of an activity. */
export type Perform = (call: WorldCall) => unknown;

const WELL: Omit<Circumstances, 'troubles'> = {
  ...{ failing: [], slow: {}, fresh: false, written: false, browser: true },
  ...{
    reversible: 'yes',
    newCode: 'answers',
    blind: 'nobody',
    failingRollbacks: 0,
    stubborn: 0,
    closed: 0,
    deaf: false,
  },
};

/** The service is in the workflow's ID: of the deployment itself, or of one of its children. */
const serviceIn = (workflowId: string): string => {
  const [first = '', second = ''] = workflowId.split('/');
  return first === 'surefoot' ? second : (serviceOf(first) ?? first);
};

/**
 * @param runner the task queue of this worker's commands
 * @param breaks the first tick of production's first watch sees a breach
 */
export function inWorld(
  perform: Perform,
  { breaks, runner }: { breaks: boolean; runner: string },
): ActivityInterceptorsFactory {
  const worlds = new Map<string, World>();
  const worldOf = (service: string) => {
    const troubles = [{ watch: 'watch-5m', tick: 1, metric: 'errors', says: 'breach', lasts: 1 } as const];
    const world =
      worlds.get(service) ?? new World(benchPlan(service), { ...WELL, troubles: breaks ? troubles : [] }, Date.now);
    worlds.set(service, world);
    return world;
  };
  return ({ info: { activityType: activity, workflowExecution } }) => ({
    inbound: {
      async execute({ args: [input], ...rest }, next) {
        const { workflowId = '' } = workflowExecution ?? {};
        const service = serviceIn(workflowId);
        const call = { activity, input: input as never, workflowId };
        const answer = () => {
          if (activity === 'admit') return { runner };
          const outcome = worldOf(service).answer(call);
          if (!('result' in outcome)) throw new Error(`${activity} fails in the world of a bench`);
          return outcome.result;
        };
        return perform({ ...call, service, answer, real: () => next({ args: [input], ...rest }) });
      },
    },
  });
}
