/**
 * The runbook: every step of a deployment by a plan, in the order in which the deployment comes to it, with all that is
 * known of it beforehand. Phases take their steps from it, and everything that speaks of steps reads it.
 */
import { ADDED, type Phase, STEPS, type StepDefinition, type StepNature } from '../domain/steps.js';
import { backupFacts } from './backup-facts.js';
import { checkFacts, DOCUMENTATION_FACTS, indexFacts } from './checks.js';
import {
  answering,
  type Establishing,
  establishing,
  found,
  hasCredentials,
  WITHOUT_CREDENTIALS,
} from './established.js';
import { beforeSteps, ownSteps } from './own-steps.js';
import type { EnvironmentName } from './plan/environment.js';
import { allOwnChecks } from './plan/own-checks.js';
import { failureOf, inOrder } from './plan/parts.js';
import type { Confirmation, ResolvedPlan } from './plan/plan.js';
import { tellsRelease } from './plan/proof-of-release.js';
import type { Watch } from './plan/watch.js';

export interface RunbookStep extends StepDefinition, StepNature, Establishing {
  /** The section of the plan's own checklist in which its first box stands; empty where no box rests on it. */
  section: string;
  /** The part of the plan that is not there or off, so that this step does not run. */
  off?: string;
  /** A window that it waits for: it begins in it, or is itself the wait. */
  window?: { name: 'deploy' | 'lowTraffic'; begins: boolean };
  /** Roles that are asked as its work. */
  asks?: string[];
}

/** The plan before its items are known: they are what is held against the facts. */
export type PlanWithoutItems = Omit<ResolvedPlan, 'items'> & Partial<Pick<ResolvedPlan, 'items'>>;

const MIGRATION = ['ran', 'revision', 'heads', 'warnings', 'schema', 'leftovers'];
const LOAD = ['success-rate', 'p95', 'p99', 'timeouts', 'memory'];

/** How items name production's load test while it is off. */
export const PRODUCTION_LOAD_TEST = 'production';

/** A step before it is known where it stands in the checklist. */
type Step = Omit<RunbookStep, 'section'>;

export function runbookOf(plan: PlanWithoutItems): RunbookStep[] {
  return stepsOf(plan).map((step) => ({ ...step, ...failureOf(plan, step.id), section: sectionOf(plan, step) }));
}

/** Items are numbered by section and position. */
function sectionOf({ items = [] }: PlanWithoutItems, { id }: Step): string {
  const box = items.find(({ by }) => by.some(({ step }) => step === id));
  return box?.id.split('.').slice(0, -1).join('.') ?? '';
}

function stepsOf(plan: PlanWithoutItems): Step[] {
  return [
    ...prerequisites(plan),
    ...staging(plan),
    plan.soak ? stretch(STEPS.soak, plan.soak) : { ...STEPS.soak, usually: 0, facts: [], off: 'soak' },
    ...ownSteps(plan, 'soak'),
    ...approval(plan),
    ...production(plan),
    ...watch(plan),
    {
      ...STEPS.productionState,
      ...establishing(['version', 'commit', 'revision', 'indexes'], {
        version: tellsRelease(plan.environments.production.health),
        commit: plan.environments.production.health?.commit,
        revision: plan.migration,
        indexes: plan.indexes,
      }),
    },
    ...ownSteps(plan, 'closing'),
  ];
}

function prerequisites(plan: PlanWithoutItems): Step[] {
  const { tools, scripts, minimumRows } = plan.prerequisites;
  const staging = establishing(['rows', 'credentials'], { rows: minimumRows, credentials: hasCredentials(plan) });
  return [
    { ...STEPS.admission, facts: [] },
    {
      ...STEPS.repository,
      facts: ['merged', 'target', 'previous', 'files'],
      ...off(!plan.release.repository, 'release.repository'),
    },
    { ...STEPS.review, facts: ['reviewed', 'approved', 'tests'], ...off(!plan.review, 'review') },
    { ...STEPS.access, facts: (plan.access ?? []).map(({ id }) => id), ...off(!plan.access, 'access') },
    { ...STEPS.staging, ...staging, ...off(staging.facts.length === 0, WITHOUT_CREDENTIALS) },
    { ...STEPS.productionFound, ...found(plan) },
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
    ...ownSteps(plan, 'prerequisites'),
  ];
}

