/** The result of a rehearsal as it leaves this process: plain data. */

import { ITEM_STATES, type ItemState } from '../domain/items.js';
import type { DecisionKind } from '../domain/ledger/decision-kinds.js';
import type { Phase } from '../domain/steps.js';
import { type Criterion, emptyState, observe } from '../domain/watch/criteria.js';
import { detectionOf, type FinishedRun, itemsOf, journalEntriesOf } from './finished.js';
import { type ExpectationDifference, judgeExpectations } from './judge.js';
import type { JournalEntry } from './world/journal.js';
import type { SimulatedWatch } from './world/watching.js';

export interface RehearsalResult {
  /** The scenario's name. */
  scenario: string;
  title: string;
  file?: string;
  outcome: FinishedRun['outcome'];
  /** Everything came as it was expected to. */
  met: boolean;
  differences: ExpectationDifference[];
  virtualSeconds: number;
  wallSeconds: number;
  /** Of metrics. */
  samples: number;
  rollback: {
    option: string;
    succeeded: boolean;
    attempts: number;
    criterion?: string;
    step?: string;
    /** Seconds since the start of the deployment. */
    startedAt: number;
    /** From the moment the metric crossed the threshold to the start of the rollback, seconds. */
    detectedWithin?: number;
    /** From the first sample beyond the threshold. */
    sinceFirstSample?: number;
  } | null;
  timeline: JournalEntry[];
  exercised: Exercised;
  link: string;
}

/** What a scenario has tried out of the plan. */
export interface Exercised {
  /** Criteria and trends that were broken. */
  criteria: string[];
  /** Phases in which something failed, waited for people who were not sure, or was stopped. */
  phases: Phase[];
  decisions: DecisionKind[];
  /** Items that have got a state, with those states. */
  items: Record<string, ItemState>;
}

export function resultOf(run: FinishedRun): RehearsalResult {
  const { scenario, outcome, world, wallSeconds, link } = run;
  const differences = judgeExpectations(run);
  const detection = detectionOf(run);
  return {
    scenario: scenario.name,
    title: scenario.title,
    ...(scenario.file === undefined ? {} : { file: scenario.file }),
    outcome,
    met: differences.length === 0,
    differences,
    virtualSeconds: Math.round(world.clock.latest / 1_000),
    wallSeconds: Math.round(wallSeconds * 10) / 10,
    samples: world.samples,
    rollback: detection
      ? {
          option: detection.option,
          succeeded: detection.succeeded,
          attempts: detection.attempts,
          ...(detection.criterion === undefined ? {} : { criterion: detection.criterion }),
          ...(detection.step === undefined ? {} : { step: detection.step }),
          startedAt: detection.startedAt / 1_000,
          ...(detection.after === undefined ? {} : { detectedWithin: detection.after / 1_000 }),
          ...(detection.seenAt === undefined
            ? {}
            : { sinceFirstSample: (detection.startedAt - detection.seenAt) / 1_000 }),
        }
      : null,
    timeline: journalEntriesOf(run),
    exercised: exercisedBy(run),
    link,
  };
}

function exercisedBy(run: FinishedRun): Exercised {
  const { ledger, outcome, watching } = run;
  const broken = ledger.monitors.flatMap(({ criteria }) => criteria.filter(({ verdict }) => verdict === 'breached'));
  // The ledger keeps the last run of a watch, and nothing of one that people have stopped.
  const ended = watching
    .all()
    .flatMap(([, monitor]) => monitor.watch.criteria.filter((criterion) => isBroken(monitor, criterion)));
  const failed = ledger.steps.filter(({ state }) => state !== 'passed').map(({ phase }) => phase);
  const stopped = outcome === 'succeeded' ? [] : [ledger.phase];
  const accepted = ledger.decisions.filter(({ accepted: counts }) => counts);
  const items = itemsOf(run).filter(({ state }) => ITEM_STATES.includes(state));
  return {
    criteria: [...new Set([...broken, ...ended].map(({ id }) => id))],
    phases: [...new Set([...failed, ...stopped])],
    decisions: [...new Set(accepted.map(({ kind }) => kind))],
    items: Object.fromEntries(items.map(({ id, state }) => [id, state])),
  };
}

function isBroken({ series }: SimulatedWatch, criterion: Criterion): boolean {
  const samples = series.get(criterion.metric) ?? [];
  return samples.reduce((state, sample) => observe(criterion, state, sample), emptyState()).firedAt !== undefined;
}
