/** A deployment that only watches: what comes before and after has tests of its own. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { watch } from '../../src/workflows/phases/watch.js';
import { Deployment } from '../../src/workflows/run/deployment.js';
import type { BeforeWatch } from '../../src/workflows/steps/before-watch.js';

export { MonitorWorkflow } from '../../src/workflows/index.js';

/** @param input with what was counted before */
export async function DeployWorkflow(input: DeployInput & BeforeWatch): Promise<DeployResult> {
  const deployment = new Deployment(input);
  return carryOut(deployment, () => watch(deployment, input));
}
