/** When a deployment that starts now would come to each of its steps. */
import type { ResolvedPlan } from '../contract/plan.js';
import { type Phase, STEPS } from '../domain/steps.js';

export interface Moment {
  phase: Phase;
  step: string;
  /** Milliseconds after the start. */
  after: number;
}

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * What steps usually take, where the plan does not say. Rough: what matters is whether something fails today or in the
 * middle of tomorrow's night. The time that people take is not in it: steps come at the earliest then.
 */
const USUALLY = {
  look: 15 * SECOND,
  backup: 5 * MINUTE,
  deploy: 5 * MINUTE,
  health: MINUTE,
  migration: MINUTE,
  reversibility: 10 * MINUTE,
  checks: MINUTE,
  load: 2 * MINUTE,
};

/**
 * The steps in their order with the times at which they begin, by their IDs.
 * @param waitAt how long a window keeps a step that comes to it so long after the start waiting; milliseconds
 */
export function timelineOf(
  plan: ResolvedPlan,
  waitAt: (window: 'deploy' | 'lowTraffic', after: number) => number = () => 0,
): Map<string, Moment> {
  const moments = new Map<string, Moment>();
  let after = 0;
  const add = (step: string, phase: Phase, lasts: number) => {
    moments.set(step, { phase, step, after });
    after += lasts;
  };
  const of = (step: { id: string; phase: Phase }, lasts: number) => add(step.id, step.phase, lasts);
  const { look, backup, deploy, health, migration, checks, load } = USUALLY;

  of(STEPS.admission, 0);
  for (const step of [STEPS.repository, STEPS.review, STEPS.access, STEPS.staging]) of(step, look);
  for (const step of [STEPS.productionFound, STEPS.tools]) of(step, look);

  of(STEPS.stagingBackup, backup);
  of(STEPS.stagingDeploy, deploy);
  of(STEPS.stagingHealth, health);
  of(STEPS.stagingLogs, look);
  of(STEPS.stagingMigration, migration);
  of(STEPS.reversibility, USUALLY.reversibility);
  of(STEPS.stagingIndexes, look);
  of(STEPS.functional, checks);
  for (const { id } of plan.loadTests) add(id, 'staging', load);
  of(STEPS.swagger, checks);
  of(STEPS.soak, plan.soak.duration);

  for (const step of [STEPS.proposal, STEPS.signOffs, STEPS.notices, STEPS.alerts]) of(step, look);

  of(STEPS.productionWindow, waitAt('deploy', after));
  of(STEPS.productionUnchanged, look);
  of(STEPS.productionBackup, backup);
  of(STEPS.maintenanceOn, plan.production.maintenance.enabled ? plan.production.maintenance.drain : 0);
  of(STEPS.productionDeploy, deploy);
  of(STEPS.productionHealth, health);
  of(STEPS.productionLogs, look);
  of(STEPS.productionMigration, plan.migration.within);
  of(STEPS.productionIndexes, look);
  of(STEPS.maintenanceOff, look);
  of(STEPS.smoke, checks);
  of(STEPS.restart, plan.production.restart ? health : 0);

  for (const [position, watch] of plan.watches.entries()) {
    add(watch.id, 'watch', watch.duration);
    add(`${watch.id}.index-use`, 'watch', look);
    if (position === Math.min(1, plan.watches.length - 1)) of(STEPS.databaseReview, look);
  }
  of(STEPS.metricsReport, look);
  const { loadTest } = plan.production;
  if (loadTest) {
    after += waitAt('lowTraffic', after);
    add(loadTest.test.id, 'watch', load);
  }
  of(STEPS.productionState, look);
  return moments;
}
