/** The migration of staging and the proof of its way back, as a workflow. */
import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { migrateStaging } from '../../src/workflows/phases/staging.js';
import { Deployment } from '../../src/workflows/run/deployment.js';
import { reversibility } from '../../src/workflows/steps/reversibility.js';

export { ReversibilityWorkflow } from '../../src/workflows/rollback/reversibility.js';

/** @param commit what the target stands for, as the repository has told it before */
export async function proving(input: DeployInput, commit: string): Promise<Ledger> {
  const deployment = new Deployment(input);
  deployment.ledger.commit = commit;
  deployment.runner = 'reversible';
  await reversibility(deployment, await migrateStaging(deployment));
  await condition(allHandlersFinished);
  return deployment.ledger;
}
