/** Commands that wait for a runner that nobody serves: one question, for as long as any of them waits. */
import { type ChildWorkflowHandle, condition, isCancellation, type Workflow } from '@temporalio/workflow';
import { type Absence, runnerMoved } from '../../contract/messages.js';
import type { OpenQuestion } from '../../domain/ledger/ledger.js';
import type { Context } from './context.js';
import { isFailure } from './failures.js';
import type { Questions } from './questions.js';

export class Absences {
  /** By who waits: the deployment itself, or its child. */
  private readonly waiting = new Map<'deployment' | 'child', Absence>();
  private question?: OpenQuestion;
  private hasChild = false;

  constructor(
    private readonly context: Context,
    private readonly questions: Questions,
  ) {}

  own(absence: Absence | undefined): void {
    this.note('deployment', absence);
  }

  /** What a child has sent. @returns whether there is one that runs commands */
  ofChild(absence: Absence | undefined): boolean {
    if (this.hasChild) this.note('child', absence);
    return this.hasChild;
  }

  /** Runs a child that runs commands by itself to its end. @param start is told where they run now */
  async accompany<T extends Workflow>(start: (runner: string) => Promise<ChildWorkflowHandle<T>>) {
    const { runner } = this.context;
    const child = await start(runner);
    let ended = false;
    this.hasChild = true;
    const passOn = this.passMoves(child, { runner, ended: () => ended });
    try {
      return await child.result();
    } finally {
      ended = true;
      this.hasChild = false;
      this.note('child', undefined);
      await passOn;
    }
  }

  private async passMoves(
    child: Pick<ChildWorkflowHandle<Workflow>, 'signal'>,
    { runner: given, ended }: { runner: string; ended: () => boolean },
  ): Promise<void> {
    try {
      for (let known = given; ; ) {
        await condition(() => ended() || this.context.runner !== known);
        if (ended()) return;
        known = this.context.runner;
        await child.signal(runnerMoved, { runner: known });
      }
    } catch (error) {
      // It has ended, or is being cancelled: nothing of it is run anywhere any more.
      if (!isFailure(error) && !isCancellation(error)) throw error;
    }
  }

  private note(who: 'deployment' | 'child', absence: Absence | undefined): void {
    if (absence) this.waiting.set(who, absence);
    else this.waiting.delete(who);
    const [first] = this.waiting.values();
    if (first) this.question ??= this.ask(first);
    else if (this.question) {
      this.questions.close(this.question);
      this.question = undefined;
    }
  }

  private ask({ runner, what, since, begun }: Absence): OpenQuestion {
    const { allRoles: roles } = this.context;
    const state =
      begun === 'yes'
        ? 'has begun there, and how it goes is not known'
        : 'waits to begin there; nothing of it has been done';
    return this.questions.open({
      kind: 'runner-not-served',
      id: 'runner',
      title: `Nobody serves runner ${runner}`,
      text:
        `it has not been served since ${since}: “${what}” ${state}. Start \`surefoot worker --state DIR\` with the state ` +
        `folder of runner ${runner}, and the deployment goes on by itself; or, when that machine is gone for good, move the ` +
        'deployment to another runner',
      roles,
      moves: ['move'],
    });
  }
}
