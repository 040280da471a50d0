/** Workflows that do nothing but tell and ask, by the deployment's own means. */
import { allHandlersFinished, condition, sleep } from '@temporalio/workflow';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

/** Begins, asks two things at once, and ends when both are answered and nothing is held. */
export async function asking(input: DeployInput): Promise<Ledger> {
  const deployment = new Deployment(input);
  deployment.tell({ kind: 'started' });
  const ask = (id: string, roles: string[]) =>
    deployment.ask({
      kind: 'confirmation',
      id,
      title: `Is ${id} ready?`,
      text: `about ${id}`,
      roles,
      moves: ['confirm'],
    });
  await Promise.all([ask('access', ['devops']), ask('manual', ['qa'])]);
  await condition(() => deployment.ledger.held === undefined);
  return end(deployment);
}

/** Asks for two sign-offs, and ends when they are given. */
export async function signing(input: DeployInput): Promise<Ledger> {
  const deployment = new Deployment(input);
  const roles = ['devops', 'qa'];
  const question = deployment.openQuestion({
    kind: 'approvals',
    id: 'sign-offs',
    title: 'Sign off?',
    text: 'all is proven',
    roles,
    moves: ['approve', 'reject'],
  });
  await sleep(1, { summary: 'Let it be asked' });
  const { approvals } = deployment.ledger;
  approvals.push(...roles.map((role) => ({ role, who: `${role}-person`, at: Date.now(), digest: 'd'.repeat(64) })));
  deployment.closeQuestion(question);
  return end(deployment);
}

/** Waits for concerns of a monitor to come and go. */
export async function concerned(input: DeployInput): Promise<Ledger> {
  const deployment = new Deployment(input);
  // Only a monitor that is at work is believed.
  const watch = { id: 'watch-1h', workflowId: 'watch-1h', title: 'One hour', startedAt: Date.now() };
  deployment.ledger.monitors.push({ ...watch, ticks: 0, samples: 0, criteria: [] });
  await condition(() => deployment.ledger.questions.length > 0);
  await condition(() => deployment.ledger.questions.length === 0);
  return end(deployment);
}

/** A slow channel is being told of the start when production breaks, and is rolled back. */
export async function breaking(input: DeployInput & { outcome: 'rolled-back' | 'rollback-failed' }): Promise<Ledger> {
  const deployment = new Deployment(input);
  deployment.tell({ kind: 'started' });
  await sleep(1, { summary: 'Let it be told' });
  deployment.tell({ kind: 'breach', criterion: 'errors', reason: 'errors at 12 %' });
  deployment.tell({ kind: 'ended', outcome: input.outcome, reason: 'errors at 12 %', elapsed: 60_000 });
  await deployment.notifier.flushed();
  return deployment.ledger;
}

async function end(deployment: Deployment): Promise<Ledger> {
  deployment.tell({ kind: 'ended', outcome: 'succeeded', reason: 'all phases passed', elapsed: 60_000 });
  await deployment.notifier.flushed();
  await condition(allHandlersFinished);
  return deployment.ledger;
}
