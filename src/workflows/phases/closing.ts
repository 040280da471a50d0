/** The last look: production is what was promised, read from production itself. */
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { checks } from '../policies.js';

export async function closing(deployment: Deployment): Promise<void> {
  const { plan } = deployment;
  deployment.enter('closing');
  await deployment.step(
    STEPS.productionState,
    (key, summary) =>
      checks.verifyState.executeWithOptions({ summary }, [
        {
          key,
          environment: plan.environments.production,
          healthPath: plan.healthPath,
          expected: {
            version: plan.release.target,
            revision: plan.migration.revision,
            indexes: { present: true, expectations: plan.indexes },
          },
        },
      ]),
    { onFailure: 'ask' },
  );
}
