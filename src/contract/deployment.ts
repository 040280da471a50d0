/** What a deployment is started with and what it ends with. */
import type { Ledger, Outcome } from '../domain/ledger/ledger.js';
import type { Clock } from './activities/step.js';
import { searchAttributes } from './names.js';
import type { ResolvedPlan } from './plan/plan.js';
import { releaseValues } from './plan/release-values.js';

export interface DeployInput {
  deployment: string;
  plan: ResolvedPlan;
  /** sha256 of the resolved plan's canonical JSON. */
  digest: string;
  /** Who started it; this person cannot approve it. */
  startedBy: string;
  clock: Clock;
}

/** What a deployment can be found by from its start on. */
export function startAttributes({ deployment, plan }: Pick<DeployInput, 'deployment' | 'plan'>) {
  const { target, previous, revision } = releaseValues(plan);
  return [
    { key: searchAttributes.service, value: plan.service },
    { key: searchAttributes.deployment, value: deployment },
    { key: searchAttributes.target, value: target },
    { key: searchAttributes.previous, value: previous },
    ...(revision === undefined ? [] : [{ key: searchAttributes.revision, value: revision }]),
  ];
}

export type DeployResult = Ledger & { outcome: Outcome; reason: string; endedAt: number };

/** The ledger of a deployment that has just begun. @param startedAt epoch milliseconds */
export const newLedger = ({ deployment, plan, digest, startedBy }: DeployInput, startedAt: number): Ledger => ({
  deployment,
  service: plan.service,
  title: plan.title,
  digest,
  startedBy,
  startedAt,
  phase: 'prerequisites',
  release: { target: plan.release.target, previous: plan.release.previous },
  steps: [],
  decisions: [],
  approvals: [],
  claims: [],
  questions: [],
  monitors: [],
  production: { codeDeployed: false, migrated: false, maintenance: false },
  earlierRollbacks: [],
  untold: [],
});
