/**
 * A deployment that was reset in Temporal goes on in the middle of its history, as another run: what it holds for true is of
 * that point, and what its runs before did after it they have told to nobody. The SDK draws its random numbers anew from
 * there, in every replay at the same place: that is how it is known, at no event's cost. What others had sent after that
 * point the server hands over with it, and all of that is judged first: none of it is an answer to the reset.
 */
import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';
import type { DecisionRecord, Ledger } from '../../domain/ledger/ledger.js';

const seed = (): string => getActivator().randomnessSeed.join();

export class Resets {
  private known = seed();

  /** @param held has people told that the deployment waits for them */
  constructor(
    private readonly ledger: Ledger,
    private readonly held: () => void,
  ) {
    // A cancel of the deployment ends everything else.
    void CancellationScope.nonCancellable(() => this.listen());
  }

  /** Of the last one, where nobody has said since that they have looked. */
  get unanswered(): Ledger['reset'] {
    this.look();
    const { reset } = this.ledger;
    return reset?.answer ? undefined : reset;
  }

  private async listen(): Promise<void> {
    for (;;) {
      await condition(() => seed() !== this.known);
      this.look();
    }
  }

  /** Whatever wakes the deployment first. */
  look(): void {
    if (seed() === this.known) return;
    this.known = seed();
    const { ledger } = this;
    const at = Date.now();
    const run = workflowInfo().firstExecutionRunId;
    const text = `this deployment was reset in Temporal: what run ${run}, or one since, did to staging and production after this point is not known to it`;
    ledger.reset = { at, text };
    // On the way back there is no next step that a hold would keep: it is asked about where something is to follow.
    if (ledger.ending === undefined && ledger.outcome === undefined) ledger.held = heldBy(text, at);
    this.held();
  }
}

const heldBy = (why: string, at: number): DecisionRecord => ({
  ...{ kind: 'hold', who: 'Temporal', role: '', why, at, via: 'signal', accepted: true },
  reason: 'held before the next step',
});
