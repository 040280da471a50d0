/** The steps that checks of the team's own add to the runbook, and the facts that each establishes. */
import { ADDED, type Phase, type StepDefinition, type StepNature, type StepWork } from '../domain/steps.js';
import { aspectsOf } from './checks.js';
import type { EnvironmentName } from './plan/environment.js';
import {
  beforeStep,
  comparingChecks,
  type OwnCheck,
  type OwnCheckKind,
  type OwnQuestion,
  ownChecksOf,
} from './plan/own-checks.js';
import type { ResolvedPlan } from './plan/plan.js';

type OwnStep = StepDefinition & StepNature & { facts: string[]; asks?: string[] };

const WORK: Record<OwnCheckKind, StepWork> = {
  http: 'activity',
  sql: 'activity',
  command: 'command',
  metric: 'activity',
  confirm: 'wait',
};

/** Where a plan doesn't say: as the phase's own steps, which roll back only while the release is being put in place. */
export const usualOnFailure = (phase: Phase): StepNature['onFailure'] => (phase === 'production' ? 'rollback' : 'ask');

/** The last steps of a phase. */
export const ownSteps = (plan: Pick<ResolvedPlan, 'checks'>, phase: Phase): OwnStep[] =>
  ownChecksOf(plan, phase).map((check) => stepOf(check, phase));

/** Right before an environment is deployed to: what is compared with later is read. */
export const beforeSteps = (plan: Pick<ResolvedPlan, 'checks'>, phase: EnvironmentName): OwnStep[] =>
  comparingChecks(plan, phase).map((check) => ({
    ...ADDED.ownCheck,
    id: beforeStep(check),
    title: `${check.title}: before the deploy`,
    phase,
    facts: ['read'],
  }));

function stepOf({ id, title, onFailure, asks }: OwnCheck, phase: Phase): OwnStep {
  return {
    ...ADDED.ownCheck,
    ...(asks.kind === 'confirm' ? { usually: 0, asks: asks.roles } : {}),
    id,
    title,
    phase,
    work: WORK[asks.kind],
    onFailure: onFailure === undefined ? usualOnFailure(phase) : onFailure === 'roll-back' ? 'rollback' : onFailure,
    facts: ownFacts(asks),
  };
}

/** What boxes can rest on. */
export function ownFacts(asks: OwnQuestion): string[] {
  switch (asks.kind) {
    case 'http':
      return [...(asks.request.login ? ['login'] : []), ...aspectsOf(asks.request)];
    case 'sql':
      return Object.keys(asks.expect);
    case 'command':
      return ['ran', ...(asks.expect.field ? ['field'] : [])];
    case 'metric':
      return [asks.criterion.id];
    case 'confirm':
      return ['confirmed'];
  }
}
