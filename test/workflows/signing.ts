/** The sign-offs of a deployment and nothing else, under the name by which the CLI finds deployments. */
import { allHandlersFinished, condition, isCancellation } from '@temporalio/workflow';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { mustHold } from '../../src/workflows/common/input.js';
import { approval } from '../../src/workflows/phases/approval.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

/** @param commit what staging has proven */
export async function DeployWorkflow(input: DeployInput, commit: string): Promise<Ledger> {
  mustHold(input, 'deployment', 'plan', 'digest', 'clock');
  const deployment = new Deployment(input);
  deployment.ledger.commit = commit;
  await deployment.forward
    .run(() => approval(deployment))
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  await condition(allHandlersFinished);
  return deployment.counted;
}
