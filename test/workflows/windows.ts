/** What waits for a window, by the deployment's own means. */
import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { StepRecord } from '../../src/domain/ledger/ledger.js';
import { Deployment } from '../../src/workflows/run/deployment.js';
import { loadTestProduction } from '../../src/workflows/steps/production-load-test.js';
import { awaitDeployWindow } from '../../src/workflows/steps/window.js';

export const deploying = (input: DeployInput): Promise<Ended> => carryOut(input, awaitDeployWindow);

export const loadTesting = (input: DeployInput): Promise<Ended> =>
  carryOut(input, (deployment) => loadTestProduction(deployment, { baselines: {} }));

interface Ended {
  steps: StepRecord[];
  questions: number;
  at: number;
}

async function carryOut(input: DeployInput, step: (deployment: Deployment) => Promise<void>): Promise<Ended> {
  const deployment = new Deployment(input);
  deployment.runner = workflowInfo().taskQueue;
  let stopped = false;
  await deployment.forward
    .run(() => step(deployment))
    .catch(() => {
      stopped = true;
    });
  if (!stopped) await condition(allHandlersFinished);
  const { steps, questions } = deployment.ledger;
  return { steps, questions: questions.length, at: Date.now() };
}