function staging(plan: PlanWithoutItems): Step[] {
  const { apiDocumentation, environments, commands, functional } = plan;
  const steps: Step[] = [
    { ...STEPS.stagingBackup, ...backupFacts(plan.backup), ...off(!plan.backup, 'backup') },
    ...beforeSteps(plan, 'staging'),
    ...inOrder(plan, {
      deploying: [
        { ...STEPS.stagingDeploy, facts: ['ran'] },
        { ...STEPS.stagingHealth, ...answering(environments.staging) },
        { ...STEPS.stagingLogs, facts: ['ran', 'logs'], ...off(!commands.logs, 'commands.logs') },
      ],
      migrating: [{ ...STEPS.stagingMigration, facts: MIGRATION, ...off(!plan.migration, 'migration') }],
    }),
    {
      ...STEPS.reversibility,
      facts: ['downgrade', 'schema-restored', 'upgrade-again', 'new-code', 'previous-code'],
      ...off(!plan.migration, 'migration'),
    },
    { ...STEPS.stagingIndexes, facts: indexFacts(plan), ...off(!plan.indexes, 'indexes') },
    { ...STEPS.functional, facts: checkFacts(functional), ...off(functional.length === 0, 'functional') },
    ...plan.loadTests.map(({ id, title }): Step => ({ ...ADDED.loadTest, id, title, phase: 'staging', facts: LOAD })),
    { ...STEPS.swagger, facts: [...DOCUMENTATION_FACTS], ...off(!apiDocumentation, 'apiDocumentation') },
    ...confirmations('staging', plan.confirmations.staging),
    ...ownSteps(plan, 'staging'),
  ];
  return environments.staging ? steps : steps.map((step) => ({ ...step, off: 'environments.staging' }));
}

function approval(plan: PlanWithoutItems): Step[] {
  const roles = plan.approvals.roles.map(({ role }) => role);
  const notices = plan.notifications.notices.map(({ id }) => id);
  return [
    { ...STEPS.proposal, ...establishing(['unchanged'], { unchanged: plan.release.repository }) },
    { ...STEPS.signOffs, facts: roles, asks: roles, ...off(roles.length === 0, 'approvals') },
    { ...STEPS.notices, facts: notices, ...off(notices.length === 0, 'notifications.notices') },
    { ...STEPS.alerts, facts: (plan.alerts?.expected ?? []).map(({ id }) => id), ...off(!plan.alerts, 'alerts') },
    ...confirmations('approval', plan.confirmations.preparation),
    ...ownSteps(plan, 'approval'),
  ];
}

function production(plan: PlanWithoutItems): Step[] {
  const { commands, smoke, migration } = plan;
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
    { ...STEPS.productionUnchanged, ...found(plan) },
    ...beforeSteps(plan, 'production'),
    { ...STEPS.productionBackup, ...backupFacts(plan.backup), ...off(!plan.backup, 'backup') },
    {
      ...STEPS.maintenanceOn,
      usually: drain,
      facts: ['ran', 'drained', ...(message ? ['message'] : [])],
      ...noMaintenance,
    },
    ...inOrder(plan, {
      deploying: [
        { ...STEPS.productionDeploy, facts: ['ran'] },
        { ...STEPS.productionHealth, ...answering(plan.environments.production) },
        { ...STEPS.productionLogs, facts: ['ran', 'logs'], ...off(!commands.logs, 'commands.logs') },
      ],
      migrating: [
        {
          ...STEPS.productionMigration,
          usually: migration?.within ?? 0,
          facts: [...MIGRATION, 'duration'],
          ...off(!migration, 'migration'),
        },
        { ...STEPS.productionIndexes, facts: indexFacts(plan), ...off(!plan.indexes, 'indexes') },
      ],
    }),
    { ...STEPS.maintenanceOff, facts: ['ran', ...(message ? ['reachable', 'message-gone'] : [])], ...noMaintenance },
    { ...STEPS.smoke, facts: checkFacts(smoke), ...off(smoke.length === 0, 'smoke') },
    {
      ...STEPS.restart,
      ...establishing(['ran', 'status', 'logs'], { logs: commands.logs }),
      ...off(!restart, 'production.restart'),
    },
    ...ownSteps(plan, 'production'),
  ];
}

