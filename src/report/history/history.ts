/** What a history says by itself: what its workflow was started with, by which release, and how it ended. */
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { innermost } from '../../temporal/errors.js';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

export interface History {
  input: unknown;
  /** The release of Surefoot that started it; those before 0.1.0 did not say. */
  release?: string;
  /** Epoch milliseconds. */
  startedAt: number;
  result?: unknown;
  /** Why it ended without a result. */
  failure?: string;
  events: readonly HistoryEvent[];
}

/** What cannot be decoded (a payload that was not encrypted, say) is `undefined`, not fatal. */
export async function readHistory(events: readonly HistoryEvent[], converter: LoadedDataConverter): Promise<History> {
  const [event] = events;
  const started = event?.workflowExecutionStartedEventAttributes;
  const release = await first(converter, { payloads: [started?.memo?.fields?.release ?? {}] });
  return {
    input: await first(converter, started?.input),
    ...(typeof release === 'string' ? { release } : {}),
    startedAt: optionalTsToMs(event?.eventTime) ?? 0,
    events,
    ...(await endOf(converter, events.at(-1))),
  };
}

/** The first of some payloads. */
async function first(converter: LoadedDataConverter, payloads: Payloads): Promise<unknown> {
  try {
    return (await decodeArrayFromPayloads(converter, payloads?.payloads as Payload[] | undefined))[0];
  } catch {
    return undefined;
  }
}

async function endOf(
  converter: LoadedDataConverter,
  event: HistoryEvent | undefined,
): Promise<Pick<History, 'result' | 'failure'>> {
  const completed = event?.workflowExecutionCompletedEventAttributes;
  if (completed) return { result: await first(converter, completed.result) };
  const failed = event?.workflowExecutionFailedEventAttributes;
  if (failed) return { failure: `failed: ${await reasonOf(converter, failed.failure)}` };
  const terminated = event?.workflowExecutionTerminatedEventAttributes;
  if (terminated) return { failure: terminated.reason ? `terminated: ${terminated.reason}` : 'terminated' };
  if (event?.workflowExecutionCanceledEventAttributes) return { failure: 'cancelled' };
  if (event?.workflowExecutionTimedOutEventAttributes) return { failure: 'timed out' };
  return {};
}

async function reasonOf(
  converter: LoadedDataConverter,
  failure: temporal.api.failure.v1.IFailure | null | undefined,
): Promise<string> {
  try {
    return innermost(await decodeOptionalFailureToOptionalError(converter, failure));
  } catch {
    return 'its failure cannot be decoded';
  }
}
