/** A deployment that people stop trusting while it is under way: from the sign-offs to the restart of production. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import type { Command } from '../../src/contract/plan/commands.js';
import { STEPS } from '../../src/domain/steps.js';
import { checks } from '../../src/workflows/common/policies.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { approval } from '../../src/workflows/phases/approval.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

export { MonitorWorkflow, RollbackCodeWorkflow } from '../../src/workflows/index.js';

export async function DeployWorkflow(input: DeployInput): Promise<DeployResult> {
  const deployment = new Deployment(input);
  const { plan, ledger, evidence, guard } = deployment;
  const { production: environment } = plan.environments;
  return carryOut(deployment, async () => {
    const { deployment: id, startedBy, envelope, signedPlan, digest, clock } = input;
    const asked = { deployment: id, plan, digest, clock, workflowTime: Date.now() };
    const admitted = await checks.admit.executeWithOptions({ summary: 'Admit' }, [
      { ...asked, start: { startedBy, envelope, signedPlan } },
    ]);
    Object.assign(deployment, { runner: admitted.runner });
    Object.assign(ledger, { runner: admitted.runner, demands: admitted.demands });
    await approval(deployment);
    deployment.enter('production');
    guard.set(plan.watches[0], {});
    guard.stand();
    Object.assign(ledger.production, { codeDeployed: true, found: { version: plan.release.previous } });
    const steps: [{ id: string }, Command | undefined, Record<string, string>][] = [
      [STEPS.productionDeploy, plan.commands.deploy, { version: plan.release.target }],
      [STEPS.restart, plan.commands.restartService, {}],
    ];
    for (const [step, command, values] of steps) {
      if (!command) continue;
      await deployment.step(step, (key, summary) =>
        deployment.commands.runCommand.executeWithOptions({ summary }, [
          { key, evidence, environment, command, values },
        ]),
      );
    }
    await guard.relieve();
  });
}
