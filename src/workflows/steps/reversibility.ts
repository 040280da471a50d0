/** Before anybody is asked to trust a rollback, it is tried on staging (checklist "Rollback Plan", options 1 to 3). */
import { startChild } from '@temporalio/workflow';
import { childAttributes } from '../../contract/deployment.js';
import { reversibilityWorkflowId } from '../../contract/names.js';
import type { FirstUpgrade } from '../../contract/reversibility.js';
import { NOT_PROVEN } from '../../domain/rollback/reversibility.js';
import { STEPS } from '../../domain/steps.js';
import { ReversibilityWorkflow } from '../rollback/reversibility.js';
import { catchUp } from '../run/catch-up.js';
import type { Deployment } from '../run/deployment.js';
import { cancelledAlone } from '../run/failures.js';

/** What came of it stands in the ledger, for the choice of a rollback and for those who sign off. */
export async function reversibility(deployment: Deployment, upgrade: FirstUpgrade | undefined): Promise<void> {
  const { ledger, plan, evidence, input } = deployment;
  ledger.eligibility = NOT_PROVEN;
  await deployment.step(STEPS.reversibility, async ({ generation }, summary) => {
    const proof = deployment.accompany((queues) =>
      startChild(ReversibilityWorkflow, {
        workflowId: reversibilityWorkflowId(input.deployment, generation),
        staticSummary: summary,
        typedSearchAttributes: childAttributes({ deployment: input.deployment, service: plan.service }),
        args: [
          {
            deployment: input.deployment,
            plan,
            ...queues,
            authority: deployment.authority,
            evidence,
            generation,
            upgrade,
            commit: ledger.commit,
            found: ledger.production.found,
          },
        ],
      }),
    );
    const { eligibility, endedAt, ...report } = await proof.catch(cancelledAlone);
    await catchUp(endedAt, 'staging');
    ledger.eligibility = eligibility;
    return report;
  });
}
