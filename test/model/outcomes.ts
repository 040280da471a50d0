/** How activities and children end, in the words of the protocol between server and workflow. */
import { defaultPayloadConverter, type Payload, toPayloads } from '@temporalio/common';
import type { coresdk, temporal } from '@temporalio/proto';

type Failure = temporal.api.failure.v1.IFailure;
type AnyPayload = temporal.api.common.v1.IPayload;

/** What comes of an activity after its retries. */
export type ActivityOutcome =
  | { result: unknown }
  | { failure: { message: string; type?: string; details?: unknown[] } }
  /** Nobody has it in hand any more: what an attempt before has told, if there was one. */
  | { untaken: unknown[] };

export const CANCELLED: Failure = { message: 'cancelled', canceledFailureInfo: {} };
export const TERMINATED: Failure = { message: 'terminated', terminatedFailureInfo: {} };
export const NOT_FOUND: Failure = { message: 'no such workflow', applicationFailureInfo: { type: 'NotFound' } };

/** Temporal's number. */
const SCHEDULE_TO_START = 2;

export const encode = (values: unknown[]): Payload[] => toPayloads(defaultPayloadConverter, ...values) ?? [];

export const decode = <T>(payload: AnyPayload | null | undefined): T =>
  (payload ? defaultPayloadConverter.fromPayload(payload as Payload) : undefined) as T;

export function resultOf(activity: string, outcome: ActivityOutcome): coresdk.activity_result.IActivityResolution {
  if ('result' in outcome) return { completed: { result: defaultPayloadConverter.toPayload(outcome.result) } };
  if ('untaken' in outcome) {
    const lastHeartbeatDetails = outcome.untaken.length > 0 ? { payloads: encode(outcome.untaken) } : undefined;
    const timeoutFailureInfo = { timeoutType: SCHEDULE_TO_START, lastHeartbeatDetails };
    return {
      failed: { failure: ofActivity({ message: 'activity ScheduleToStart timeout', timeoutFailureInfo }, activity) },
    };
  }
  const { message, type, details = [] } = outcome.failure;
  const applicationFailureInfo = { type, nonRetryable: true, details: { payloads: encode(details) } };
  return { failed: { failure: ofActivity({ message, applicationFailureInfo }, activity) } };
}

export const ofActivity = (cause: Failure, name = 'unknown'): Failure => ({
  message: 'Activity task failed',
  cause,
  activityFailureInfo: { activityType: { name }, activityId: '1' },
});

export const ofChild = (cause: Failure, name: string): Failure => ({
  message: 'Child Workflow execution failed',
  cause,
  childWorkflowExecutionFailureInfo: {
    workflowType: { name },
    workflowExecution: { workflowId: 'unknown', runId: 'unknown' },
  },
});

export function inFull(failure: Failure | null | undefined): string {
  if (!failure) return '';
  const { message, stackTrace, cause } = failure;
  return `${message}\n${stackTrace ?? ''}${cause ? `\ncaused by ${inFull(cause)}` : ''}`;
}
