/** A moment that is told and shown, and what follows it, if anything does. */
import { proxyActivities } from '@temporalio/workflow';
import type { DeployInput } from '../../../src/contract/deployment.js';
import { STEPS } from '../../../src/domain/steps.js';
import { Deployment } from '../../../src/workflows/run/deployment.js';

const { next } = proxyActivities<{ next(): Promise<void> }>({ startToCloseTimeout: '10s' });

export async function givingWay(input: DeployInput, follows: boolean): Promise<void> {
  const deployment = new Deployment(input);
  deployment.giveWay();
  deployment.enter('approval');
  deployment.tell({ kind: 'signed-off' });
  deployment.tell({ kind: 'breach', criterion: 'errors', reason: 'too many' });
  if (follows) {
    await deployment.step(STEPS.notices, async () => {
      await next();
      return { summary: 'begun', facts: [], evidence: [] };
    });
  }
  await deployment.notifier.flushed();
}
