/**
 * Messages that nobody could read, sent by whoever can reach Temporal. To the SDK such a one is a fault of the workflow, whose
 * task it fails again and again: one message would end all supervision. Here it comes to the workflow as what it refuses.
 * What comes back of activities and children is left alone: to go on without it would be to make it up.
 */
import { defaultPayloadConverter, type Payload, type WorkflowInterceptors } from '@temporalio/workflow';

/** What stands in its place: an object that no decision is. */
const UNREADABLE = { surefoot: 'refused: this payload cannot be read' };

/** The SDK's own prefix: it takes no signal of such a name that it has not sent itself. */
const RESERVED = '__temporal_';

interface Job {
  signalWorkflow?: { signalName?: string | null; input?: Payload[] | null } | null;
  doUpdate?: { input?: Payload[] | null } | null;
  queryWorkflow?: { arguments?: Payload[] | null } | null;
}

export const interceptors = (): WorkflowInterceptors => ({
  internals: [
    {
      activate(input, next) {
        for (const job of (input.activation.jobs ?? []) as Job[]) makeReadable(job);
        next(input);
      },
    },
  ],
});

function makeReadable({ signalWorkflow: signal, doUpdate: update, queryWorkflow: query }: Job): void {
  if (signal?.signalName?.startsWith(RESERVED)) signal.signalName = `reserved: ${signal.signalName}`;
  if (signal?.input) signal.input = signal.input.map(readable);
  if (update?.input) update.input = update.input.map(readable);
  if (query?.arguments) query.arguments = query.arguments.map(readable);
}

function readable(payload: Payload): Payload {
  try {
    defaultPayloadConverter.fromPayload(payload);
    return payload;
  } catch {
    return defaultPayloadConverter.toPayload(UNREADABLE);
  }
}
