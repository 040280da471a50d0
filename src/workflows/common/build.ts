/** Which build carries out this very task. */
import { workflowInfo } from '@temporalio/workflow';
import { WORKER_DEPLOYMENT } from '../../contract/names.js';

/** Undefined under workers without builds, as in rehearsals: the SDK then names a build of its own. */
export function buildNow(): string | undefined {
  const version = workflowInfo().currentDeploymentVersion;
  return version?.deploymentName === WORKER_DEPLOYMENT ? version.buildId : undefined;
}