function watch(plan: PlanWithoutItems): Step[] {
  const { loadTest } = plan.production;
  const stretches = plan.watches.flatMap((each, position): Step[] => [
    stretch({ ...ADDED.watch, phase: 'watch' }, each),
    {
      ...ADDED.indexUse,
      id: indexUseStep(each),
      title: "Indexes are used by production's queries",
      phase: 'watch',
      facts: ['used'],
      ...off(!asksFor(plan, (step) => plan.watches.some((watch) => step === indexUseStep(watch))), 'items'),
      ...off(!plan.indexes, 'indexes'),
    },
    ...(isReviewed(plan, position) ? [databaseReview(plan)] : []),
  ]);
  return [
    ...stretches,
    { ...STEPS.metricsReport, facts: ['ran'], ...off(!plan.commands.metricsReport, 'commands.metricsReport') },
    {
      ...ADDED.loadTest,
      id: loadTest?.test.id ?? PRODUCTION_LOAD_TEST,
      title: loadTest?.test.title ?? 'Load test of production',
      phase: 'watch',
      facts: ['approved', 'low-traffic', ...LOAD, 'impact'],
      window: { name: 'lowTraffic', begins: true },
      ...(loadTest ? { asks: [loadTest.approvedBy] } : {}),
      ...off(!loadTest, 'production.loadTest'),
    },
    ...ownSteps(plan, 'watch'),
  ];
}

/** The checklist looks into the database after the first hour (4.2): after the second watch, or the only one. */
export const isReviewed = ({ watches }: Pick<ResolvedPlan, 'watches'>, position: number): boolean =>
  position === Math.min(1, watches.length - 1);

/** The step that looks after a watch whether the new indexes are used. */
export const indexUseStep = ({ id }: { id: string }): string => `${id}.index-use`;

const off = (isOff: boolean, option: string): { off?: string } => (isOff ? { off: option } : {});

const databaseReview = (plan: PlanWithoutItems): Step => ({
  ...STEPS.databaseReview,
  facts: ['slow-queries', 'locks'],
  ...off(!asksFor(plan, (step) => step === STEPS.databaseReview.id), 'items'),
  ...off(!plan.environments.production.database, 'environments.production.database'),
});

/** Looks into production's statistics, which its server need not keep, are taken only where a box rests on one. */
const asksFor = ({ items }: PlanWithoutItems, isIt: (step: string) => boolean): boolean =>
  items?.some(({ by }) => by.some(({ step }) => isIt(step))) ?? true;

/** A watch as a step. */
const stretch = (step: Omit<Step, 'id' | 'title' | 'facts'>, watched: Watch): Step => ({
  ...step,
  id: watched.id,
  title: watched.title,
  usually: watched.duration,
  facts: factsOf(watched),
});

const confirmations = (phase: Phase, list: readonly Confirmation[]): Step[] =>
  list.map(({ id, title, roles }) => ({
    ...ADDED.confirmation,
    id,
    title,
    phase,
    facts: ['confirmed'],
    asks: roles,
  }));

const factsOf = ({ criteria, trends }: Pick<Watch, 'criteria' | 'trends'>): string[] =>
  [...criteria, ...trends].map(({ id }) => id);

/** The environment that the commands of a step are about; of those that look at another one nothing is left. */
export const actedOn = (plan: PlanWithoutItems, { id, phase }: Pick<Step, 'id' | 'phase'>): EnvironmentName =>
  allOwnChecks(plan).find((check) => check.id === id)?.environment ?? (phase === 'staging' ? 'staging' : 'production');

/** The steps of the runbook by their IDs, in its order. */
export const stepsByID = (plan: PlanWithoutItems): Map<string, RunbookStep> =>
  new Map(runbookOf(plan).map((step) => [step.id, step]));
