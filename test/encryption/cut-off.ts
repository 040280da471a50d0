/** Runs a command on a runner that nobody serves, and is cancelled while it waits there. */
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { CommandActivities } from '../../src/contract/activities/commands.js';
import { CutOff, type Owner, runnerCommands } from '../../src/workflows/run/runner.js';

/** @returns whether the command is known to have been cut off, rather than ended by whoever had it in hand */
export async function CutOffWorkflow(runner: string): Promise<{ cutOff: boolean }> {
  const owner: Owner = { runner, away: () => () => {}, meanwhile: (wait) => wait(), again: async () => undefined };
  const scope = new CancellationScope();
  const asked = [{}] as unknown as Parameters<CommandActivities['runCommand']>;
  const ended = scope
    .run(() => runnerCommands(owner).runCommand.executeWithOptions({ summary: 'Deploy' }, asked))
    .then(
      () => ({ cutOff: false }),
      (error: unknown) => {
        if (!(error instanceof CutOff || isCancellation(error))) throw error;
        return { cutOff: error instanceof CutOff };
      },
    );
  await sleep('1s');
  scope.cancel();
  return ended;
}
