/** What every simulated activity has in common: its world, its time, its evidence, and what the scenario does to it. */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import { formatDuration } from '../../domain/duration.js';
import type { Fact, StepReport } from '../../domain/evidence.js';
import type { People } from '../world/people.js';
import type { SimulatedWatching } from '../world/watching.js';
import type { World } from '../world/world.js';

/** One rehearsal under way. */
export interface Rehearsed {
  world: World;
  people: People;
  watching: SimulatedWatching;
  /** The queue that its worker listens to. */
  taskQueue: string;
}

/** Finds the rehearsal that a workflow belongs to. */
export type Find = (workflowId: string) => Rehearsed;

export const current = (find: Find): Rehearsed => find(activityInfo().workflowExecution?.workflowId ?? '');

/** The rehearsal's own time of this activity. A monitor's own clock is another, and local activities have none. */
export function worldTime({ world, watching }: Rehearsed): number {
  const { workflowExecution, currentAttemptScheduledTimestampMs, isLocal } = activityInfo();
  if (isLocal || watching.isMonitor(workflowExecution?.workflowId ?? '')) return world.clock.latest;
  return world.clock.observe(currentAttemptScheduledTimestampMs);
}

interface Doing {
  activity: string;
  key: StepKey;
  /** How long the world itself lets it last, milliseconds. */
  takes?: number;
}

/** Performs an activity of a step as the scenario has it. */
export async function perform<R extends StepReport>(
  find: Find,
  { activity, key, takes = 0 }: Doing,
  report: (rehearsed: Rehearsed, at: number) => R,
): Promise<R> {
  const rehearsed = current(find);
  const { world } = rehearsed;
  const at = worldTime(rehearsed);
  world.begin(key, at);
  if (!activityInfo().isLocal) await world.arrive(key.step, at);
  const rule = world.ruleFor(key);
  const lasts = Math.max(rule?.takes ?? 0, takes);
  if (world.spend(key, lasts)) takeTime(world, at, lasts);
  if (rule?.failure !== undefined) {
    const message = rule.output ?? `${activity} fails in this scenario`;
    throw ApplicationFailure.create({ type: rule.failure, message, nonRetryable: true });
  }
  const made = report(rehearsed, at);
  const facts = made.facts.map((fact) => (rule?.fails?.includes(fact.name) ? failed(fact, rule.output) : fact));
  const reference = world.evidence(`Report of ${activity}`, `${key.step}/${activity}-${key.generation}.json`, {
    ...key,
    facts,
  });
  const wrong = facts.filter(({ ok }) => !ok).map(({ text }) => text);
  const summary = wrong.length > 0 ? wrong.join('; ') : made.summary;
  return { ...made, summary, facts, evidence: [...made.evidence, reference] };
}

/** Time passes by a retry that the server waits for: only that is skipped while an activity is under way. */
function takeTime({ clock }: World, at: number, lasts: number): void {
  clock.mark(activityInfo().currentAttemptScheduledTimestampMs + lasts, at + lasts);
  throw ApplicationFailure.create({
    type: 'TakesTime',
    message: `In this scenario it takes ${formatDuration(lasts)}`,
    nextRetryDelay: lasts,
  });
}

const failed = ({ name, text }: Fact, seen: string | undefined): Fact => ({
  name,
  ok: false,
  text: seen ?? `not so in this scenario: ${text}`,
});

/** A report in which these facts hold. */
export function good(
  facts: readonly string[],
  words: (fact: string) => string = (fact) => `${fact}: as it should be`,
): StepReport {
  return {
    summary: 'as it should be',
    facts: facts.map((name) => ({ name, ok: true, text: words(name) })),
    evidence: [],
  };
}

export const simulatedReport = (facts: Fact[]): StepReport => ({
  summary: facts.map(({ text }) => text).join('; '),
  facts,
  evidence: [],
});

/** A command that ended badly. */
export function simulatedFailure(message: string, evidence: StepReport['evidence']): ApplicationFailure {
  return ApplicationFailure.create({
    type: FailureType.CommandFailed,
    message,
    nonRetryable: true,
    details: [{ evidence }],
  });
}
