/** What is attacked with copies: an admission, a question to a person, and the deploy of production. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { STEPS } from '../../src/domain/steps.js';
import { mustHold } from '../../src/workflows/common/input.js';
import { checks } from '../../src/workflows/common/policies.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

export async function DeployWorkflow(input: DeployInput): Promise<DeployResult> {
  mustHold(input, 'deployment', 'plan', 'digest', 'clock');
  const deployment = new Deployment(input);
  const { plan, ledger, evidence } = deployment;
  return carryOut(deployment, async () => {
    const { deployment: id, digest, clock } = input;
    const admitted = await checks.admit.executeWithOptions({ summary: 'Admit' }, [
      { deployment: id, plan, digest, clock, workflowTime: Date.now() },
    ]);
    const { runner } = admitted;
    Object.assign(deployment, { runner });
    Object.assign(ledger, { runner });
    await deployment.ask({
      ...{ kind: 'confirmation', id: 'access', title: 'Is access ready?', text: 'about access' },
      ...{ roles: ['devops'], moves: ['confirm'] },
    });
    await deployment.step(STEPS.productionDeploy, (key, summary) =>
      deployment.commands.runCommand.executeWithOptions({ summary }, [
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
