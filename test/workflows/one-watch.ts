/** A deployment that only watches: what comes before and after has tests of its own. */
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { carryOut } from '../../src/workflows/deploy.js';
import { watch } from '../../src/workflows/phases/watch.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

export { MonitorWorkflow } from '../../src/workflows/index.js';

/** @param input with the rows counted before the deploy, by table */
export async function DeployWorkflow(
  input: DeployInput & { baselines: Record<string, number> },
): Promise<DeployResult> {
  const deployment = new Deployment(input);
  return carryOut(deployment, () => watch(deployment, { baselines: input.baselines }));
}
