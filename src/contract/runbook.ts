/**
 * The runbook: every step of a deployment by a plan, in the order in which the deployment comes to it, with all that is
 * known of it beforehand. Phases take their steps from it, and everything that speaks of steps reads it.
 */
import { ADDED, type Phase, STEPS, type StepDefinition, type StepNature } from '../domain/steps.js';
import { aspectsOf, DOCUMENTATION_FACTS } from './checks.js';
import type { EndpointCheck } from './plan/application.js';
import type { Confirmation, ResolvedPlan } from './plan/plan.js';
import type { Watch } from './plan/watch.js';

export interface RunbookStep extends StepDefinition, StepNature {
  /** Names of the facts that it establishes: what boxes can rest on. */
  facts: string[];
  /** The plan's option that is off, so that this step does not run. */
  off?: string;
  /** A window that it waits for: it begins in it, or is itself the wait. */
  window?: { name: 'deploy' | 'lowTraffic'; begins: boolean };
  /** Roles that are asked as its work. */
  asks?: string[];
}

/** The plan without its items: they are what is held against the facts. */
export type PlanWithoutItems = Omit<ResolvedPlan, 'items'>;

const BACKUP = ['created', 'size', 'readable', 'contents', 'restored', 'stored', 'retention'];
const MIGRATION = ['ran', 'revision', 'heads', 'warnings', 'schema', 'leftovers'];
const FOUND = ['version', 'revision', 'maintenance'];
const LOAD = ['success-rate', 'p95', 'p99', 'timeouts', 'memory'];

/** How items name production's load test while it is off. */
export const PRODUCTION_LOAD_TEST = 'production';

export function runbookOf(plan: PlanWithoutItems): RunbookStep[] {
  return [
    ...prerequisites(plan),
    ...staging(plan),
    { ...STEPS.soak, id: plan.soak.id, title: plan.soak.title, usually: plan.soak.duration, facts: factsOf(plan.soak) },
    ...approval(plan),
    ...production(plan),
    ...watch(plan),
    { ...STEPS.productionState, facts: ['version', 'revision', 'indexes'] },
  ];
}

function prerequisites(plan: PlanWithoutItems): RunbookStep[] {
  const { tools, scripts } = plan.prerequisites;
  return [
    { ...STEPS.admission, facts: [] },
    { ...STEPS.repository, facts: ['merged', 'target', 'previous', 'files'] },
    ...(plan.review ? [{ ...STEPS.review, facts: ['reviewed', 'approved', 'tests'] }] : []),
    ...(plan.access ? [{ ...STEPS.access, facts: plan.access.map(({ id }) => id) }] : []),
    { ...STEPS.staging, facts: ['rows', 'credentials'] },
    { ...STEPS.productionFound, facts: FOUND },
    {
      ...STEPS.tools,
      facts: [
        ...tools.map((tool) => `tool:${tool}`),
        ...scripts.map((script) => `script:${script.split('/').at(-1)}`),
        'commands',
        'tools',
      ],
    },
    ...confirmations('prerequisites', plan.confirmations.prerequisites),
  ];
}

function staging(plan: PlanWithoutItems): RunbookStep[] {
  const { apiDocumentation } = plan;
  return [
    { ...STEPS.stagingBackup, facts: BACKUP },
    { ...STEPS.stagingDeploy, facts: ['ran'] },
    { ...STEPS.stagingHealth, facts: ['status', 'version'] },
    { ...STEPS.stagingLogs, facts: ['ran', 'logs'] },
    { ...STEPS.stagingMigration, facts: MIGRATION },
    { ...STEPS.reversibility, facts: ['downgrade', 'schema-restored', 'upgrade-again', 'previous-code'] },
    { ...STEPS.stagingIndexes, facts: indexFacts(plan) },
    { ...STEPS.functional, facts: ['login', ...checkFacts(plan.functional)] },
    ...plan.loadTests.map(
      ({ id, title }): RunbookStep => ({ ...ADDED.loadTest, id, title, phase: 'staging', section: '1.5', facts: LOAD }),
    ),
    { ...STEPS.swagger, facts: [...DOCUMENTATION_FACTS], ...off(!apiDocumentation, 'apiDocumentation') },
    ...confirmations('staging', plan.confirmations.staging),
  ];
}

function approval(plan: PlanWithoutItems): RunbookStep[] {
  const roles = plan.approvals.roles.map(({ role }) => role);
  const notices = plan.notifications.notices.map(({ id }) => id);
  return [
    { ...STEPS.proposal, facts: ['unchanged'] },
    { ...STEPS.signOffs, facts: roles, asks: roles },
    ...(notices.length > 0 ? [{ ...STEPS.notices, facts: notices }] : []),
    ...(plan.alerts ? [{ ...STEPS.alerts, facts: plan.alerts.expected.map(({ id }) => id) }] : []),
    ...confirmations('approval', plan.confirmations.preparation),
  ];
}

