/** A runner as a child knows it: its deployment has people told that nobody serves it, and says where it was moved to. */
import { getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Authority } from '../../contract/envelope.js';
import { type Absence, readTexts, runnerAway, runnerBack, runnerMoved } from '../../contract/messages.js';
import { runnerOf } from '../../contract/names.js';
import { isRunnerIdentity } from '../../domain/runner.js';
import { isFailure } from './failures.js';
import { type Owner, runnerCommands } from './runner.js';

export class ChildRunner implements Owner {
  /** Its queue, as the child was given it, until it hears of a move. */
  runner: string;
  /** What people had said when the child began: it asks nobody, and what they say then begins another. */
  readonly authority?: Authority;
  readonly commands = runnerCommands(this);
  private told = Promise.resolve();

  constructor({ runner, authority }: Pick<Owner, 'runner' | 'authority'>) {
    this.runner = runner;
    this.authority = authority;
    setHandler(runnerMoved, (sent) => {
      const { runner: moved = '' } = readTexts(sent, ['runner']) ?? {};
      // Whoever may signal a workflow may send anything.
      if (isRunnerIdentity(runnerOf(moved))) this.runner = moved;
    });
  }

  away(absence: Absence | undefined): void {
    const { parent } = workflowInfo();
    if (!parent) return;
    const deployment = getExternalWorkflowHandle(parent.workflowId, parent.runId);
    this.told = this.told.then(async () => {
      try {
        await (absence ? deployment.signal(runnerAway, absence) : deployment.signal(runnerBack));
      } catch (error) {
        // A rollback outlives a deployment that was ended from outside: nobody hears it then.
        if (!isFailure(error)) throw error;
      }
    });
  }

  /** Nothing but its deployment's word ends it, which is a cancellation. */
  readonly calledOff = false;
  again(): void {}
}
