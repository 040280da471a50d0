/** The workflows with a step more at their beginning: no history of the shipped ones goes with them. */
import { sleep } from '@temporalio/workflow';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { RollbackInput, WatchInput } from '../../src/contract/messages.js';
import * as shipped from '../../src/workflows/index.js';
import type { CarriedWatch } from '../../src/workflows/watch/context.js';

const more = () => sleep('1s', { summary: 'what only this build does' });

export async function DeployWorkflow(input: DeployInput) {
  await more();
  return shipped.DeployWorkflow(input);
}

export async function MonitorWorkflow(input: WatchInput, carried?: CarriedWatch) {
  await more();
  return shipped.MonitorWorkflow(input, carried);
}

export async function ReversibilityWorkflow(input: Parameters<typeof shipped.ReversibilityWorkflow>[0]) {
  await more();
  return shipped.ReversibilityWorkflow(input);
}

export async function RollbackMigrationWorkflow(input: RollbackInput) {
  await more();
  return shipped.RollbackMigrationWorkflow(input);
}

export async function RollbackCodeWorkflow(input: RollbackInput) {
  await more();
  return shipped.RollbackCodeWorkflow(input);
}

export async function RollbackFullWorkflow(input: RollbackInput) {
  await more();
  return shipped.RollbackFullWorkflow(input);
}

export const { RollbackRestoreWorkflow } = shipped;
