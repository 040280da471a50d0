/** What a history says by itself: what its workflow was started with, by which release, and how it ended. */
import type { LoadedDataConverter, Payload, SerializationContext } from '@temporalio/common';
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

/** How payloads of a history are decoded. */
interface Reading {
  converter: LoadedDataConverter;
  /** Whose history it is; an archive proves that by its own sums. */
  context?: SerializationContext;
}

/** What cannot be decoded (a payload that was not encrypted, or for another workflow, say) is `undefined`, not fatal. */
export async function readHistory(
  events: readonly HistoryEvent[],
  converter: LoadedDataConverter,
  context?: SerializationContext,
): Promise<History> {
  const reading = { converter, context };
  const [event] = events;
  const started = event?.workflowExecutionStartedEventAttributes;
  const release = await first(reading, { payloads: [started?.memo?.fields?.release ?? {}] });
  return {
    input: await first(reading, started?.input),
    ...(typeof release === 'string' ? { release } : {}),
    startedAt: optionalTsToMs(event?.eventTime) ?? 0,
    events,
    ...(await endOf(reading, events.at(-1))),
  };
}

/** The first of some payloads. */
async function first({ converter, context }: Reading, payloads: Payloads): Promise<unknown> {
  try {
    return (await decodeArrayFromPayloads(converter, payloads?.payloads as Payload[] | undefined, context))[0];
  } catch {
    return undefined;
  }
}

async function endOf(reading: Reading, event: HistoryEvent | undefined): Promise<Pick<History, 'result' | 'failure'>> {
  const completed = event?.workflowExecutionCompletedEventAttributes;
  if (completed) return { result: await first(reading, completed.result) };
  const failed = event?.workflowExecutionFailedEventAttributes;
  if (failed) return { failure: `failed: ${await reasonOf(reading, failed.failure)}` };
  const terminated = event?.workflowExecutionTerminatedEventAttributes;
  if (terminated) return { failure: terminated.reason ? `terminated: ${terminated.reason}` : 'terminated' };
  if (event?.workflowExecutionCanceledEventAttributes) return { failure: 'cancelled' };
  if (event?.workflowExecutionTimedOutEventAttributes) return { failure: 'timed out' };
  return {};
}

async function reasonOf(
  { converter, context }: Reading,
  failure: temporal.api.failure.v1.IFailure | null | undefined,
): Promise<string> {
  try {
    return innermost(await decodeOptionalFailureToOptionalError(converter, failure, context));
  } catch {
    return 'its failure cannot be decoded';
  }
}
