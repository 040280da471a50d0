/** Commands that wait for a runner that nobody serves: one question, for as long as any of them waits. */
import { type ChildWorkflowHandle, condition, isCancellation, type Workflow } from '@temporalio/workflow';
import { type Absence, runnerMoved } from '../../contract/messages.js';
import type { OpenQuestion } from '../../domain/ledger/ledger.js';
import { type CommandQueues, movesBetween, ownedBy } from '../../domain/runner.js';
import type { Context } from './context.js';
import { isFailure } from './failures.js';
import type { Questions } from './questions.js';

export class Absences {
  /** Of the deployment itself, one for each command that waits. */
  private readonly waiting = new Set<Absence>();
  private childWaits?: Absence;
  /** By the runner that is waited for. */
  private readonly asked = new Map<string, OpenQuestion>();
  private hasChild = false;

  constructor(
    private readonly context: Context,
    private readonly questions: Questions,
  ) {}

  own(absence: Absence): () => void {
    this.waiting.add(absence);
    this.review();
    return () => {
      this.waiting.delete(absence);
      this.review();
    };
  }

  /** What a child has sent. @returns whether there is one that runs commands */
  ofChild(absence: Absence | undefined): boolean {
    if (this.hasChild) this.note(absence);
    return this.hasChild;
  }

  /** Runs a child that runs commands by itself to its end. @param start is told where they run now */
  async accompany<T extends Workflow>(start: (queues: CommandQueues) => Promise<ChildWorkflowHandle<T>>) {
    const { runner, runners } = this.context;
    const given = { runner, runners };
    const child = await start(given);
    let ended = false;
    this.hasChild = true;
    const passOn = this.passMoves(child, { given, ended: () => ended });
    try {
      return await child.result();
    } finally {
      ended = true;
      this.hasChild = false;
      this.note(undefined);
      await passOn;
    }
  }

  private async passMoves(
    child: Pick<ChildWorkflowHandle<Workflow>, 'signal'>,
    { given, ended }: { given: CommandQueues; ended: () => boolean },
  ): Promise<void> {
    try {
      for (let known = given; ; ) {
        await condition(() => ended() || movesBetween(known, this.context).length > 0);
        if (ended()) return;
        const { runner, runners } = this.context;
        const moves = movesBetween(known, { runner, runners });
        known = { runner, runners };
        for (const move of moves) await child.signal(runnerMoved, move);
      }
    } catch (error) {
      // It has ended, or is being cancelled: nothing of it is run anywhere any more.
      if (!isFailure(error) && !isCancellation(error)) throw error;
    }
  }

  private note(absence: Absence | undefined): void {
    this.childWaits = absence;
    this.review();
  }

  /** One question for each runner that is waited for, however many commands wait for it. */
  private review(): void {
    const all = [...this.waiting, ...(this.childWaits ? [this.childWaits] : [])];
    for (const [runner, question] of this.asked) {
      if (all.some((absence) => absence.runner === runner)) continue;
      this.asked.delete(runner);
      this.questions.close(question);
    }
    for (const absence of all) if (!this.asked.has(absence.runner)) this.asked.set(absence.runner, this.ask(absence));
  }

  private ask({ runner, what, since, begun }: Absence): OpenQuestion {
    const { allRoles: roles, runners } = this.context;
    const state =
      begun === 'yes'
        ? 'has begun there, and how it goes is not known'
        : 'waits to begin there; nothing of it has been done';
    return this.questions.open({
      kind: 'runner-not-served',
      // Two of them may be missing at once.
      id: runners ? `runner-${runner}` : 'runner',
      title: `Nobody serves runner ${runner}${whose(ownedBy(this.context, runner))}`,
      text:
        `it has not been served since ${since}: “${what}” ${state}. Start \`surefoot worker --state DIR\` with the state ` +
        `folder of runner ${runner}, and the deployment goes on by itself; or, when that machine is gone for good, move the ` +
        `deployment to another runner${othersInWords(this.context, runner)}`,
      roles,
      moves: ['move'],
    });
  }
}

const whose = (environments: readonly string[]): string =>
  environments.length === 0 ? '' : `, which runs the commands of ${environments.join(' and ')}`;

/** Who may take its place, where not everybody may. */
function othersInWords({ runners }: Context, runner: string): string {
  const own = ownedBy({ runners }, runner).map((environment) => {
    const others = runners?.[environment]?.named.filter((name) => name !== runner) ?? [];
    return `${environment}: ${others.join(', ') || 'none; one that its own policy names for it'}`;
  });
  return own.length === 0 ? '' : ` (of those that the policy names for ${own.join('; for ')})`;
}
