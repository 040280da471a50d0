/** Backs up an environment's database, by a dump or by the plan's own commands: on the runner, where their records are. */
import type { BackupReport } from '../../contract/activities/backup.js';
import type { StepKey } from '../../contract/activities/step.js';
import type { Environment } from '../../contract/plan/environment.js';
import { needed, toolOf } from '../../contract/plan/parts.js';
import type { Deployment } from '../run/deployment.js';

export function backUp(
  { plan, evidence, commands }: Deployment,
  environment: Environment,
  { key, summary }: { key: StepKey; summary: string },
): Promise<BackupReport> {
  const { service } = plan;
  const backup = needed(plan.backup);
  const asked = { key, evidence, service, environment };
  return backup.by === 'commands'
    ? commands.backUpByCommands.executeWithOptions({ summary }, [{ ...asked, backup }])
    : commands.backUpDatabase.executeWithOptions({ summary }, [{ ...asked, backup, tool: toolOf(plan) }]);
}
