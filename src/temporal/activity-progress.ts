/** How far the work of a workflow is: what its activities say of it in their heartbeats, which no workflow hears. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Connected } from './connection.js';

/** In words; undefined where none says anything, or nothing that can be read here. */
export async function activityProgress(
  { client }: Connected,
  { raw }: WorkflowExecutionDescription,
): Promise<string | undefined> {
  const converter = client.options.loadedDataConverter;
  const told = await Promise.all(
    (raw.pendingActivities ?? []).map(async ({ heartbeatDetails }) => {
      const payloads = heartbeatDetails?.payloads as Payload[] | undefined;
      const [details] = await decodeArrayFromPayloads(converter, payloads).catch(() => []);
      return wordsIn(details);
    }),
  );
  return told.filter(Boolean).join('; ') || undefined;
}

/** As `withHeartbeat` of the activities writes it: the words alone, or beside the commands that have begun. */
function wordsIn(details: unknown): string | undefined {
  if (typeof details === 'string') return details;
  const { progress } = (details ?? {}) as { progress?: unknown };
  return typeof progress === 'string' ? progress : undefined;
}
