/** Questions to people: on the board, announced, and answered by decisions. */
import { condition, workflowInfo } from '@temporalio/workflow';
import type { DecisionRecord, OpenQuestion } from '../../domain/ledger/ledger.js';
import type { Notifier } from '../telling/notifier.js';
import type { Context } from './context.js';

export type Ask = Pick<OpenQuestion, 'kind' | 'id' | 'title' | 'text' | 'roles' | 'moves' | 'digest'>;

export class Questions {
  constructor(
    private readonly context: Context,
    private readonly notifier: Notifier,
  ) {}

  /** Asks people and waits for the answer, however long it takes. */
  async ask(question: Ask): Promise<DecisionRecord> {
    const open = this.open(question);
    await condition(() => open.answer !== undefined);
    this.close(open);
    return open.answer as DecisionRecord;
  }

  /** Puts a question on the board and announces it. */
  open(question: Ask): OpenQuestion {
    const { input, plan, ledger } = this.context;
    const { text, ...rest } = question;
    const base = {
      ...rest,
      deployment: input.deployment,
      workflowId: workflowInfo().workflowId,
      service: plan.service,
    };
    const open: OpenQuestion = { ...base, openedAt: Date.now(), text };
    ledger.questions.push(open);
    this.context.publish();
    this.notifier.ask(open, base);
    return open;
  }

  close(open: OpenQuestion): void {
    const { ledger } = this.context;
    ledger.questions = ledger.questions.filter((question) => question !== open);
    this.context.publish();
  }
}
