/** How a workflow stands, for reports made from its history. */
import { CancellationScope, inWorkflowContext, proxySinks } from '@temporalio/workflow';
import type { StateSinks } from '../../contract/sinks.js';
import { endOfThisMoment } from './moment.js';

const { state } = proxySinks<StateSinks>();

/** Whether it is put together decides nothing: a replay publishes what nobody wanted to hear when it happened. */
const isHeard = !('surefootUnheard' in globalThis);

/** @param published how the workflow stands, asked for where somebody listens */
export function publishState(published: () => unknown): void {
  if (isHeard) state.publish(published());
}

/** Publishes what changes often: once for all that happens at one moment, however much that is. */
export class Publisher {
  private isStale = false;
  private isAtWork = false;

  /** @param state how the workflow stands, asked for at the end of the moment */
  constructor(private readonly state: () => unknown) {}

  changed(): void {
    this.isStale = true;
    if (this.isAtWork || !isHeard) return;
    this.isAtWork = true;
    void CancellationScope.nonCancellable(() => this.publishWhenStill());
  }

  /** What an answer lets go on goes on within the moment, too: it is over when nothing more has happened. */
  private async publishWhenStill(): Promise<void> {
    while (this.isStale) {
      this.isStale = false;
      await endOfThisMoment();
    }
    this.isAtWork = false;
    // A task that took too long is taken away together with its workflow.
    if (inWorkflowContext()) publishState(this.state);
  }
}
