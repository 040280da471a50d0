/** Checks of the team's own: what they ask, where, and what follows when they fail. */
import type { ChangeExpectation, ValueExpectation } from '../../domain/expectations.js';
import { PHASES, type Phase } from '../../domain/steps.js';
import type { Criterion } from '../../domain/watch/criteria.js';
import type { EndpointCheck } from './application.js';
import type { Command } from './commands.js';
import type { EnvironmentName } from './environment.js';
import type { Metric } from './metrics.js';

/** A step that the plan adds at the end of a phase. */
export interface OwnCheck {
  id: string;
  title: string;
  environment: EnvironmentName;
  /** Longest time, milliseconds; a question to people that waits as long as it takes has none. */
  timeout?: number;
  /** What follows when it is seen not to hold; what the phase's own steps have when left out. */
  onFailure?: 'ask' | 'stop' | 'roll-back';
  asks: OwnQuestion;
}

export type OwnQuestion =
  | { kind: 'http'; request: EndpointCheck }
  | { kind: 'sql'; query: string; expect: QueryExpectation }
  | { kind: 'command'; command: Command; expect: CommandExpectation }
  | { kind: 'metric'; metric: Metric; criterion: Criterion }
  | { kind: 'confirm'; roles: string[]; items: string[] };

export type OwnCheckKind = OwnQuestion['kind'];

/** A question of one kind. */
export type OwnQuestionOf<K extends OwnCheckKind> = Extract<OwnQuestion, { kind: K }>;

/** Of the first column of the only row, of how many rows there are, or of that value against itself before the deploy. */
export type QueryExpectation = { value: ValueExpectation } | { rows: ValueExpectation } | { before: ChangeExpectation };

export interface CommandExpectation {
  exitCodes: number[];
  /** Of one field of the JSON that it prints. */
  field?: { path: string; value: ValueExpectation };
}

export type OwnChecks = Partial<Record<Phase, OwnCheck[]>>;

/** As a plan has them. */
interface Checked {
  checks?: OwnChecks;
}

/** The checks of a phase, in their order. */
export const ownChecksOf = ({ checks = {} }: Checked, phase: Phase): OwnCheck[] => checks[phase] ?? [];

/** All checks, in the order in which a deployment comes to them. */
export const allOwnChecks = ({ checks = {} }: Checked): OwnCheck[] => PHASES.flatMap((phase) => checks[phase] ?? []);

/** The checks of an environment that compare with what there was before it was deployed to. */
export const comparingChecks = (plan: Checked, environment: EnvironmentName): OwnCheck[] =>
  allOwnChecks(plan).filter((check) => check.environment === environment && comparesWithBefore(check));

/** Their commands, under names that no command of the plan itself has. */
export const commandsOfChecks = (plan: Checked): Record<string, Command> =>
  Object.fromEntries(
    allOwnChecks(plan).flatMap(({ id, asks }) => (asks.kind === 'command' ? [[`checks.${id}`, asks.command]] : [])),
  );

/** The step that reads what such a check compares with. */
export const beforeStep = ({ id }: Pick<OwnCheck, 'id'>): string => `${id}.before`;

const comparesWithBefore = ({ asks }: OwnCheck): boolean => asks.kind === 'sql' && 'before' in asks.expect;
