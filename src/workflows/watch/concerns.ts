/** What a watch puts to people, and how that ends: by their answer, or when the time for one is up. Watching goes on. */
import { condition, getExternalWorkflowHandle, setHandler } from '@temporalio/workflow';
import { concernDismissed, concernRaised, concernSettled, readTexts } from '../../contract/messages.js';
import type { Question } from '../../domain/ledger/ledger.js';
import type { Criterion } from '../../domain/watch/criteria.js';
import { breachText, doubtText } from '../../domain/watch/verdict.js';
import {
  criterionState,
  heardAgain,
  overdue,
  unasked,
  withConcern,
  withoutConcern,
} from '../../domain/watch/watch-state.js';
import { authorised } from '../common/authorised.js';
import { people } from '../common/policies.js';
import type { WatchContext } from './context.js';

export class Concerns {
  private readonly deployment;
  /** How many questions are being asked by this workflow itself. */
  private asking = 0;

  constructor(private readonly context: WatchContext) {
    this.deployment = getExternalWorkflowHandle(context.input.parent);
  }

  listen(): void {
    setHandler(concernDismissed, (sent) => {
      const { criterion = '' } = readTexts(sent, ['criterion']) ?? {};
      const { watch, state } = this.context;
      const concern = state.concerns[criterion];
      const isKnown = watch.criteria.some(({ id }) => id === criterion);
      if (isKnown && concern) this.context.state = withConcern(state, criterion, { ...concern, settled: true });
    });
  }

  get isAsking(): boolean {
    return this.asking > 0;
  }

  /** Asks about each criterion that is broken and about which nobody has been asked. */
  async raise(): Promise<void> {
    const { state, watch } = this.context;
    for (const criterion of unasked(state, watch)) await this.raiseOne(criterion);
  }

  overdue(): Criterion | undefined {
    const { state, watch } = this.context;
    return overdue(state, watch, this.context.now());
  }

  /** Nobody has answered in time: the watch goes on, and the question is taken back. */
  async carryOn({ id: criterion }: Criterion): Promise<void> {
    const { state } = this.context;
    this.context.state = withConcern(state, criterion, { settled: false });
    const text = 'nobody answered in time: carried on, as the plan says';
    await this.deployment.signal(concernSettled, { criterion, text });
  }

  /** Those whom this workflow has asked hear that the question is no more. */
  async withdrawn(): Promise<void> {
    if (this.isAsking) await condition(() => !this.isAsking, '1m', { summary: 'Let the question be withdrawn' });
  }

  /** What nobody could tell from the silence of the worker's own network has been heard of again. */
  async takeBack(): Promise<void> {
    const { state, watch } = this.context;
    for (const { id: criterion } of heardAgain(state, watch)) {
      this.context.state = withoutConcern(this.context.state, criterion);
      await this.deployment.signal(concernSettled, { criterion, text: 'it answers again' });
    }
  }

  private async raiseOne(criterion: Criterion): Promise<void> {
    const { context } = this;
    const { watch, state, input } = context;
    const at = context.now();
    const { id, title: rule } = criterion;
    const known = criterionState(state, criterion);
    const isDoubt = known.firedAt === undefined;
    // What nobody knows is left to people, however long they take.
    const { until, otherwise } = isDoubt
      ? ({ until: undefined, otherwise: 'continue' } as const)
      : { until: at + watch.consider.within, otherwise: watch.consider.otherwise };
    context.state = withConcern(state, id, { until, settled: false, ...(isDoubt && { doubt: true }) });
    const title = `${rule}: roll back or carry on?`;
    const text = isDoubt ? doubtText(criterion, known) : breachText(criterion, known);
    await this.deployment.signal(concernRaised, {
      monitor: watch.id,
      criterion: id,
      title,
      text,
      at,
      until,
      otherwise,
    });
    // The deployment asks people. In virtual time this workflow does too, lest skipped time run past the answer.
    if (input.clock === 'virtual') this.ask(id, title);
  }

  private ask(id: string, title: string): void {
    const { deployment, service, parent: workflowId, roles, authority } = this.context.input;
    const moves: Question['moves'] = ['resume', 'rollback', 'abort'];
    const question: Question = { deployment, workflowId, service, kind: 'concern', id, title, roles, moves };
    this.asking += 1;
    authorised(people, authority)
      .tell.executeWithOptions({ summary: `Ask “${title}”` }, [{ messages: [], threads: {}, questions: [question] }])
      .catch(() => undefined) // a question that nobody was asked still stands on the board
      .finally(() => {
        this.asking -= 1;
      });
  }
}
