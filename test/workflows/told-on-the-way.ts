/** A child that tells its deployment of a runner at the moment in which it is cancelled. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { runnerAway, runnerBack } from '../../src/contract/messages.js';
import { ChildRunner } from '../../src/workflows/run/child-runner.js';

/** @returns what it has heard of its child's runner, and how that has ended */
export async function TellingParent(): Promise<{ heard: string[]; ended: string }> {
  const heard: string[] = [];
  setHandler(runnerAway, () => void heard.push('away'));
  setHandler(runnerBack, () => void heard.push('back'));
  const scope = new CancellationScope();
  const child = await scope.run(() => startChild(TellingChild));
  await condition(() => heard.length > 0);
  scope.cancel();
  const ended = await child.result().then(
    () => 'to its end',
    (error: unknown) => (isCancellation(error) ? 'cancelled' : 'failed'),
  );
  await condition(() => heard.length > 1, '10s');
  return { heard, ended };
}

export async function TellingChild(): Promise<void> {
  const runner = new ChildRunner({ runner: 'surefoot-runner-0' });
  const back = runner.away({ runner: '0', what: 'a command', since: 'now', begun: 'no' });
  try {
    await sleep('1h');
    throw ApplicationFailure.nonRetryable('it was not cancelled');
  } finally {
    back();
    // What was said leaves with this task, whatever becomes of it.
    await CancellationScope.nonCancellable(() => sleep('1s'));
  }
}
