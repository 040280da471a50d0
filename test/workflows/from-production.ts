/** A deployment from production on, as the type that the CLI looks for: what comes before has tests of its own. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { TASK_QUEUE } from '../../src/contract/names.js';
import type { Eligibility } from '../../src/domain/ledger/ledger.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { production } from '../../src/workflows/phases/production.js';
import { watch } from '../../src/workflows/phases/watch.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

export {
  MonitorWorkflow,
  RollbackCodeWorkflow,
  RollbackFullWorkflow,
  RollbackMigrationWorkflow,
  RollbackRestoreWorkflow,
} from '../../src/workflows/index.js';

/** @param input with what staging has proven, and of which commit */
export async function DeployWorkflow(
  input: DeployInput & { eligibility: Eligibility; commit: string },
): Promise<DeployResult> {
  const deployment = new Deployment(input);
  deployment.runner = TASK_QUEUE;
  deployment.ledger.eligibility = input.eligibility;
  deployment.ledger.commit = input.commit;
  return carryOut(deployment, async () => {
    await watch(deployment, await production(deployment));
  });
}
