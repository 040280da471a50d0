/** A deployment's history as what happened in it: decoded, in order, with the workflow's own times. */
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { searchAttributes } from '../../contract/names.js';
import { innermost } from '../errors.js';

type Event = temporal.api.history.v1.IHistoryEvent;
type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

/** `at`: when the workflow did it or heard of it, epoch milliseconds. */
export type Happening = { at: number } & (
  | { kind: 'phase'; phase: string }
  | { kind: 'began'; activity: string; input: unknown }
  | { kind: 'reported'; activity: string; input?: unknown; result: unknown }
  | { kind: 'failed'; activity: string; input?: unknown; error: Error | undefined }
  | { kind: 'signalled'; name: string; sent: unknown }
  | { kind: 'updated'; sent: unknown; accepted: boolean; reason: string }
  | { kind: 'child-began'; type: string; workflowId: string; input: unknown }
  | { kind: 'child-ended'; workflowId: string; result?: unknown; reason?: string }
);

export interface History {
  /** What the workflow was started with, and what it ended with. */
  input: unknown;
  result?: unknown;
  /** Why it ended without a result. */
  failure?: string;
  happenings: Happening[];
  events: number;
}

/** Reads a whole history. What cannot be decoded (a payload that was not encrypted, say) is `undefined`, not fatal. */
export async function readHistory(events: readonly Event[], converter: LoadedDataConverter): Promise<History> {
  const reader = new Reader(events, converter);
  const [started] = events;
  const history: History = {
    input: await reader.first(started?.workflowExecutionStartedEventAttributes?.input),
    happenings: [],
    events: events.length,
  };
  for (const event of events) {
    Object.assign(history, await reader.end(event));
    const happening = await reader.happening(event);
    if (happening) history.happenings.push(happening);
  }
  return history;
}

class Reader {
  private readonly byId: Map<number, Event>;

  constructor(
    private readonly events: readonly Event[],
    private readonly converter: LoadedDataConverter,
  ) {
    this.byId = new Map(events.map((event) => [Number(event.eventId), event]));
  }

  /** The first of some payloads. */
  async first(payloads: Payloads): Promise<unknown> {
    try {
      return (await decodeArrayFromPayloads(this.converter, payloads?.payloads as Payload[] | undefined))[0];
    } catch {
      return undefined;
    }
  }

  async end(event: Event): Promise<Partial<Pick<History, 'result' | 'failure'>> | undefined> {
    const completed = event.workflowExecutionCompletedEventAttributes;
    if (completed) return { result: await this.first(completed.result) };
    const failed = event.workflowExecutionFailedEventAttributes;
    if (failed) return { failure: `failed: ${innermost(await this.error(failed.failure))}` };
    const terminated = event.workflowExecutionTerminatedEventAttributes;
    if (terminated) return { failure: terminated.reason ? `terminated: ${terminated.reason}` : 'terminated' };
    if (event.workflowExecutionCanceledEventAttributes) return { failure: 'cancelled' };
    if (event.workflowExecutionTimedOutEventAttributes) return { failure: 'timed out' };
    return undefined;
  }

  async happening(event: Event): Promise<Happening | undefined> {
    return (
      this.phase(event) ??
      (await this.activity(event)) ??
      (await this.local(event)) ??
      (await this.said(event)) ??
      (await this.child(event))
    );
  }

  private phase(event: Event): Happening | undefined {
    const upsert = event.upsertWorkflowSearchAttributesEventAttributes;
    const phase = plain(upsert?.searchAttributes?.indexedFields?.[searchAttributes.phase.name]);
    if (typeof phase !== 'string') return undefined;
    return { at: this.commandTime(upsert?.workflowTaskCompletedEventId), kind: 'phase', phase };
  }

