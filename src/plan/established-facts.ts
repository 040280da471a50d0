/** Which step establishes which facts under a plan: what an item may be settled by. */
import { aspectsOf, DOCUMENTATION_FACTS } from '../contract/checks.js';
import type { EndpointCheck, ResolvedPlan } from '../contract/plan.js';
import { STEPS } from '../domain/steps.js';

export interface Established {
  facts: string[];
  /** The plan's option that is off, so that this step does not run. */
  off?: string;
}

/** The plan without its items: they are what is held against the facts. */
export type PlanWithoutItems = Omit<ResolvedPlan, 'items'>;

const BACKUP = ['created', 'size', 'readable', 'contents', 'restored', 'stored', 'retention'];
const MIGRATION = ['ran', 'revision', 'heads', 'warnings', 'schema', 'leftovers'];
const FOUND = ['version', 'revision', 'maintenance'];
const LOAD = ['success-rate', 'p95', 'p99', 'timeouts', 'memory'];

/** Every step of a deployment by this plan, in its order, with the names of its facts. */
export function establishedFacts(plan: PlanWithoutItems): Map<string, Established> {
  const steps = new Map<string, Established>();
  const add = (step: { id: string }, facts: string[], off?: string | false) =>
    steps.set(step.id, off ? { facts, off } : { facts });
  const { prerequisites, production } = plan;

  add(STEPS.repository, ['merged', 'target', 'previous', 'files']);
  if (plan.review) add(STEPS.review, ['reviewed', 'approved', 'tests']);
  if (plan.access) {
    add(
      STEPS.access,
      plan.access.map(({ id }) => id),
    );
  }
  add(STEPS.staging, ['rows', 'credentials']);
  add(STEPS.productionFound, FOUND);
  add(STEPS.tools, [
    ...prerequisites.tools.map((tool) => `tool:${tool}`),
    ...prerequisites.scripts.map((script) => `script:${script.split('/').at(-1)}`),
    'commands',
    'tools',
  ]);
  for (const { id } of plan.confirmations.prerequisites) add({ id }, ['confirmed']);

  add(STEPS.stagingBackup, BACKUP);
  add(STEPS.stagingDeploy, ['ran']);
  add(STEPS.stagingHealth, ['status', 'version']);
  add(STEPS.stagingLogs, ['ran', 'logs']);
  add(STEPS.stagingMigration, MIGRATION);
  add(STEPS.reversibility, ['downgrade', 'schema-restored', 'upgrade-again', 'previous-code']);
  add(STEPS.stagingIndexes, indexFacts(plan));
  add(STEPS.functional, ['login', ...checkFacts(plan.functional)]);
  for (const { id } of plan.loadTests) add({ id }, LOAD);
  add(STEPS.swagger, [...DOCUMENTATION_FACTS], !plan.apiDocumentation && 'apiDocumentation');
  for (const { id } of plan.confirmations.staging) add({ id }, ['confirmed']);

  add(STEPS.soak, criterionFacts(plan.soak));
  add(STEPS.proposal, ['unchanged']);
  add(
    STEPS.signOffs,
    plan.approvals.roles.map(({ role }) => role),
  );
  if (plan.alerts) {
    add(
      STEPS.alerts,
      plan.alerts.expected.map(({ id }) => id),
    );
  }
  const notices = plan.notifications.notices.map(({ id }) => id);
  if (notices.length > 0) add(STEPS.notices, notices);
  for (const { id } of plan.confirmations.preparation) add({ id }, ['confirmed']);

  const noMaintenance = !production.maintenance.enabled && 'production.maintenance';
  const { windows } = plan;
  const isHeld = windows !== undefined && windows.deploy.length + windows.freeze.length > 0;
  add(STEPS.productionWindow, ['window'], !isHeld && 'windows.deploy');
  add(STEPS.productionUnchanged, FOUND);
  add(STEPS.productionBackup, BACKUP);
  const { message } = production.maintenance;
  add(STEPS.maintenanceOn, ['ran', 'drained', ...(message ? ['message'] : [])], noMaintenance);
  add(STEPS.productionDeploy, ['ran']);
  add(STEPS.productionHealth, ['status', 'version']);
  add(STEPS.productionLogs, ['ran', 'logs']);
  add(STEPS.productionMigration, [...MIGRATION, 'duration']);
  add(STEPS.productionIndexes, indexFacts(plan));
  add(STEPS.maintenanceOff, ['ran', ...(message ? ['reachable', 'message-gone'] : [])], noMaintenance);
  add(STEPS.smoke, ['login', ...checkFacts(plan.smoke)]);
  add(STEPS.restart, ['ran', 'status', 'logs'], !production.restart && 'production.restart');

  for (const watch of plan.watches) {
    add(watch, criterionFacts(watch));
    add({ id: `${watch.id}.index-use` }, ['used']);
  }
  add(STEPS.databaseReview, ['slow-queries', 'locks']);
  add(STEPS.metricsReport, ['ran'], !plan.commands.metricsReport && 'commands.metricsReport');
  const light = production.loadTest?.test.id ?? PRODUCTION_LOAD_TEST;
  add({ id: light }, ['approved', 'low-traffic', ...LOAD, 'impact'], !production.loadTest && 'production.loadTest');
  add(STEPS.productionState, ['version', 'revision', 'indexes']);
  return steps;
}

/** How items name production's load test while it is off. */
export const PRODUCTION_LOAD_TEST = 'production';

const indexFacts = ({ indexes }: PlanWithoutItems): string[] => [
  'all-present',
  'valid',
  'columns',
  ...(indexes.total === undefined ? [] : ['total']),
  'plans',
];

const checkFacts = (checks: readonly EndpointCheck[]): string[] =>
  checks.flatMap((check) => aspectsOf(check).map((aspect) => `${check.id}.${aspect}`));

const criterionFacts = ({ criteria, trends }: ResolvedPlan['soak']): string[] =>
  [...criteria, ...trends].map(({ id }) => id);
