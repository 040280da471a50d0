/** What a deployment is started with and what it ends with. */
import type { Ledger, Outcome } from '../domain/ledger/ledger.js';
import type { About } from '../domain/notifications/notifications.js';
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
  /** The signed word of who started it, for runners with a policy. */
  envelope?: string;
  signedPlan?: SignedPlan;
  clock: Clock;
  /** Nothing of it runs before, epoch milliseconds; at once when absent. */
  beginsAt?: number;
  /** The unfinished run that it starts over, and why that is right. */
  after?: StartedOver;
}

/** Who stands for a plan, whoever starts it: for runners whose policy asks for that. */
export interface SignedPlan {
  who: string;
  role: string;
  envelope: string;
}

/** Somebody has looked at what a run that was ended from outside has left. */
export interface StartedOver {
  /** Its deployment or run ID. */
  run: string;
  why: string;
}

/** What its children (watches, rollbacks, the proof of the way back) can be found by. */
export const childAttributes = ({ deployment, service }: { deployment: string; service: string }) => [
  { key: searchAttributes.service, value: service },
  { key: searchAttributes.deployment, value: deployment },
];

/** What a deployment can be found by from its start on. */
export function startAttributes({ deployment, plan }: Pick<DeployInput, 'deployment' | 'plan'>) {
  const { target, previous, revision } = releaseValues(plan);
  return [
    ...childAttributes({ deployment, service: plan.service }),
    { key: searchAttributes.target, value: target },
    { key: searchAttributes.previous, value: previous },
    ...(revision === undefined ? [] : [{ key: searchAttributes.revision, value: revision }]),
  ];
}

/** As much of a deployment's start as it takes to tell its people. */
export interface Announced extends Pick<DeployInput, 'deployment' | 'startedBy'> {
  plan: Pick<ResolvedPlan, 'service' | 'title' | 'release' | 'notifications'>;
}

/** What messages say of a deployment, whoever sends them. @param run its own workflow's */
export function aboutOf(
  { deployment, plan, startedBy }: Announced,
  { workflowId, runId, namespace }: { workflowId: string; runId: string; namespace: string },
): About {
  const { webUi } = plan.notifications;
  const link = webUi
    ? `${webUi}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}`
    : `workflow ${workflowId}`;
  const { target, previous } = plan.release;
  return { title: plan.title, service: plan.service, deployment, target, previous, startedBy, link };
}

export type DeployResult = Ledger & { outcome: Outcome; reason: string; endedAt: number };

/** The ledger of a deployment that has just begun. @param startedAt epoch milliseconds */
export const newLedger = (
  { deployment, plan, digest, startedBy, envelope, beginsAt, after }: DeployInput,
  startedAt: number,
): Ledger => ({
  deployment,
  service: plan.service,
  title: plan.title,
  digest,
  startedBy,
  startedAt,
  ...(beginsAt === undefined ? {} : { beginsAt }),
  ...(envelope === undefined ? {} : { envelope }),
  ...(after ? { after } : {}),
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
