/** A deployment whose release is in production, and which is watched: what comes before has tests of its own. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import type { Eligibility } from '../../src/domain/ledger/ledger.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { watch } from '../../src/workflows/phases/watch.js';
import { Deployment } from '../../src/workflows/run/deployment.js';
import type { BeforeWatch } from '../../src/workflows/steps/before-watch.js';

export {
  RollbackCodeWorkflow,
  RollbackFullWorkflow,
  RollbackMigrationWorkflow,
  RollbackRestoreWorkflow,
} from '../../src/workflows/index.js';
export { MonitorWorkflow } from '../../src/workflows/watch/watch.js';

/** @param input with what staging has proven, and what was counted before */
export async function DeployWorkflow(
  input: DeployInput & BeforeWatch & { eligibility: Eligibility; runner: string },
): Promise<DeployResult> {
  const deployment = new Deployment(input);
  const { plan, runner, eligibility } = input;
  deployment.runner = runner;
  deployment.ledger.eligibility = eligibility;
  const found = { version: plan.release.previous, revision: '8c1f0a2d4b6e' };
  Object.assign(deployment.ledger.production, { codeDeployed: true, migrated: true, found });
  deployment.ledger.production.migratedFrom = found.revision;
  return carryOut(deployment, () => watch(deployment, input));
}
