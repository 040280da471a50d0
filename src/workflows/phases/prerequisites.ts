/** Checklist "Pré-requisitos": is everything ready? */
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { checks } from '../policies.js';
import { confirmAll } from './confirmations.js';

export async function prerequisites(deployment: Deployment): Promise<void> {
  const { plan, input, ledger } = deployment;
  deployment.enter('prerequisites');
  const { runner } = await checks.admit.executeWithOptions({ summary: STEPS.admission.title }, [
    { plan, digest: input.digest, clock: input.clock, workflowTime: Date.now() },
  ]);
  deployment.runner = runner;

  const repository = await deployment.step(STEPS.repository, (key, summary) =>
    checks.checkRepository.executeWithOptions({ summary }, [{ key, release: plan.release }]),
  );
  ledger.commit = repository?.commit;
  await deployment.step(STEPS.staging, (key, summary) =>
    checks.checkStaging.executeWithOptions({ summary }, [
      {
        key,
        environments: [plan.environments.staging, plan.environments.production],
        minimumRows: plan.prerequisites.minimumRows,
      },
    ]),
  );
  await deployment.step(STEPS.tools, (key, summary) =>
    checks.checkTools.executeWithOptions({ summary }, [
      { key, tools: plan.prerequisites.tools, scripts: plan.prerequisites.scripts, commands: plan.commands },
    ]),
  );
  await confirmAll(deployment, plan.confirmations.prerequisites);
}
