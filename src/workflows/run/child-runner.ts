/** A runner as a child knows it: its deployment has people told that nobody serves it, and says where it was moved to. */
import {
  CancellationScope,
  type ExternalWorkflowHandle,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Authority } from '../../contract/envelope.js';
import { type Absence, readTexts, runnerAway, runnerBack, runnerMoved } from '../../contract/messages.js';
import { runnerOf } from '../../contract/names.js';
import {
  type CommandQueues,
  isRunnerIdentity,
  movedBy,
  type OwnRunners,
  type RunnerMove,
} from '../../domain/runner.js';
import { isFailure } from './failures.js';
import { type Owner, runnerCommands } from './runner.js';

export class ChildRunner implements Owner {
  /** Where commands run, as the child was given it, until it hears of a move. */
  private queues: CommandQueues;
  /** What people had said when the child began: it asks nobody, and what they say then begins another. */
  readonly authority?: Authority;
  readonly commands = runnerCommands(this);
  private told = Promise.resolve();

  constructor({ runner, runners, authority }: CommandQueues & Pick<Owner, 'authority'>) {
    this.queues = { runner, runners };
    this.authority = authority;
    setHandler(runnerMoved, (sent) => {
      const { runner = '' } = readTexts(sent, ['runner']) ?? {};
      const { environment } = readTexts(sent, ['environment']) ?? {};
      // Whoever may signal a workflow may send anything.
      if (!isRunnerIdentity(runnerOf(runner))) return;
      const move = { runner, environment: environment as RunnerMove['environment'] };
      this.queues = movedBy(this.queues, move);
    });
  }

  get runner(): string {
    return this.queues.runner;
  }

  get runners(): OwnRunners | undefined {
    return this.queues.runners;
  }

  away(absence: Absence): () => void {
    this.tell((deployment) => deployment.signal(runnerAway, absence));
    return () => this.tell((deployment) => deployment.signal(runnerBack));
  }

  private tell(message: (deployment: ExternalWorkflowHandle) => Promise<void>): void {
    const { parent } = workflowInfo();
    if (!parent) return;
    const deployment = getExternalWorkflowHandle(parent.workflowId, parent.runId);
    // Nobody waits for it: what has been said on the way to a child that is cancelled then is said to its end.
    const say = async () => {
      try {
        await CancellationScope.nonCancellable(() => message(deployment));
      } catch (error) {
        // A rollback outlives a deployment that was ended from outside: nobody hears it then.
        if (!isFailure(error)) throw error;
      }
    };
    this.told = this.told.then(say);
  }

  meanwhile(wait: () => Promise<unknown>): Promise<unknown> {
    return wait();
  }

  async again(): Promise<void> {}
}
