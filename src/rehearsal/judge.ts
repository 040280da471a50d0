/** What was expected of a rehearsal against what came of it. */
import { formatDuration } from '../domain/duration.js';
import { type Detection, detectionOf, type FinishedRun, itemsOf } from './finished.js';
import type { Expectation } from './scenario/schema.js';

export interface ExpectationDifference {
  /** The key of `expect`, as `rollback.option`. */
  what: string;
  expected: string;
  actual: string;
  /** When it went another way, milliseconds since the start; the end when it did not happen at all. */
  at: number;
}

export function judgeExpectations(run: FinishedRun): ExpectationDifference[] {
  const { expect } = run.scenario;
  const detection = detectionOf(run);
  return [
    ...judgeEnd(run, expect),
    ...judgeRollback(run, expect, detection),
    ...judgeTold(run, expect),
    ...judgeQuestions(run, expect),
    ...judgeStates(run, expect),
    ...judgeAbsence(run, expect, detection),
  ];
}

function differences(end: number) {
  const list: ExpectationDifference[] = [];
  const compare = (what: string, expected: string | undefined, actual: string | undefined, at = end) => {
    if (expected !== undefined && expected !== actual) list.push({ what, expected, actual: actual ?? 'nothing', at });
  };
  return { list, compare };
}

function judgeEnd({ ledger, outcome, waiting, world }: FinishedRun, expect: Expectation): ExpectationDifference[] {
  const { list, compare } = differences(world.clock.latest);
  const why = waiting ?? ledger.reason;
  const actual = outcome === expect.outcome || !why ? outcome : `${outcome} (${why})`;
  compare('outcome', expect.outcome, actual);
  compare('phase', expect.phase, ledger.phase);
  compare('waiting', expect.waiting, waiting);
  return list;
}

function judgeRollback(
  { world }: FinishedRun,
  { rollback }: Expectation,
  detection: Detection | undefined,
): ExpectationDifference[] {
  if (!rollback) return [];
  const end = world.clock.latest;
  if (!detection) return [{ what: 'rollback', expected: rollback.option ?? 'one', actual: 'none', at: end }];
  const { list, compare } = differences(detection.startedAt);
  compare('rollback.option', rollback.option, detection.option);
  compare('rollback.criterion', rollback.criterion, detection.criterion);
  compare('rollback.step', rollback.step, detection.step);
  compare('rollback.attempts', rollback.attempts?.toString(), detection.attempts.toString());
  if (rollback.within !== undefined && !(detection.after !== undefined && detection.after <= rollback.within)) {
    const actual =
      detection.after === undefined ? 'no criterion called for it' : `after ${formatDuration(detection.after)}`;
    compare('rollback.within', formatDuration(rollback.within), actual, detection.crossedAt ?? detection.startedAt);
  }
  return list;
}

function judgeTold({ world }: FinishedRun, { told = [] }: Expectation): ExpectationDifference[] {
  const { list, compare } = differences(world.clock.latest);
  const messages = world.journal.all().filter(({ what }) => what === 'told');
  for (const { event, to, times } of told) {
    const said = messages.filter((message) => message.event === event);
    if (said.length === 0) compare(`told.${event}`, to?.join(', ') ?? 'told', 'nobody was told');
    for (const channel of to ?? []) {
      const isTold = said.length === 0 || said.some((message) => message.channel === channel);
      const channels = [...new Set(said.map((message) => message.channel))].join(', ');
      compare(`told.${event}`, channel, isTold ? channel : channels, said[0]?.at);
    }
    if (times !== undefined) {
      // One event may be told in many channels; how often is counted in the one that hears most.
      const counts = new Map<string, number>();
      for (const { channel = '' } of said) counts.set(channel, (counts.get(channel) ?? 0) + 1);
      compare(`told.${event}`, `${times} times`, `${Math.max(0, ...counts.values())} times`, said.at(-1)?.at);
    }
  }
  return list;
}

function judgeQuestions({ people, world }: FinishedRun, { questions = [] }: Expectation): ExpectationDifference[] {
  const { list, compare } = differences(world.clock.latest);
  const asked = new Set(people.questions.flatMap(({ id, kind }) => [id, kind]));
  for (const name of questions) compare('questions', name, asked.has(name as never) ? name : 'was not asked');
  return list;
}

function judgeStates(
  run: FinishedRun,
  { items = {}, steps = {}, criteria = {} }: Expectation,
): ExpectationDifference[] {
  const { ledger, world } = run;
  const { list, compare } = differences(world.clock.latest);
  const statuses = itemsOf(run);
  for (const [id, expected] of Object.entries(items)) {
    const status = statuses.find((item) => item.id === id);
    const actual = status?.state === expected ? expected : `${status?.state} (${status?.text})`;
    compare(`items.${id}`, expected, actual);
  }
  for (const [id, expected] of Object.entries(steps)) {
    const step = [...ledger.steps, ...(ledger.rollback?.steps ?? [])].find((record) => record.id === id);
    const actual =
      step?.state === expected ? expected : step ? `${step.state} (${step.reason ?? step.summary ?? ''})` : 'not begun';
    compare(`steps.${id}`, expected, actual, world.journal.lastOf(id));
  }
  for (const [name, expected] of Object.entries(criteria)) {
    const verdicts = verdictsOf(run, name);
    const actual = verdicts.includes(expected) ? expected : verdicts.join(', ') || 'not judged';
    compare(`criteria.${name}`, expected, actual);
  }
  return list;
}

function verdictsOf({ ledger }: FinishedRun, name: string): string[] {
  const [watch, criterion] = name.includes('/') ? name.split('/') : [undefined, name];
  return ledger.monitors
    .filter(({ id }) => watch === undefined || id === watch)
    .flatMap(({ criteria }) => criteria.filter(({ id }) => id === criterion).map(({ verdict }) => verdict));
}

function judgeAbsence(
  run: FinishedRun,
  { not }: Expectation,
  detection: Detection | undefined,
): ExpectationDifference[] {
  const { ledger, people, world } = run;
  const { list, compare } = differences(world.clock.latest);
  if (!not) return list;
  if (not.rollback && detection)
    compare('not.rollback', 'none', `${detection.option}, ${ledger.rollback?.trigger.text}`, detection.startedAt);
  const entries = world.journal.all();
  for (const event of not.told ?? []) {
    const said = entries.find((entry) => entry.what === 'told' && entry.event === event);
    if (said) compare(`not.told`, `no ${event}`, said.text, said.at);
  }
  for (const name of not.questions ?? []) {
    const asked = people.questions.some(({ id, kind }) => id === name || kind === name);
    const first = entries.find(({ what, question, kind }) => what === 'asked' && (question === name || kind === name));
    if (asked) compare('not.questions', `no ${name}`, first?.text ?? name, first?.at);
  }
  for (const id of not.steps ?? []) {
    if (ledger.steps.some((step) => step.id === id))
      compare('not.steps', `no ${id}`, 'it was begun', world.journal.lastOf(id));
  }
  for (const name of not.criteria ?? []) {
    if (verdictsOf(run, name).includes('breached')) compare('not.criteria', `${name} not breached`, 'breached');
  }
  return list;
}
