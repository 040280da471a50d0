/**
 * What goes out to people: urgent things at once, the others in their order. Nothing in here delays or fails a deployment,
 * nor the way back of one.
 */
import { isCancellation, sleep } from '@temporalio/workflow';
import type { Question } from '../../domain/ledger/ledger.js';
import type { Message } from '../../domain/notifications/notifications.js';
import { authorised } from '../common/authorised.js';
import { endOfThisMoment } from '../common/moment.js';
import { LONGEST_THOUGHT, people } from '../common/policies.js';
import type { Context } from '../run/context.js';
import { describe } from '../run/failures.js';

/** What one activity tells: messages, and questions to the stand-in people of virtual time. */
export interface Batch {
  summary: string;
  messages: Message[];
  questions: Question[];
}

export class Outbox {
  /** The deployment's thread in each Slack channel. */
  threads: Record<string, string> = {};
  /** What a message can be edited by, by its ID. */
  readonly places: Record<string, string> = {};
  private readonly queue: (Batch & { done: () => void })[] = [];
  private draining: Promise<void> | undefined;
  private readonly urgent = new Set<Promise<void>>();
  /** Urgent, and gives way to what follows. */
  private readonly held: Batch[] = [];
  private holding: Promise<void> | undefined;

  constructor(private readonly deployment: Pick<Context, 'ledger' | 'publish' | 'vouched' | 'givenWay'>) {}

  /** After what was told before. @returns when it is told, or could not be */
  enqueue(batch: Batch): Promise<void> {
    return new Promise((resolve) => {
      this.queue.push({ ...batch, done: resolve });
      this.draining ??= this.drain();
    });
  }

  /** At once; where something else begins first, right after it, with all that is told until then. */
  async sendNow(batch: Batch): Promise<void> {
    this.held.push(batch);
    this.holding ??= this.release();
    await this.holding;
  }

  /** Everything has been told, or given up: an ending should not be lost with its workflow. */
  async flushed(): Promise<void> {
    do {
      await Promise.all([this.draining, this.holding, ...this.urgent]);
      await endOfThisMoment();
    } while (this.draining || this.holding || this.urgent.size > 0);
  }

  private async release(): Promise<void> {
    await this.deployment.givenWay;
    this.holding = undefined;
    const sending = this.send(merged(this.held.splice(0)));
    this.urgent.add(sending);
    await sending;
    this.urgent.delete(sending);
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      await endOfThisMoment();
      await this.deployment.givenWay;
      // What is told later never overtakes: an alert is triggered before it is resolved.
      await Promise.all([this.holding, ...this.urgent]);
      const batches = this.queue.splice(0);
      await this.send(merged(batches));
      for (const { done } of batches) done();
    }
    this.draining = undefined;
  }

  private async send({ summary, messages, questions }: Batch): Promise<void> {
    const patience = questions.length > 0 ? LONGEST_THOUGHT : {};
    const { ledger, vouched } = this.deployment;
    try {
      const {
        threads,
        untold,
        later,
        places = {},
      } = await authorised(people, vouched).tell.executeWithOptions(
        { summary: `Tell: ${summary}`.slice(0, 200), ...patience },
        [{ messages, threads: this.threads, questions }],
      );
      this.threads = { ...threads, ...this.threads };
      Object.assign(this.places, places);
      ledger.untold.push(...untold);
      if (later !== undefined) void this.askAgain(later);
    } catch (error) {
      if (!isCancellation(error)) ledger.untold.push(`${summary} (${describe(error)})`);
    }
    this.deployment.publish();
  }

  /** In virtual time nobody answers by themselves: stand-in people who wanted time to think are called when it is up. */
  private async askAgain(later: number): Promise<void> {
    await sleep(later, { summary: 'Stand-in people answer' });
    await this.sendNow({ summary: 'stand-in people answer', messages: [], questions: [] });
  }
}

const merged = (batches: Batch[]): Batch => ({
  summary: batches.map(({ summary }) => summary).join('; '),
  messages: batches.flatMap(({ messages }) => messages),
  questions: batches.flatMap(({ questions }) => questions),
});
