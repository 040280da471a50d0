/** The last look: production is what was promised, read from production itself. */
import { expectedCommit } from '../../contract/plan/proof-of-commit.js';
import { STEPS } from '../../domain/steps.js';
import { briefChecks } from '../common/policies.js';
import type { Deployment } from '../run/deployment.js';
import { reportedRevision } from '../run/reported-revision.js';
import { placed } from '../run/runner.js';
import { ownChecks } from '../steps/own-checks.js';

export async function closing(deployment: Deployment): Promise<void> {
  const { plan, evidence, ledger } = deployment;
  const { indexes } = plan;
  const { production } = plan.environments;
  deployment.enter('closing');
  await deployment.step(STEPS.productionState, async (key, summary) =>
    placed(deployment, briefChecks).verifyState.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        environment: production,
        healthPath: plan.healthPath,
        expected: {
          version: plan.release.target,
          ...expectedCommit(production, ledger.commit),
          revision: plan.migration?.revision,
          ...(await reportedRevision(plan, deployment.commands)),
          ...(indexes ? { indexes: { present: true, expectations: indexes } } : {}),
        },
      },
    ]),
  );
  await ownChecks(deployment, 'closing');
  await deployment.released();
  await deployment.guard.relieve();
}
