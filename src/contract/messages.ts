/** Signals, updates and queries of the workflows; names as people see them in the Web UI. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { EvidenceReference } from '../domain/evidence.js';
import type { ItemStatus } from '../domain/items.js';
import { DECISIONS, type DecisionKind } from '../domain/ledger/decision-kinds.js';
import type {
  Decision,
  FoundProduction,
  Ledger,
  RollbackTrigger,
  StepRecord,
  StoredBackup,
} from '../domain/ledger/ledger.js';
import type { Message } from '../domain/notifications/notifications.js';
import type { FullRollback } from '../domain/rollback/order.js';
import type { CommandQueues, RunnerMove } from '../domain/runner.js';
import type { CriterionResult, RollbackOption, Verdict } from '../domain/watch/criteria.js';
import type { Clock, EvidencePlace } from './activities/step.js';
import type { Authority } from './envelope.js';
import type { ResolvedPlan } from './plan/plan.js';
import type { Watch } from './plan/watch.js';
import type { SecondPlace } from './second-places.js';

/** One signal for each decision, so that the Web UI's own button works; the argument is a {@link Decision} without kind. */
export const decisionSignals = Object.fromEntries(
  DECISIONS.map((kind) => [kind, defineSignal<[Omit<Decision, 'kind'>]>(kind)]),
) as Record<DecisionKind, ReturnType<typeof defineSignal<[Omit<Decision, 'kind'>]>>>;

/** The same as updates: whoever decides in the Web UI hears a refusal at once. Resolve to what the decision led to. */
export const decisionUpdates = Object.fromEntries(
  DECISIONS.map((kind) => [kind, defineUpdate<string, [Omit<Decision, 'kind'>]>(kind)]),
) as Record<DecisionKind, ReturnType<typeof defineUpdate<string, [Omit<Decision, 'kind'>]>>>;

/** The same by one name, for the CLI: the decision says its kind. */
export const decideUpdate = defineUpdate<string, [Decision]>('decide');

export const statusQuery = defineQuery<Ledger>('status');

/** How each box of the checklist stands. */
export const itemsQuery = defineQuery<ItemStatus[]>('items');

/** Watch to deployment: a criterion asks for a person; later: how the question was settled by time or data. */
export interface Concern {
  monitor: string;
  criterion: string;
  title: string;
  text: string;
  at: number;
  /** Missing where it is waited for until somebody answers, or there is no reason any more. */
  until?: number;
  otherwise: 'continue' | 'rollback';
}
export const concernRaised = defineSignal<[Concern]>('concernRaised');
export const concernSettled = defineSignal<[{ criterion: string; text: string }]>('concernSettled');
/** Deployment to watch: a person looked and carries on. */
export const concernDismissed = defineSignal<[{ criterion: string }]>('concernDismissed');

/** Deployment to guard: what stood meanwhile is over, and it says what it has seen. */
export const guardRelieved = defineSignal('guardRelieved');

/** A command that waits for a runner that nobody serves. All texts, for it is sent as a signal. */
export interface Absence {
  /** Its identity. */
  runner: string;
  /** The command, for people. */
  what: string;
  /** Nobody has served it since then, or longer; as ISO 8601. */
  since: string;
  /** Whether it may have begun there. */
  begun: 'yes' | 'no';
}
/** Child to deployment: its runner is not served; later: it is, or nobody waits for it any more. */
export const runnerAway = defineSignal<[Absence]>('runnerAway');
export const runnerBack = defineSignal('runnerBack');
/** Deployment to child, and to watch: commands run there from now on. */
export const runnerMoved = defineSignal<[RunnerMove]>('runnerMoved');

/** Whoever may signal a workflow may send anything. @returns the texts that the message needs, or undefined when one is missing */
export function readTexts<Field extends string>(
  sent: unknown,
  fields: readonly Field[],
): Record<Field, string> | undefined {
  if (typeof sent !== 'object' || sent === null) return undefined;
  const texts = fields.map((field) => [field, (sent as Record<string, unknown>)[field]] as const);
  return texts.every(([, text]) => typeof text === 'string')
    ? (Object.fromEntries(texts) as Record<Field, string>)
    : undefined;
}

export interface WatchProgress {
  ticks: number;
  samples: number;
  startedAt: number;
  endsAt: number;
  /** The watch's own time: in virtual time it runs ahead of the deployment's. */
  now: number;
  criteria: CriterionResult[];
}
export const progressQuery = defineQuery<WatchProgress>('progress');

export interface WatchInput {
  deployment: string;
  service: string;
  parent: string;
  watch: Watch;
  evidence: EvidencePlace;
  clock: Clock;
  baselines: Record<string, number>;
  /** What the worker listens to when it hears nothing of what is watched; nothing where the plan has no such place. */
  elsewhere?: SecondPlace[];
  /** By whose word it is read; nothing where the runner has no policy. */
  authority?: Authority;
  /** The queue of its environment's own runner, where that has one: it takes the samples. */
  runner?: string;
  /** Roles that may answer a concern. */
  roles: string[];
  /** What is told when the deployment is ended from outside meanwhile; nothing where production is not watched. */
  alarm?: Message[];
}

export interface WatchResult {
  verdict: Verdict;
  startedAt: number;
  endedAt: number;
  ticks: number;
  samples: number;
  criteria: CriterionResult[];
  /** The criterion that ended the watch early. */
  breach?: { criterion: string; title: string; text: string; at: number; option?: RollbackOption };
  /** Broken gates that nobody has accepted. */
  openGates: string[];
  evidence: EvidenceReference[];
}

/** What a rollback needs of the plan: most of the rest is boxes and people, and all of it would be written down twice. */
const OF_ROLLBACKS = [
  'service',
  'environments',
  'commands',
  'criticalLogs',
  'healthPath',
  'healthWithin',
  'migration',
  'indexes',
  'backup',
  'rollback',
] as const satisfies (keyof ResolvedPlan)[];

export type RollbackPlan = Pick<ResolvedPlan, (typeof OF_ROLLBACKS)[number]>;

export const rollbackPlan = (plan: ResolvedPlan): RollbackPlan =>
  Object.fromEntries(OF_ROLLBACKS.map((part) => [part, plan[part]])) as unknown as RollbackPlan;

export interface RollbackInput extends CommandQueues {
  deployment: string;
  plan: RollbackPlan;
  /** By whose word it is done; nothing where the runner has no policy. */
  authority?: Authority;
  evidence: EvidencePlace;
  trigger: RollbackTrigger;
  generation: number;
  /** Maintenance mode is on: the application answers its users with it until the rollback is done. */
  maintenance: boolean;
  /** The release to go back to. */
  previous: string;
  /** What ran before the deploy. */
  found: FoundProduction;
  /** The revision that a downgrade goes to (null: none at all); missing where it is not certain. */
  downgradeTo?: string | null;
  /** What goes back first where both do; the migration when left out. */
  first?: FullRollback['first'];
  /** What a restore starts from. */
  backup?: StoredBackup;
  /** A person has chosen it after a rollback had failed: what an earlier attempt has done is to be done anew. */
  again?: true;
}

export interface RollbackResult {
  succeeded: boolean;
  reason: string;
  startedAt: number;
  endedAt: number;
  steps: StepRecord[];
}
