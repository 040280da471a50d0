/** What production really runs is what a rollback brings back: looked at first of all, and again right before it changes. */
import type { StepDefinition } from '../../domain/steps.js';
import type { Deployment } from '../run/deployment.js';

/** What was found stands in the ledger, also when people go on although it is not what was expected. */
export async function lookAtProduction(deployment: Deployment, step: StepDefinition): Promise<void> {
  const { plan, ledger, evidence, commands, input } = deployment;
  const { version = plan.release.previous, revision } = ledger.production.found ?? {};
  await deployment.step(step, async (key, summary) => {
    // A look that fails has seen nothing, whatever an earlier one has seen.
    ledger.production.found = undefined;
    const left = input.after && plan.migration?.revision;
    const { found, ...report } = await commands.checkProduction.executeWithOptions({ summary }, [
      {
        key,
        evidence,
        environment: plan.environments.production,
        migration: plan.migration,
        healthPath: plan.healthPath,
        expected: { version, target: plan.release.target, revision, ...(left === undefined ? {} : { left }) },
      },
    ]);
    ledger.production.found = found;
    return report;
  });
}
