/** What a scenario may name of its plan: steps with their facts, questions, criteria, people, channels. */

import { answering } from '../../contract/established.js';
import { canRestore, rollbackOptions, watchesOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { runbookOf } from '../../contract/runbook.js';
import { type Approvals, decidersOf } from '../../domain/decisions/approvals.js';
import { QUESTION_KINDS } from '../../domain/ledger/decision-kinds.js';
import { EVENT_KINDS } from '../../domain/notifications/events.js';
import { PHASES, STEPS, type StepWork } from '../../domain/steps.js';

/** Who starts a rehearsal. */
export const STARTED_BY = 'rehearsal';

/** Who may decide in a rehearsal. */
export const deciders = ({ approvals }: ResolvedPlan): Approvals => decidersOf(approvals, STARTED_BY);

/** One step that a scenario can make slow or let fail. */
export interface RehearsedStep {
  facts: string[];
  /** It runs a command whose exit code counts. */
  command?: true;
  /** Looked at within the workflow's own task: it cannot last. */
  quick?: true;
  /** It waits for people, for a watch or for a time; nothing can be made of it here. */
  waits?: true;
}

const WORK: Record<StepWork, Omit<RehearsedStep, 'facts'>> = {
  command: { command: true },
  look: { quick: true },
  wait: { waits: true },
  activity: {},
};

const RAN = ['ran'];
const MIGRATED = ['ran', 'revision', 'heads', 'warnings', 'schema', 'leftovers'];
const LOGS = ['ran', 'logs'];

/** Every step by its ID: those of the plan, those of its rollbacks, and those of the proof on staging. */
export function rehearsedSteps(plan: ResolvedPlan): Map<string, RehearsedStep> {
  const steps = new Map<string, RehearsedStep>();
  for (const { id, facts, work, off } of runbookOf(plan)) {
    if (off === undefined) steps.set(id, { facts, ...WORK[work] });
  }
  for (const [id, step] of Object.entries(wayBackSteps(plan))) steps.set(id, step);
  if (!steps.has(STEPS.reversibility.id)) return steps;
  for (const [id, step] of Object.entries(proofSteps(plan))) steps.set(`${STEPS.reversibility.id}.${id}`, step);
  return steps;
}

function wayBackSteps(plan: ResolvedPlan): Record<string, RehearsedStep> {
  const { commands, rollback } = plan;
  const { production } = plan.environments;
  const answered = answering(production).facts;
  const state = ['version', ...(production.health?.commit ? ['commit'] : []), 'revision', 'indexes'];
  const command: RehearsedStep = { facts: RAN, command: true };
  const maintenance: Record<string, RehearsedStep> = {};
  if (commands.maintenanceOn) maintenance['rollback.maintenance-on'] = command;
  if (commands.maintenanceOff) {
    maintenance['rollback.maintenance-off'] = command;
    maintenance['stop.maintenance-off'] = command;
  }
  const steps: Record<string, RehearsedStep> = {
    'rollback-migration.downgrade': { facts: MIGRATED },
    'rollback-migration.restart': command,
    'rollback-migration.health': { facts: answered },
    'rollback-migration.verify': { facts: state },
    'rollback-code.deploy': command,
    'rollback-code.health': { facts: answered },
    'rollback-code.logs': { facts: LOGS },
    'rollback-code.verify': { facts: state },
    'rollback-full.downgrade': { facts: MIGRATED },
    'rollback-full.deploy': command,
    'rollback-full.health': { facts: answered },
    'rollback-full.application': { facts: ['status'] },
    'rollback-full.verify': { facts: state },
    'rollback-restore.restore': { facts: ['fetched', 'restored', 'in-place'] },
    'rollback-restore.deploy': command,
    'rollback-restore.health': { facts: answered },
    'rollback-restore.verify': { facts: state },
    ...maintenance,
  };
  const kinds: string[] = [...rollbackOptions(plan), ...(canRestore(plan) ? ['restore'] : [])];
  const missing = [
    ...(commands.restartService ? [] : ['rollback-migration.restart']),
    ...(commands.logs ? [] : ['rollback-code.logs']),
    ...(rollback.verifyPath === undefined ? ['rollback-full.application'] : []),
  ];
  const isThere = (id: string) => id in maintenance || kinds.some((kind) => id.startsWith(`rollback-${kind}.`));
  return Object.fromEntries(Object.entries(steps).filter(([id]) => isThere(id) && !missing.includes(id)));
}

function proofSteps({ release, smoke, environments }: ResolvedPlan): Record<string, RehearsedStep> {
  const { previous, target } = release;
  const answered = answering(environments.staging).facts;
  const command: RehearsedStep = { facts: RAN, command: true };
  return {
    prepare: { facts: MIGRATED },
    migrate: { facts: MIGRATED },
    downgrade: { facts: MIGRATED },
    upgrade: { facts: MIGRATED },
    [`deploy-${previous}`]: command,
    [`health-${previous}`]: { facts: answered },
    ...(smoke.length > 0 ? { smoke: { facts: ['login', ...smoke.map(({ id }) => `${id}.status`)] } } : {}),
    [`deploy-${target}`]: command,
    [`health-${target}`]: { facts: answered },
  };
}

/** Every metric that a watch samples, by name. */
export const metricsOfPlan = (plan: ResolvedPlan) =>
  new Map(watchesOf(plan).flatMap(({ metrics }) => metrics.map((metric) => [metric.name, metric] as const)));

/** Criteria and trends by ID. */
export const criteriaOfPlan = (plan: ResolvedPlan): string[] => [
  ...new Set(watchesOf(plan).flatMap(({ criteria, trends }) => [...criteria, ...trends].map(({ id }) => id))),
];

/** IDs and kinds of all questions that this plan can ask. */
export function questionNames(plan: ResolvedPlan): string[] {
  const { production, confirmations } = plan;
  const loadTest = production.loadTest
    ? [`${production.loadTest.test.id}-approval`, `${production.loadTest.test.id}-window`]
    : [];
  return [
    ...new Set<string>([
      ...QUESTION_KINDS,
      'rollback',
      ...Object.values(confirmations).flatMap((list) => list.map(({ id }) => id)),
      ...[...rehearsedSteps(plan).keys()].filter((id) => !id.startsWith('rollback')),
      ...criteriaOfPlan(plan),
      ...loadTest,
    ]),
  ];
}

/** Places in time: phases, steps, watches. */
export const placeNames = (plan: ResolvedPlan): string[] => [...new Set([...PHASES, ...rehearsedSteps(plan).keys()])];

export const eventNames: string[] = [...EVENT_KINDS, 'notice'];