  private async activity(event: Event): Promise<Happening | undefined> {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const at = this.commandTime(scheduled.workflowTaskCompletedEventId);
      return { at, kind: 'began', activity: nameOf(scheduled.activityType), input: await this.first(scheduled.input) };
    }
    const completed = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    const ended = completed ?? failed ?? event.activityTaskCanceledEventAttributes;
    if (!ended) return undefined;
    const began = this.byId.get(Number(ended.scheduledEventId))?.activityTaskScheduledEventAttributes;
    const about = { activity: nameOf(began?.activityType), input: await this.first(began?.input) };
    const at = this.heardAt(event);
    if (completed) return { at, kind: 'reported', ...about, result: await this.first(completed.result) };
    return { at, kind: 'failed', ...about, error: failed ? await this.error(failed.failure) : undefined };
  }

  /** Local activities leave a marker only: what they were called with is not in it. */
  private async local(event: Event): Promise<Happening | undefined> {
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName !== 'core_local_activity') return undefined;
    // The SDK writes this part by itself, without any codec.
    const data = plain(marker.details?.data?.payloads?.[0]) as { activity_type?: string } | undefined;
    const about = { at: this.commandTime(marker.workflowTaskCompletedEventId), activity: data?.activity_type ?? '' };
    if (marker.failure) return { ...about, kind: 'failed', error: await this.error(marker.failure) };
    return { ...about, kind: 'reported', result: await this.first(marker.details?.result) };
  }

  private async said(event: Event): Promise<Happening | undefined> {
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal) {
      const sent = await this.first(signal.input);
      return { at: this.heardAt(event), kind: 'signalled', name: signal.signalName ?? '', sent };
    }
    const completed = event.workflowExecutionUpdateCompletedEventAttributes;
    const accepted = this.byId.get(Number(completed?.acceptedEventId))?.workflowExecutionUpdateAcceptedEventAttributes;
    if (!completed || !accepted) return undefined;
    const sent = await this.first(accepted.acceptedRequest?.input?.args);
    const { success, failure } = completed.outcome ?? {};
    const reason = failure ? innermost(await this.error(failure)) : String((await this.first(success)) ?? '');
    return { at: this.lastTask(event), kind: 'updated', sent, accepted: !failure, reason };
  }

  private async child(event: Event): Promise<Happening | undefined> {
    const initiated = event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (initiated) {
      const at = this.commandTime(initiated.workflowTaskCompletedEventId);
      const { workflowId } = initiated;
      const input = await this.first(initiated.input);
      return { at, kind: 'child-began', type: nameOf(initiated.workflowType), workflowId: workflowId ?? '', input };
    }
    const completed = event.childWorkflowExecutionCompletedEventAttributes;
    const failed = event.childWorkflowExecutionFailedEventAttributes;
    const other =
      event.childWorkflowExecutionTerminatedEventAttributes ??
      event.childWorkflowExecutionCanceledEventAttributes ??
      event.childWorkflowExecutionTimedOutEventAttributes;
    const workflowId = (completed ?? failed ?? other)?.workflowExecution?.workflowId;
    if (!workflowId) return undefined;
    const about = { at: this.heardAt(event), kind: 'child-ended' as const, workflowId };
    if (completed) return { ...about, result: await this.first(completed.result) };
    return { ...about, reason: failed ? innermost(await this.error(failed.failure)) : 'was ended from outside' };
  }

  private async error(failure: temporal.api.failure.v1.IFailure | null | undefined): Promise<Error | undefined> {
    try {
      return await decodeOptionalFailureToOptionalError(this.converter, failure);
    } catch {
      return new Error('its failure cannot be decoded');
    }
  }

  /** The workflow's time when it gave a command: that of the task in which it did. */
  private commandTime(completedEventId: Parameters<typeof Number>[0]): number {
    const completed = this.byId.get(Number(completedEventId));
    const started = this.byId.get(Number(completed?.workflowTaskCompletedEventAttributes?.startedEventId));
    return timeOf(started ?? completed);
  }

  /** The workflow's time when it heard of an event: that of the next task. */
  private heardAt(event: Event): number {
    return timeOf(this.events.slice(this.position(event)).find(isTaskStart) ?? event);
  }

  private lastTask(event: Event): number {
    return timeOf(this.events.slice(0, this.position(event)).findLast(isTaskStart) ?? event);
  }

  private position({ eventId }: Event): number {
    return Number(eventId) - Number(this.events[0]?.eventId);
  }
}

const isTaskStart = (event: Event): boolean => Boolean(event.workflowTaskStartedEventAttributes);
const timeOf = (event: Event | undefined): number => optionalTsToMs(event?.eventTime) ?? 0;
const nameOf = (type: { name?: string | null } | null | undefined): string => type?.name ?? '';

/** JSON that no codec has touched. */
function plain(payload: temporal.api.common.v1.IPayload | null | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(payload?.data ?? []).toString('utf8'));
  } catch {
    return undefined;
  }
}
