/** What is attacked: sign-offs, the deploy of production, its rollback. And what an attacker's own worker runs. */
import { proxyActivities } from '@temporalio/workflow';
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { STEPS } from '../../src/domain/steps.js';
import { checks } from '../../src/workflows/common/policies.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { approval } from '../../src/workflows/phases/approval.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

export { RollbackCodeWorkflow } from '../../src/workflows/index.js';

/** @param commit what staging has proven */
export async function DeployWorkflow(input: DeployInput, commit: string): Promise<DeployResult> {
  const deployment = new Deployment(input);
  const { plan, ledger, evidence, runner } = deployment;
  return carryOut(deployment, async () => {
    ledger.commit = commit;
    const { deployment: id, startedBy, envelope, signedPlan, digest, clock } = input;
    const start = { startedBy, envelope, signedPlan };
    const admitted = await checks.admit.executeWithOptions({ summary: 'Admit' }, [
      { deployment: id, plan, digest, clock, workflowTime: Date.now(), start },
    ]);
    Object.assign(deployment, { runner: admitted.runner });
    Object.assign(ledger, { runner, demands: admitted.demands });
    await approval(deployment);
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

interface Forgery {
  activity: string;
  input: object;
}

/** A workflow of somebody who has a worker at the same server: what it asks of the runner is whatever its author likes. */
export async function ForgingWorkflow(runner: string, forgeries: Forgery[]): Promise<string[]> {
  const calls = proxyActivities<Record<string, (input: object) => Promise<unknown>>>({
    taskQueue: runner,
    // What the runner refuses is not tried again; what a busy machine has lost is.
    startToCloseTimeout: '20s',
    retry: { maximumAttempts: 5 },
  });
  return Promise.all(
    forgeries.map(async ({ activity, input }) => {
      try {
        await calls[activity]?.(input);
        return 'done';
      } catch (error) {
        const { cause } = error as { cause?: Error };
        return cause?.message ?? String(error);
      }
    }),
  );
}
