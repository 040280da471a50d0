/** Maintenance mode is left. */
import type { StepKey } from '../../contract/activities/step.js';
import type { StepReport } from '../../domain/evidence.js';
import type { Deployment } from './deployment.js';

/** Also used on the way back: users must not stay locked out of a production that is well again. */
export async function turnMaintenanceOff(deployment: Deployment, key: StepKey, summary: string): Promise<StepReport> {
  const { plan, ledger, commands, evidence } = deployment;
  const command = plan.commands.maintenanceOff;
  if (!command) return { summary: 'the plan has no maintenance mode', facts: [], evidence: [] };
  const environment = plan.environments.production;
  const report = await commands.runCommand.executeWithOptions({ summary }, [
    { key, evidence, environment, command, values: {} },
  ]);
  ledger.production.maintenance = false;
  return report;
}
