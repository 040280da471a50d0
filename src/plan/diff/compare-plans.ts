/** What two plans differ in, step by step. Pure. */
import { allOwnChecks, ownChecksOf } from '../../contract/plan/own-checks.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { type RunbookStep, runbookOf } from '../../contract/runbook.js';
import { type Phase, STEPS } from '../../domain/steps.js';
import { type Difference, differencesOf } from './differences.js';

export interface StepDifference {
  id: string;
  title: string;
  phase: Phase;
  change: 'added' | 'removed' | 'changed';
  /** What of the plan is other for this step; what concerns several steps is told with each. */
  differences: Difference[];
}

export interface PlanComparison {
  /** What belongs to no single step. */
  general: Difference[];
  /** In the order of the runbook; those that are gone stand before the step that followed them. */
  steps: StepDifference[];
}

/** Nothing in it where, and only where, both plans have the same digest. */
export function comparePlans(before: ResolvedPlan, after: ResolvedPlan): PlanComparison {
  const steps = inOrder(runbookOf(before), runbookOf(after));
  const known = new Set(steps.map(({ step }) => step.id));
  const placed = differencesOf(before, after).map((difference) => {
    const concerned = stepsOf(difference.path, [before, after]);
    return { difference, steps: concerned.filter((id) => known.has(id)) };
  });
  return {
    general: placed.filter((each) => each.steps.length === 0).map(({ difference }) => difference),
    steps: steps.flatMap(({ step, change, off }) => {
      const differences = placed.filter((each) => each.steps.includes(step.id)).map(({ difference }) => difference);
      const { id, title, phase } = step;
      const isChanged = change !== 'changed' || differences.length + off.length > 0;
      return isChanged ? [{ id, title, phase, change, differences: [...off, ...differences] }] : [];
    }),
  };
}

interface Compared {
  step: RunbookStep;
  change: StepDifference['change'];
  /** The option that turns it off, where only one of the plans has it off. */
  off: Difference[];
}

function inOrder(before: readonly RunbookStep[], after: readonly RunbookStep[]): Compared[] {
  const was = new Map(before.map((step) => [step.id, step]));
  const left = new Set(after.map(({ id }) => id));
  const gone = before.filter(({ id }) => !left.has(id));
  const place = (step: RunbookStep) => before.findIndex(({ id }) => id === step.id);
  const compared: Compared[] = [];
  for (const step of after) {
    const earlier = was.get(step.id);
    while (earlier && gone[0] && place(gone[0]) < place(step)) compared.push(removed(gone.shift() ?? gone[0]));
    const off = earlier ? differencesOf(earlier.off, step.off, 'off') : [];
    compared.push({ step, change: earlier ? 'changed' : 'added', off });
  }
  return [...compared, ...gone.map(removed)];
}

const removed = (step: RunbookStep): Compared => ({ step, change: 'removed', off: [] });

const DEPLOYS = [STEPS.stagingDeploy, STEPS.productionDeploy];
const HEALTH = [STEPS.stagingHealth, STEPS.productionHealth];
const LOGS = [STEPS.stagingLogs, STEPS.productionLogs];
const MAINTENANCE = [STEPS.maintenanceOn, STEPS.maintenanceOff];

/** Parts of the resolved plan and the steps that work with them; the longest that fits counts. */
const CONCERNED: Record<string, readonly { id: string }[]> = {
  release: [STEPS.repository],
  'release.target': [STEPS.repository, ...DEPLOYS],
  'release.previous': [STEPS.repository, STEPS.productionFound, STEPS.reversibility],
  'prerequisites.minimumRows': [STEPS.staging],
  'prerequisites.tools': [STEPS.tools],
  'prerequisites.scripts': [STEPS.tools],
  review: [STEPS.review],
  access: [STEPS.access],
  alerts: [STEPS.alerts],
  backup: [STEPS.stagingBackup, STEPS.productionBackup],
  'commands.deploy': DEPLOYS,
  'commands.waitForHealth': HEALTH,
  'environments.staging.health': [STEPS.stagingHealth],
  'environments.production.health': [STEPS.productionFound, STEPS.productionHealth, STEPS.productionState],
  healthPath: HEALTH,
  healthWithin: HEALTH,
  'commands.logs': LOGS,
  criticalLogs: LOGS,
  startedLogs: LOGS,
  'commands.restartService': [STEPS.restart],
  'commands.restartWorkers': [STEPS.restart],
  'commands.maintenanceOn': MAINTENANCE,
  'commands.maintenanceOff': MAINTENANCE,
  'commands.databaseMonitor': [STEPS.databaseReview],
  'commands.metricsReport': [STEPS.metricsReport],
  migration: [STEPS.stagingMigration, STEPS.reversibility, STEPS.productionMigration],
  indexes: [STEPS.stagingIndexes, STEPS.productionIndexes],
  functional: [STEPS.functional],
  smoke: [STEPS.smoke],
  apiDocumentation: [STEPS.swagger],
  soak: [STEPS.soak],
  approvals: [STEPS.signOffs],
  'notifications.notices': [STEPS.notices],
  'production.maintenance': MAINTENANCE,
  'production.restart': [STEPS.restart],
  'windows.deploy': [STEPS.productionWindow],
  'windows.freeze': [STEPS.productionWindow],
};

/** Lists of which each element is a step of its own, by its name. */
const OWN_STEP =
  /^(?:watches|loadTests|confirmations\.(?:prerequisites|staging|preparation)|checks\.[a-z]+)\[([^\]]+)\]/;

function stepsOf(path: string, plans: readonly ResolvedPlan[]): string[] {
  const own = OWN_STEP.exec(path)?.[1];
  if (own !== undefined) return [own];
  const box = /^items\[(.+?)\](?:$|\.)/.exec(path)?.[1];
  if (box !== undefined)
    return plans.flatMap(({ items }) => items.find(({ id }) => id === box)?.by ?? []).map(({ step }) => step);
  if (isIn(path, 'checks')) {
    const phase = /^checks\.([a-z]+)/.exec(path)?.[1] as Phase | undefined;
    return plans.flatMap((plan) => (phase ? ownChecksOf(plan, phase) : allOwnChecks(plan)).map(({ id }) => id));
  }
  if (isIn(path, 'production.loadTest')) return plans.flatMap(({ production }) => production.loadTest?.test.id ?? []);
  const [closest] = Object.entries(CONCERNED)
    .filter(([part]) => isIn(path, part))
    .sort(([a], [b]) => b.length - a.length);
  return (closest?.[1] ?? []).map(({ id }) => id);
}

const isIn = (path: string, part: string): boolean =>
  path.startsWith(part) && /^($|[.[ ])/.test(path.slice(part.length));
