/** What is wrong with a deployment, as seen from outside of it. Pure. */
import { formatDuration } from '../duration.js';
import type { SeenActivity, SeenDeployment, SeenQueue, SeenWatch, SeenWorkflow } from './seen.js';

/**
 * not-served: no worker does what it waits for. task-fails: its workflow cannot go on. activity-fails: a step is tried
 * again and again. no-tick: a watch stands still. no-samples: a watch sees nothing. not-seen: the watchdog cannot look.
 */
export type SymptomKind = 'not-served' | 'task-fails' | 'activity-fails' | 'no-tick' | 'no-samples' | 'not-seen';

/** Something that is wrong, or that nobody knows to be well. */
export interface Symptom {
  kind: SymptomKind;
  /** The same at each look for as long as it lasts. */
  key: string;
  /** As the server says, epoch milliseconds; else it counts from when it was first seen. */
  since?: number;
  /** Only the end of it was looked at. */
  isLaterThanItBegan?: true;
  /** How long it lasts before people are told, milliseconds. */
  patience: number;
  text: string;
  advice?: string;
}

/** How patient the watchdog is. Milliseconds; counts of tries. */
export interface WatchdogRules {
  /** How long a worker, or the server's answer, may be away: a worker that is started anew is no news. */
  absence: number;
  /** A watch that has had nothing for so many of its ticks is silent, or blind. */
  ticks: number;
  /** And never before this, however short its ticks are. */
  silence: number;
  /** The try of a workflow task by which it has failed twice. */
  taskAttempt: number;
  /** More tries of an activity than any policy with an end has. */
  activityAttempt: number;
  /** People are told once more after this, for as long as it lasts. */
  again: number;
}

export const WATCHDOG_RULES: WatchdogRules = {
  absence: 2 * 60_000,
  ticks: 3,
  silence: 60_000,
  taskAttempt: 3,
  activityAttempt: 20,
  again: 15 * 60_000,
};

/** What a look is judged by: how patient it is, and when it was, epoch milliseconds. */
export interface Judging {
  rules: WatchdogRules;
  now: number;
}

/** Whatever could not be looked at is a symptom, too. */
export function symptomsOf({ queues, workflows, unseen }: SeenDeployment, judging: Judging): Symptom[] {
  const { rules } = judging;
  return [
    ...queues.flatMap((queue) => queueSymptoms(queue, rules)),
    ...workflows.flatMap((workflow) => workflowSymptoms(workflow, judging)),
    ...unseen.map(
      ({ what, why }): Symptom => ({
        kind: 'not-seen',
        key: `not-seen ${what}`,
        patience: rules.absence,
        text: `the watchdog cannot see ${what}: ${why}`,
      }),
    ),
  ];
}

function queueSymptoms({ queue, state, text, advice, lastAskedAt }: SeenQueue, { absence }: WatchdogRules): Symptom[] {
  if (state === 'served') return [];
  const kind = state === 'nobody' ? 'not-served' : 'not-seen';
  return [{ kind, key: `${kind} ${queue}`, since: lastAskedAt, patience: absence, text, advice }];
}

function workflowSymptoms(workflow: SeenWorkflow, judging: Judging): Symptom[] {
  const { rules } = judging;
  const task = taskSymptom(workflow, rules);
  return [
    ...(task ? [task] : []),
    ...workflow.activities.flatMap((activity) => activitySymptom(workflow, activity, rules) ?? []),
    // A watch whose task nobody takes, or whose task fails, is silent for that reason.
    ...(workflow.watch ? watchSymptoms(workflow, workflow.watch, { ...judging, isHeldUp: task !== undefined }) : []),
  ];
}

function taskSymptom({ workflowId, title, task }: SeenWorkflow, rules: WatchdogRules): Symptom | undefined {
  if (!task) return undefined;
  const { since, attempt, isTaken, failure } = task;
  if (attempt >= rules.taskAttempt) {
    const text = `${title} cannot go on: its task has failed ${attempt - 1} times${because(failure)}`;
    return { kind: 'task-fails', key: `task-fails ${workflowId}`, since, patience: 0, text, advice: CANNOT_GO_ON };
  }
  if (isTaken) return undefined;
  const text = `${title} has a task that no worker takes`;
  const key = `not-served ${workflowId}`;
  return { kind: 'not-served', key, since, patience: rules.absence, text, advice: NOT_TAKEN };
}

function activitySymptom(
  { workflowId, title }: SeenWorkflow,
  { type, attempt, waitingSince, failure }: SeenActivity,
  rules: WatchdogRules,
): Symptom | undefined {
  if (attempt >= rules.activityAttempt) {
    const text = `${title} tries ${type} for the ${attempt}th time${because(failure)}`;
    return { kind: 'activity-fails', key: `activity-fails ${workflowId} ${type}`, patience: 0, text };
  }
  if (waitingSince === undefined) return undefined;
  const text = `${title} waits for ${type}, which no worker takes`;
  const key = `not-served ${workflowId} ${type}`;
  return { kind: 'not-served', key, since: waitingSince, patience: rules.absence, text, advice: NOT_TAKEN };
}

function watchSymptoms(
  { workflowId, title }: SeenWorkflow,
  { tick, lastEventAt, isSampling, blind }: SeenWatch,
  { rules, now, isHeldUp }: Judging & { isHeldUp: boolean },
): Symptom[] {
  const patience = Math.max(rules.ticks * tick, rules.silence);
  const key = `no-tick ${workflowId}`;
  const text = `${title} has not sampled, which it should each ${formatDuration(tick)}`;
  const isSilent = isSampling && !isHeldUp && now - lastEventAt >= patience;
  return [
    // Between two ticks nothing is wrong.
    ...(isSilent ? [{ kind: 'no-tick' as const, key, since: lastEventAt, patience, text }] : []),
    ...blind.map(
      ({ metric, since, why }): Symptom => ({
        kind: 'no-samples',
        key: `no-samples ${workflowId} ${metric}`,
        since,
        isLaterThanItBegan: true,
        patience,
        text: `${title} sees nothing of ${metric}: ${why}`,
      }),
    ),
  ];
}

const because = (failure: string | undefined): string => (failure === undefined ? '' : ` (${failure})`);

const CANNOT_GO_ON = 'Its history in the Web UI says more; a worker with the build that began it, or a reset, helps.';
const NOT_TAKEN = 'See whether its workers are there, of the build that began it, and have room for more.';
