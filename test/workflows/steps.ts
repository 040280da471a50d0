/** Single steps of a deployment, as workflows. */
import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { StepRecord } from '../../src/domain/ledger/ledger.js';
import { Deployment } from '../../src/workflows/run/deployment.js';
import { documentation } from '../../src/workflows/steps/documentation.js';
import { restart } from '../../src/workflows/steps/restart.js';

export const documenting = (input: DeployInput): Promise<StepRecord[]> => carryOut(input, documentation);

export const restarting = (input: DeployInput): Promise<StepRecord[]> => carryOut(input, restart);

async function carryOut(input: DeployInput, step: (deployment: Deployment) => Promise<void>): Promise<StepRecord[]> {
  const deployment = new Deployment(input);
  deployment.runner = 'steps';
  await step(deployment);
  await condition(allHandlersFinished);
  return deployment.ledger.steps;
}
