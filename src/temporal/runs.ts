/**
 * Runs as Temporal lists and describes them, whatever their memos hold: one that cannot be decoded, as an old one in plain
 * text after encryption was turned on, hides neither itself nor others.
 */
import { type Client, WorkflowClient, type WorkflowExecutionDescription } from '@temporalio/client';
import { type DataConverter, defaultPayloadConverter } from '@temporalio/common';
import { decodeMapFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

const NOTHING = defaultPayloadConverter.toPayload(null);
const UNDECODED: DataConverter = {
  payloadCodecs: [{ encode: async (payloads) => payloads, decode: async (payloads) => payloads.map(() => NOTHING) }],
};

/** To list and describe only: what it says of memos, results and failures is nothing. */
export const withoutMemos = (client: Pick<Client, 'connection' | 'options'>): WorkflowClient =>
  new WorkflowClient({
    connection: client.connection,
    namespace: client.options.namespace,
    dataConverter: UNDECODED,
  });

/**
 * The memo of a run that was described without it; undefined where it cannot be decoded: what it says is not known then.
 * Whoever reads more of such a run, as its ledger, is told why that cannot be.
 */
export async function memoOf(
  { options: { loadedDataConverter: converter, namespace } }: Client,
  { raw, workflowId }: Pick<WorkflowExecutionDescription, 'raw' | 'workflowId'>,
): Promise<Record<string, unknown> | undefined> {
  const context = { type: 'workflow', namespace, workflowId } as const;
  try {
    return (await decodeMapFromPayloads(converter, raw.workflowExecutionInfo?.memo?.fields, context)) ?? {};
  } catch {
    return undefined;
  }
}
