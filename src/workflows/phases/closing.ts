/** The last look: production is what was promised, read from production itself. */
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { checks } from '../policies.js';
import { reportedRevision } from '../reported-revision.js';

export async function closing(deployment: Deployment): Promise<void> {
  const { plan, evidence } = deployment;
  deployment.enter('closing');
  await deployment.step(STEPS.productionState, async (key, summary) =>
    checks.verifyState.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        environment: plan.environments.production,
        healthPath: plan.healthPath,
        expected: {
          version: plan.release.target,
          revision: plan.migration.revision,
          ...(await reportedRevision(plan, deployment.runner)),
          indexes: { present: true, expectations: plan.indexes },
        },
      },
    ]),
  );
}
