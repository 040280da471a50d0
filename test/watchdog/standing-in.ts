/** A deployment that waits, watches, and can be brought to fail: what the watchdog looks at from outside. */
import { condition, defineSignal, executeChild, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { ForgeActivities } from '../../src/contract/activities/forge.js';
import type { WatchInput, WatchResult } from '../../src/contract/messages.js';

export { MonitorWorkflow } from '../../src/workflows/index.js';

export const go = defineSignal('go');

const { tellForge } = proxyActivities<ForgeActivities>({ startToCloseTimeout: '30s' });

/** @param input `watch`: what is watched meanwhile; `fails`: from the first signal on its task fails; `tells`: its forge */
export async function DeployWorkflow(input: {
  watch?: Omit<WatchInput, 'parent'>;
  fails?: boolean;
  tells?: Parameters<ForgeActivities['tellForge']>[0];
}): Promise<string> {
  let signals = 0;
  setHandler(go, () => {
    signals += 1;
  });
  if (input.tells) await tellForge(input.tells);
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
