/** The deploy of production and its way back, from a runner that it was admitted by: what comes before has tests of its own. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { STEPS } from '../../src/domain/steps.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { Deployment } from '../../src/workflows/run/deployment.js';
import { deployRelease } from '../../src/workflows/steps/deploy-release.js';

export { RollbackCodeWorkflow } from '../../src/workflows/index.js';

/** @param input with the queue of the runner */
export async function DeployWorkflow(input: DeployInput & { runner: string }): Promise<DeployResult> {
  const deployment = new Deployment(input);
  const { plan, ledger } = deployment;
  deployment.runner = input.runner;
  ledger.runner = input.runner;
  ledger.production.found = { version: plan.release.previous };
  deployment.enter('production');
  return carryOut(deployment, async () => {
    ledger.production.codeDeployed = true;
    await deployRelease(deployment, {
      environment: plan.environments.production,
      deploy: STEPS.productionDeploy,
      health: STEPS.productionHealth,
      logs: STEPS.productionLogs,
    });
  });
}