function production(plan: PlanWithoutItems): RunbookStep[] {
  const { maintenance, restart } = plan.production;
  const { message, drain } = maintenance;
  const { deploy = [], freeze = [], overrideBy = [] } = plan.windows ?? {};
  const noMaintenance = off(!maintenance.enabled, 'production.maintenance');
  return [
    {
      ...STEPS.productionWindow,
      facts: ['window'],
      window: { name: 'deploy', begins: false },
      asks: overrideBy,
      ...off(deploy.length + freeze.length === 0, 'windows.deploy'),
    },
    { ...STEPS.productionUnchanged, facts: FOUND },
    { ...STEPS.productionBackup, facts: BACKUP },
    {
      ...STEPS.maintenanceOn,
      usually: drain,
      facts: ['ran', 'drained', ...(message ? ['message'] : [])],
      ...noMaintenance,
    },
    { ...STEPS.productionDeploy, facts: ['ran'] },
    { ...STEPS.productionHealth, facts: ['status', 'version'] },
    { ...STEPS.productionLogs, facts: ['ran', 'logs'] },
    { ...STEPS.productionMigration, usually: plan.migration.within, facts: [...MIGRATION, 'duration'] },
    { ...STEPS.productionIndexes, facts: indexFacts(plan) },
    { ...STEPS.maintenanceOff, facts: ['ran', ...(message ? ['reachable', 'message-gone'] : [])], ...noMaintenance },
    { ...STEPS.smoke, facts: ['login', ...checkFacts(plan.smoke)] },
    { ...STEPS.restart, facts: ['ran', 'status', 'logs'], ...off(!restart, 'production.restart') },
  ];
}

function watch(plan: PlanWithoutItems): RunbookStep[] {
  const { loadTest } = plan.production;
  const stretches = plan.watches.flatMap((each, position): RunbookStep[] => [
    {
      ...ADDED.watch,
      id: each.id,
      title: each.title,
      phase: 'watch',
      section: '',
      usually: each.duration,
      facts: factsOf(each),
    },
    {
      ...ADDED.indexUse,
      id: indexUseStep(each),
      title: "Indexes are used by production's queries",
      phase: 'watch',
      section: '4.2',
      facts: ['used'],
    },
    ...(isReviewed(plan, position) ? [{ ...STEPS.databaseReview, facts: ['slow-queries', 'locks'] }] : []),
  ]);
  return [
    ...stretches,
    { ...STEPS.metricsReport, facts: ['ran'], ...off(!plan.commands.metricsReport, 'commands.metricsReport') },
    {
      ...ADDED.loadTest,
      id: loadTest?.test.id ?? PRODUCTION_LOAD_TEST,
      title: loadTest?.test.title ?? 'Load test of production',
      phase: 'watch',
      section: '4.4',
      facts: ['approved', 'low-traffic', ...LOAD, 'impact'],
      window: { name: 'lowTraffic', begins: true },
      ...(loadTest ? { asks: [loadTest.approvedBy] } : {}),
      ...off(!loadTest, 'production.loadTest'),
    },
  ];
}

/** The checklist looks into the database after the first hour (4.2): after the second watch, or the only one. */
export const isReviewed = ({ watches }: Pick<ResolvedPlan, 'watches'>, position: number): boolean =>
  position === Math.min(1, watches.length - 1);

/** The step that looks after a watch whether the new indexes are used. */
export const indexUseStep = ({ id }: { id: string }): string => `${id}.index-use`;

const off = (isOff: boolean, option: string): { off?: string } => (isOff ? { off: option } : {});

const confirmations = (phase: Phase, list: readonly Confirmation[]): RunbookStep[] =>
  list.map(({ id, title, roles }) => ({
    ...ADDED.confirmation,
    id,
    title,
    phase,
    section: '',
    facts: ['confirmed'],
    asks: roles,
  }));

const indexFacts = ({ indexes }: PlanWithoutItems): string[] => [
  'all-present',
  'valid',
  'columns',
  ...(indexes.total === undefined ? [] : ['total']),
  'plans',
];

const checkFacts = (checks: readonly EndpointCheck[]): string[] =>
  checks.flatMap((check) => aspectsOf(check).map((aspect) => `${check.id}.${aspect}`));

const factsOf = ({ criteria, trends }: Pick<Watch, 'criteria' | 'trends'>): string[] =>
  [...criteria, ...trends].map(({ id }) => id);

/** The steps of the runbook by their IDs, in its order. */
export const stepsByID = (plan: PlanWithoutItems): Map<string, RunbookStep> =>
  new Map(runbookOf(plan).map((step) => [step.id, step]));
