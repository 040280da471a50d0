/** The shipped plan with all its boxes, its waits made short: what a bench carries out hundreds of times. */
import type { ResolvedPlan } from '../src/contract/plan/plan.js';
import { loadWhole } from '../test/helpers/whole-plan.js';
import { shortPlan } from '../test/model/short-plan.js';

const shipped = loadWhole('plans/eduautismo-performance.yaml');

/** @param service the lock: a bench has many deployments at once. */
export function benchPlan(service: string): ResolvedPlan {
  const plan = shortPlan({
    ...{ signed: false, overrideWithin: 0, otherwise: 'continue', gate: 'ask', maintenance: false },
    ...{ migratesFirst: false, asks: false, restart: false, window: false, loadTest: false },
  });
  const { soak } = plan;
  return {
    ...plan,
    service,
    items: shipped.items,
    confirmations: { prerequisites: [], staging: [], preparation: [] },
    ...(soak ? { soak: { ...soak, duration: 200, tick: 100 } } : {}),
  };
}

/** Nobody has to sign: for what begins after that. */
export const unsigned = (plan: ResolvedPlan): ResolvedPlan => ({
  ...plan,
  approvals: { ...plan.approvals, roles: [] },
});
