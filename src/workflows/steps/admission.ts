/** Whether this deployment may be carried out at all, and by which runner: before it begins, however long it waits for that. */
import { sleep } from '@temporalio/workflow';
import { universalMinute } from '../../domain/ledger/beginning.js';
import { STEPS } from '../../domain/steps.js';
import { checks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';

/** A second time for the same run is no second admission: another worker may be there by then, and more may be known. */
export async function admit(deployment: Deployment): Promise<void> {
  const { plan, input, ledger, evidence } = deployment;
  const { startedBy, envelope, beginsAt, signedPlan } = input;
  const admitted = await checks.admit.executeWithOptions({ summary: STEPS.admission.title }, [
    {
      deployment: input.deployment,
      plan,
      digest: input.digest,
      clock: input.clock,
      workflowTime: Date.now(),
      after: input.after?.run,
      start: {
        startedBy,
        envelope,
        ...(beginsAt === undefined ? {} : { beginsAt }),
        ...(signedPlan ? { signedPlan } : {}),
      },
    },
  ]);
  deployment.runOn(admitted);
  evidence.identity = admitted.evidence;
  ledger.demands = admitted.demands;
}

/**
 * Waits for the appointed time, where there is one. Admitted before: whoever starts it hears at once that it cannot be, and
 * who may call it off is known.
 */
export async function appointedTime(deployment: Deployment): Promise<void> {
  const { input, ledger } = deployment;
  const { beginsAt } = input;
  if (beginsAt === undefined) return;
  await admit(deployment);
  deployment.publish();
  const left = beginsAt - Date.now();
  if (left > 0) await sleep(left, { summary: `Begins at ${universalMinute(beginsAt)}` });
  ledger.startedAt = Math.max(Date.now(), beginsAt);
}
