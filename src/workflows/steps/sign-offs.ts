/** Checklist phase 2: what staging has proven is sealed, and signed off by each role. */
import { condition } from '@temporalio/workflow';
import type { StepKey } from '../../contract/activities/step.js';
import { betweenOf } from '../../contract/plan/parts.js';
import { approvalStatement } from '../../domain/decisions/approvals.js';
import type { DecisionJudgement } from '../../domain/decisions/decisions.js';
import { proposalOf } from '../../domain/decisions/proposal.js';
import { admitClaim } from '../../domain/decisions/take.js';
import { waivedOf } from '../../domain/decisions/waived.js';
import type { DecisionRecord, Ledger } from '../../domain/ledger/ledger.js';
import { betweenProven } from '../../domain/rollback/between.js';
import { STEPS } from '../../domain/steps.js';
import { buildNow } from '../common/build.js';
import { briefReads, checks } from '../common/policies.js';
import { settleClaim } from '../run/claims.js';
import type { Deployment } from '../run/deployment.js';
import { describe, isFailure } from '../run/failures.js';

/** Seals what staging has proven, and waits until every role has signed it off. */
export async function askForSignOffs(deployment: Deployment): Promise<void> {
  await propose(deployment);
  if (deployment.plan.environments.staging) deployment.tell({ kind: 'staging-proven' });
  if (await gatherSignOffs(deployment)) deployment.tell({ kind: 'signed-off' });
}

/**
 * Sign-offs vouch for one digest: when that is another one by now, they are void and asked for again.
 * @returns whether they were
 */
export async function renewSignOffs(deployment: Deployment): Promise<boolean> {
  const { ledger } = deployment;
  const approved = ledger.proposal?.digest;
  await propose(deployment);
  if (ledger.proposal?.digest === approved || deployment.approvals.roles.length === 0) return false;
  ledger.approvals = [];
  deployment.tell({ kind: 'sign-offs-void' });
  await gatherSignOffs(deployment);
  return true;
}

const gatherSignOffs = (deployment: Deployment) => deployment.step(STEPS.signOffs, () => signOffs(deployment));

/** Seals what is to be signed off. A release that is no longer the one that staging has proven stops here. */
async function propose(deployment: Deployment): Promise<void> {
  const { plan, ledger, evidence } = deployment;
  const seal = async (key: StepKey, summary: string) => {
    const build = buildNow();
    const content = proposalOf(ledger, { notes: notesOf(deployment), build });
    const sealed = await briefReads.sealProposal.executeWithOptions({ summary }, [
      { key, evidence, release: plan.release, content },
    ]);
    const { digest, commit } = sealed;
    ledger.proposal = { digest, commit, ...(build === undefined ? {} : { build }), sealedAt: Date.now() };
    return { ...sealed, summary: [sealed.summary, ...(content.notes ?? [])].join('; ') };
  };
  await deployment.step(STEPS.proposal, seal);
}

/** What whoever signs should know, in words: what people went on without, and what users are on in between. */
function notesOf({ plan, ledger }: Deployment): string[] {
  const between = betweenOf(plan);
  return [
    ...waivedOf(ledger.steps).map((text) => `gone on without ${text}`),
    ...(between ? betweenProven(between, ledger.eligibility) : []),
  ];
}

async function signOffs(deployment: Deployment) {
  const { plan, ledger } = deployment;
  const roles = deployment.approvals.roles.map(({ role }) => role);
  const { digest = '', build } = ledger.proposal ?? {};
  const proven = `everything that staging has proven, digest ${digest.slice(0, 12)}`;
  const by = build === undefined ? [] : [`carried out by build ${build}`];
  const question = deployment.openQuestion({
    kind: 'approvals',
    id: STEPS.signOffs.id,
    title: `Sign off ${plan.release.target} of ${plan.service} for production`,
    text: [proven, ...by, ...notesOf(deployment)].join('; '),
    roles,
    moves: ['approve', 'reject'],
    digest,
  });
  const isComplete = () => roles.every((role) => ledger.approvals.some((approved) => approved.role === role));
  try {
    while (!isComplete()) {
      await condition(() => isComplete() || signedForPlan(ledger).length > 0);
      await verifyClaims(deployment);
    }
  } finally {
    // Complete or cancelled: whoever still waits for a signature to be verified hears that it is too late.
    for (const claim of signedForPlan(ledger))
      settleClaim(deployment, claim, refused('no sign-off is being asked for any more'));
  }
  deployment.giveWay();
  deployment.closeQuestion(question);
  return {
    summary: `${ledger.approvals.length} of ${roles.length} signed off ${digest.slice(0, 12)}`,
    facts: ledger.approvals.map(({ role, who, signed }) => ({
      name: role,
      ok: true,
      text: `${role}: signed off by ${who}${signed ? ', signature verified' : ''}`,
      by: { who, role },
    })),
    evidence: [],
  };
}

/** Approvals that are signed as the plan asks for it: what the runner's policy asks for is verified as it comes. */
const signedForPlan = ({ claims }: Ledger): DecisionRecord[] =>
  claims.filter(({ kind, envelope }) => kind === 'approve' && envelope === undefined);

/** Signed approvals count once their signature has been verified; a bad one is refused like any other. */
async function verifyClaims(deployment: Deployment): Promise<void> {
  const { ledger, approvals } = deployment;
  for (const claim of signedForPlan(ledger)) {
    const { valid, reason } = await verify(deployment, claim);
    settleClaim(deployment, claim, valid ? admitClaim(ledger, approvals, claim) : refused(reason));
  }
}

/** What cannot be verified is not valid: a worker without `ssh-keygen` approves nothing, and stops nothing. */
async function verify(
  { plan, ledger }: Deployment,
  claim: DecisionRecord,
): Promise<{ valid: boolean; reason: string }> {
  const { who, role, signature = '' } = claim;
  const digest = ledger.proposal?.digest ?? '';
  const keys = plan.approvals.roster.find(({ id }) => id === who)?.keys ?? [];
  const statement = approvalStatement({ deployment: ledger.deployment, digest, role, who });
  try {
    return await checks.verifySignature.executeWithOptions({ summary: `Verify the signature of ${who}` }, [
      { statement, signature, who, keys },
    ]);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { valid: false, reason: `the signature could not be verified: ${describe(error)}` };
  }
}

const refused = (reason: string): DecisionJudgement => ({ accepted: false, reason });
