/** Checklist phase 2: five sign-offs, and preparing production. */
import { condition } from '@temporalio/workflow';
import { STEPS } from '../../domain/steps.js';
import type { Deployment } from '../deployment.js';
import { confirmAll } from './confirmations.js';

export async function approval(deployment: Deployment): Promise<void> {
  const { plan } = deployment;
  deployment.enter('approval');
  deployment.tell(`${plan.title}: staging is proven, sign-offs are asked for`);
  await deployment.step(STEPS.signOffs, () => signOffs(deployment));
  deployment.tell(`${plan.title}: signed off; production is being prepared`);
  await confirmAll(deployment, plan.confirmations.preparation);
}

async function signOffs(deployment: Deployment) {
  const { plan, ledger } = deployment;
  const roles = plan.approvals.roles.map(({ role }) => role);
  const question = deployment.openQuestion({
    kind: 'approvals',
    id: STEPS.signOffs.id,
    title: `Sign off ${plan.release.target} of ${plan.service} for production`,
    text: `plan digest ${ledger.digest.slice(0, 12)}…`,
    roles,
    moves: ['approve', 'reject'],
  });
  await condition(() => roles.every((role) => ledger.approvals.some((approved) => approved.role === role)));
  deployment.closeQuestion(question);
  return {
    summary: `${ledger.approvals.length} of ${roles.length} signed off`,
    facts: ledger.approvals.map(({ role, who }) => ({ name: role, ok: true, text: `${role}: signed off by ${who}` })),
    evidence: [],
  };
}
