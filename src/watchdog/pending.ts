/** What a workflow waits for: the task that carries it on, and its activities. */
import type { temporal } from '@temporalio/proto';
import type { SeenActivity, SeenWorkflow, WorkflowRun } from '../domain/watchdog/seen.js';
import type { WatchdogRules } from '../domain/watchdog/symptoms.js';
import { type Description, type ServerView, whyNot } from './server-view.js';
import { timeOf } from './watch-history.js';

/** Temporal's numbers. */
const TASK_IS_TAKEN = 2;
const ACTIVITY_WAITS = 1;

export async function taskOf(
  view: ServerView,
  run: WorkflowRun,
  { description, rules }: { description: Description; rules: WatchdogRules },
): Promise<SeenWorkflow['task']> {
  const task = description.pendingWorkflowTask;
  if (!task) return undefined;
  const attempt = task.attempt ?? 1;
  const since = timeOf(task.originalScheduledTime ?? task.scheduledTime) ?? view.now();
  const isTaken = task.state === TASK_IS_TAKEN;
  const failure = attempt < rules.taskAttempt ? undefined : await taskFailure(view, run);
  return { since, attempt, isTaken, ...(failure === undefined ? {} : { failure }) };
}

/** Why a task failed: the history has the first of its failures. */
async function taskFailure(view: ServerView, run: WorkflowRun): Promise<string> {
  try {
    for (const event of await view.lastEvents(run, 10)) {
      if (event.workflowTaskTimedOutEventAttributes) return 'no worker has ended it in time';
      const failed = event.workflowTaskFailedEventAttributes;
      if (failed) return (await view.wordsOf(failed.failure)) ?? 'without a reason';
    }
    return 'its history does not say why';
  } catch (error) {
    return `why is not known: ${whyNot(error)}`;
  }
}

export async function activityOf(
  view: ServerView,
  pending: temporal.api.workflow.v1.IPendingActivityInfo,
): Promise<SeenActivity> {
  const { activityType, attempt, state, scheduledTime, nextAttemptScheduleTime, lastFailure } = pending;
  const since = timeOf(nextAttemptScheduleTime) ?? timeOf(scheduledTime);
  // Between two tries nobody has to take it.
  const waits = state === ACTIVITY_WAITS && since !== undefined && since <= view.now();
  const failure = await view.wordsOf(lastFailure);
  return {
    type: activityType?.name ?? 'an activity',
    attempt: attempt ?? 1,
    ...(waits ? { waitingSince: since } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}
