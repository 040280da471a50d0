/** A rehearsal that has ended: what came of it, and when, in its own time. */
import { type ItemStatus, itemStatuses } from '../domain/items.js';
import type { Ledger, Outcome, RollbackRecord } from '../domain/ledger/ledger.js';
import { type Criterion, readSample, type Sample } from '../domain/watch/criteria.js';
import type { Scenario } from './scenario/scenario.js';
import type { JournalEntry } from './world/journal.js';
import type { People } from './world/people.js';
import type { SimulatedWatch, SimulatedWatching } from './world/watching.js';
import type { World } from './world/world.js';

export interface FinishedRun {
  scenario: Scenario;
  ledger: Ledger;
  outcome: Outcome | 'waiting';
  /** The question that nobody answers. */
  waiting?: string;
  world: World;
  people: People;
  watching: SimulatedWatching;
  wallSeconds: number;
  /** Its page in the Web UI. */
  link: string;
}

/** How the last rollback came about. Times in milliseconds. */
export interface Detection {
  option: string;
  succeeded: boolean;
  attempts: number;
  criterion?: string;
  step?: string;
  /** Since the start of the deployment. */
  startedAt: number;
  /** When the metric crossed the criterion's threshold, and the first sample that saw it. */
  crossedAt?: number;
  seenAt?: number;
  /** From the crossing to the start of the rollback. */
  after?: number;
}

export const itemsOf = ({ scenario, ledger }: FinishedRun): ItemStatus[] =>
  itemStatuses(scenario.plan.resolved.items, ledger.steps);

/** Everything that happened, in order; the same each time that the same scenario is run. */
export function journalEntriesOf(run: FinishedRun): JournalEntry[] {
  const { world, ledger, outcome, waiting } = run;
  const { journal } = world;
  const more: JournalEntry[] = [];
  let at = 0;
  for (const [place, { id, phase, state, reason, summary }] of ledger.steps.entries()) {
    at = journal.lastOf(id) ?? at;
    more.push({ at, what: 'step', text: line(`${phase}: ${id}: ${state}`, reason ?? summary), place });
  }
  for (const { workflowId, id, criteria } of ledger.monitors) {
    const monitor = run.watching.monitor(workflowId);
    for (const { id: criterion, rule, firedAt } of criteria) {
      if (firedAt === undefined || !monitor) continue;
      more.push({ at: ownTime(monitor, firedAt), what: 'met', text: `${id}/${criterion}: broken: ${rule}` });
    }
  }
  for (const record of rollbacksOf(ledger)) more.push(...rollbackLines(run, record));
  const reason = waiting === undefined ? ledger.reason : `nobody answers ${waiting}`;
  more.push({ at: world.clock.latest, what: 'ended', text: line(outcome, reason) });
  const placeOf = (question: string) =>
    Math.max(
      ledger.steps.findIndex(({ id }) => id === question),
      0,
    );
  return journal.all(more, placeOf);
}

const line = (text: string, more: string | undefined): string => (more ? `${text}: ${more}` : text);

/** All rollbacks, in their order. */
export const rollbacksOf = ({ earlierRollbacks, rollback }: Ledger): RollbackRecord[] =>
  rollback ? [...earlierRollbacks.filter((record) => record !== rollback), rollback] : [...earlierRollbacks];

function rollbackLines({ world }: FinishedRun, record: RollbackRecord): JournalEntry[] {
  const { option, steps, succeeded, reasons, trigger } = record;
  const generation = steps[0]?.generation ?? 1;
  const began =
    world.rollbacks.find((one) => one.option === option && one.generation === generation)?.at ?? world.clock.latest;
  const lines: JournalEntry[] = [
    { at: began, what: 'rollback', text: `${option} begins: ${reasons.join('; ')} (${trigger.text})`, place: 0 },
  ];
  let at = began;
  for (const [index, { id, state, reason }] of steps.entries()) {
    at = Math.max(at, world.journal.lastOf(id) ?? at);
    lines.push({ at, what: 'rollback', text: line(`${id}: ${state}`, reason), place: index + 1 });
  }
  lines.push({
    at,
    what: 'rollback',
    text: `${option} ${succeeded ? 'is done' : 'has failed'}`,
    place: steps.length + 1,
  });
  return lines;
}

export function detectionOf(run: FinishedRun): Detection | undefined {
  const { ledger, world } = run;
  const record = ledger.rollback;
  if (!record) return undefined;
  const { option, trigger, succeeded = false } = record;
  const attempts = rollbacksOf(ledger).length;
  const startedAt = world.rollbacks[0]?.at ?? world.clock.latest;
  const detection: Detection = { option, succeeded, attempts, startedAt };
  if (trigger.kind === 'step') return { ...detection, step: trigger.step };
  if (trigger.kind !== 'criterion') return detection;
  const { criterion } = trigger;
  const crossing = crossingOf(run, criterion);
  return { ...detection, criterion, ...crossing, ...(crossing ? { after: startedAt - crossing.crossedAt } : {}) };
}

/** When the metric crossed the threshold for the stretch that met the rule: known to the second, by the curve itself. */
function crossingOf(
  { ledger, watching }: FinishedRun,
  criterionId: string,
): { crossedAt: number; seenAt: number } | undefined {
  for (const { workflowId, criteria } of ledger.monitors) {
    const firedAt = criteria.find(({ id }) => id === criterionId)?.firedAt;
    const monitor = watching.monitor(workflowId);
    const criterion = monitor?.watch.criteria.find(({ id }) => id === criterionId);
    if (firedAt === undefined || !monitor || !criterion) continue;
    const samples = (monitor.series.get(criterion.metric) ?? []).filter(({ at }) => at <= firedAt);
    const seen = firstOfStreak(criterion, samples);
    if (!seen) return undefined;
    const before = samples.findLast(({ at }) => at < seen.at);
    const earliest = before ? before.at - monitor.startedAt : 0;
    let crossed = seen.at - monitor.startedAt;
    while (crossed - 1_000 >= earliest && isBreached(watching, monitor, criterion, crossed - 1_000)) crossed -= 1_000;
    return { crossedAt: monitor.since + crossed, seenAt: ownTime(monitor, seen.at) };
  }
  return undefined;
}

function firstOfStreak(criterion: Criterion, samples: Sample[]): Sample | undefined {
  let first: Sample | undefined;
  for (const sample of samples.toReversed()) {
    const reading = readSample(criterion, sample);
    if (reading === 'healthy') break;
    if (reading === 'breached') first = sample;
  }
  return first;
}

function isBreached(watching: SimulatedWatching, monitor: SimulatedWatch, criterion: Criterion, due: number): boolean {
  const reading = watching.read(monitor, criterion.metric, due);
  if ('noData' in reading) return criterion.noData === 'breached';
  if ('error' in reading) return criterion.providerError === 'breached';
  // Nobody knows while the worker's own network is away.
  if ('silence' in reading) return false;
  if ('notANumber' in reading) return criterion.notANumber === 'breached';
  return readSample(criterion, { at: due, kind: 'ok', value: reading.value }) === 'breached';
}

const ownTime = ({ startedAt, since }: SimulatedWatch, workflow: number): number => since + workflow - startedAt;
