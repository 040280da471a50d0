/** The deploy of production and what follows it, as a workflow: what comes before has tests of its own. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { STEPS } from '../../src/domain/steps.js';
import { commandsOn } from '../../src/workflows/common/policies.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

export { RollbackCodeWorkflow } from '../../src/workflows/index.js';

export async function deploying(input: DeployInput): Promise<DeployResult> {
  const deployment = new Deployment(input);
  const { plan, ledger, evidence } = deployment;
  deployment.runner = 'unknown-outcome';
  ledger.production.found = { version: plan.release.previous };
  return carryOut(deployment, async () => {
    ledger.production.codeDeployed = true;
    await deployment.step(STEPS.productionDeploy, (key, summary) =>
      commandsOn(deployment.runner).runCommand.executeWithOptions({ summary }, [
        {
          key,
          evidence,
          environment: plan.environments.production,
          command: plan.commands.deploy,
          values: { version: plan.release.target },
        },
      ]),
    );
  });
}
