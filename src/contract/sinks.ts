/**
 * Where workflows publish how they stand. On workers nobody listens, unless they trace; a report is made by whoever replays
 * a history.
 */
import type { Sinks, WorkflowInfo } from '@temporalio/workflow';

export interface StateSinks extends Sinks {
  /** The whole of it: the ledger of a deployment, the steps of a rollback, the progress of a watch. */
  state: { publish(state: unknown): void };
}

/** For who listens as things happen; what is only replayed is not told again. */
export const heardBy = (fn: (workflow: WorkflowInfo, state: unknown) => void) => ({
  state: { publish: { fn, callDuringReplay: false } },
});

/** Before the code of a bundle: nobody listens, and what workflows would publish is not even put together. */
export const UNHEARD = 'globalThis.surefootUnheard=true;';

/** For workers: a sink that is not there would be told as a mistake each time. */
export const SILENT_SINKS = heardBy(() => {});
