/** A deployment that waits, watches, and can be brought to fail: what the watchdog looks at from outside. */
import { condition, defineSignal, executeChild, setHandler, workflowInfo } from '@temporalio/workflow';
import type { WatchInput, WatchResult } from '../../src/contract/messages.js';

export { MonitorWorkflow } from '../../src/workflows/index.js';

export const go = defineSignal('go');

/** @param input `watch`: what is watched meanwhile; `fails`: from the first signal on its task fails */
export async function DeployWorkflow(input: { watch?: Omit<WatchInput, 'parent'>; fails?: boolean }): Promise<string> {
  let signals = 0;
  setHandler(go, () => {
    signals += 1;
  });
  const watched: Promise<WatchResult | undefined> = input.watch
    ? executeChild('MonitorWorkflow', {
        workflowId: `${input.watch.deployment}/${input.watch.watch.id}`,
        args: [{ ...input.watch, parent: workflowInfo().workflowId }],
      })
    : Promise.resolve(undefined);
  await condition(() => signals > 0);
  // A mistake in a workflow's code fails its task, again and again.
  if (input.fails) throw new Error('cannot read properties of undefined');
  await watched;
  await condition(() => signals > 1);
  return 'over';
}
