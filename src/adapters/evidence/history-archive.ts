/** Histories as files: read from Temporal page by page and written as they come, so that their length costs no memory. */
import { Readable } from 'node:stream';
import type { WorkflowService } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import type { EvidencePlace } from '../../contract/activities/step.js';
import type { ArchivedHistory } from '../../contract/archive.js';
import { storeEvidence } from './evidence-store.js';

export interface Run {
  workflowId: string;
  runId: string;
}

/** Where histories are read. */
export interface HistorySource {
  workflowService: WorkflowService;
  namespace: string;
  /** Aborted when nobody waits for them any more. */
  signal: AbortSignal;
}

type Event = temporal.api.history.v1.IHistoryEvent;

const { HistoryEvent } = proto.temporal.api.history.v1;
const { Payload } = proto.temporal.api.common.v1;
/** Without loss, and as people read it; bytes are in Base64. */
const AS_JSON = { longs: String, enums: String, bytes: String };

/** Events asked for at once; the server sends fewer when they are large. */
const PAGE = 500;

const CLOSES = ['Completed', 'Failed', 'TimedOut', 'Terminated', 'Canceled', 'ContinuedAsNew'].map(
  (end) => `workflowExecution${end}EventAttributes`,
);

/**
 * Writes one run's history, an event a line, payloads as they are.
 * @returns it, and the runs that it names: those before and after it, and its children
 */
export async function archiveHistory(
  source: HistorySource,
  { run, place, path }: { run: Run; place: EvidencePlace; path: string },
): Promise<{ history: ArchivedHistory; named: Run[] }> {
  const seen = { type: '', events: 0, closed: false, named: [] as Run[] };
  const lines = async function* () {
    for await (const event of eventsOf(source, run)) {
      note(event, run, seen);
      yield `${JSON.stringify(HistoryEvent.toObject(HistoryEvent.fromObject(event), AS_JSON))}\n`;
    }
  };
  const title = `History of ${run.workflowId}`;
  const reference = await storeEvidence(place, { title, path, content: Readable.from(lines()) });
  const { named, ...about } = seen;
  return { history: { ...reference, ...run, ...about }, named };
}

async function* eventsOf({ workflowService, namespace, signal }: HistorySource, execution: Run): AsyncGenerator<Event> {
  let nextPageToken: Uint8Array | undefined;
  do {
    signal.throwIfAborted();
    const page = await workflowService.getWorkflowExecutionHistory({
      namespace,
      execution,
      maximumPageSize: PAGE,
      nextPageToken,
    });
    yield* page.history?.events ?? [];
    nextPageToken = page.nextPageToken ?? undefined;
  } while (nextPageToken !== undefined && nextPageToken.length > 0);
}

function note(
  event: Event,
  { workflowId }: Run,
  seen: { type: string; events: number; closed: boolean; named: Run[] },
) {
  seen.events += 1;
  seen.closed = CLOSES.some((attributes) => Boolean(event[attributes as keyof Event]));
  const started = event.workflowExecutionStartedEventAttributes;
  const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
  const runs = [
    started?.firstExecutionRunId,
    started?.originalExecutionRunId,
    started?.continuedExecutionRunId,
    event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId,
  ];
  if (started?.workflowType?.name) seen.type = started.workflowType.name;
  for (const runId of runs) if (runId) seen.named.push({ workflowId, runId });
  if (child?.workflowId && child.runId) seen.named.push({ workflowId: child.workflowId, runId: child.runId });
}

/** A value as a history would have it: encrypted where payloads are. */
export const payloadAsJson = (payload: temporal.api.common.v1.IPayload): string =>
  `${JSON.stringify(Payload.toObject(Payload.fromObject(payload), AS_JSON))}\n`;
