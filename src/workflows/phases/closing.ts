/** The last look: production is what was promised, read from production itself. */
import { STEPS } from '../../domain/steps.js';
import { briefChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { reportedRevision } from '../run/reported-revision.js';
import { ownChecks } from '../steps/own-checks.js';

export async function closing(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  const { indexes } = plan;
  deployment.enter('closing');
  await deployment.step(STEPS.productionState, async (key, summary) =>
    briefChecks.verifyState.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        environment: plan.environments.production,
        healthPath: plan.healthPath,
        expected: {
          version: plan.release.target,
          revision: plan.migration?.revision,
          ...(await reportedRevision(plan, deployment.commands)),
          ...(indexes ? { indexes: { present: true, expectations: indexes } } : {}),
        },
      },
    ]),
  );
  await ownChecks(deployment, 'closing');
}
