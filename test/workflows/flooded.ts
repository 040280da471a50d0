/** A deployment that is nearly done and waits for one answer, whatever else is sent to it. */
import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { Ledger, StepRecord } from '../../src/domain/ledger/ledger.js';
import { Deployment } from '../../src/workflows/run/deployment.js';

export { MonitorWorkflow } from '../../src/workflows/watch/watch.js';

export async function flooded(input: DeployInput & { steps: StepRecord[] }): Promise<Ledger> {
  const deployment = new Deployment(input);
  deployment.ledger.steps = input.steps;
  await deployment.ask({
    ...{ kind: 'confirmation', id: 'access', title: 'Is access ready?', text: 'about access' },
    ...{ roles: ['devops'], moves: ['confirm'] },
  });
  await condition(allHandlersFinished);
  return deployment.counted;
}
