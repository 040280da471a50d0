/** What came before a deployment that is to be started: nothing starts over a production that was left half-way, unasked. */
import type { StartedOver } from '../../contract/deployment.js';
import { deployWorkflowId } from '../../contract/names.js';
import { precedentsOf } from '../../contract/precedents.js';
import { beginningIn } from '../../domain/ledger/beginning.js';
import { leftBehind } from '../../domain/ledger/left-behind.js';
import { nameOfRun, refusalToStart, unfinishedRun } from '../../domain/precedents.js';
import type { Connected } from '../../temporal/connection.js';
import { findDeployment, findRun } from '../../temporal/deployments.js';
import { type CliError, innermost, usageError } from '../../temporal/errors.js';
import { withoutMemos } from '../../temporal/runs.js';
import { clockText } from '../rendering/status.js';
import { viewLedger } from './ledger-view.js';

/** @throws CliError when one of the two is missing: a reason without a run says nothing, and a run without one neither */
export function startedOver({ after: run, why }: { after?: string; why?: string }): StartedOver | undefined {
  if (run === undefined && why === undefined) return undefined;
  if (run !== undefined && why?.trim()) return { run, why };
  throw usageError(
    '--after and --why belong together',
    'Say which run is started over, and what you saw of production.',
  );
}

/** @throws CliError while production is being changed, and where it was left half-way and nobody has said they looked */
export async function mustBeFree(connected: Connected, service: string, after: StartedOver | undefined): Promise<void> {
  const precedents = await precedentsOf(withoutMemos(connected.client), service);
  const refusal = refusalToStart(precedents, after?.run);
  if (refusal === undefined) return;
  const unfinished = unfinishedRun(precedents.runs);
  if (unfinished?.status === 'RUNNING') throw await alreadyRunning(connected, deployWorkflowId(service));
  if (precedents.rollbacks.length > 0 || !unfinished) throw usageError(refusal, `Look at it with \`surefoot status\`.`);
  const name = nameOfRun(unfinished);
  const left = await leftBy(connected, service, unfinished);
  throw usageError(
    [`${refusal}:`, ...left.map((sentence) => `  ${sentence}`)].join('\n'),
    `Look at production, and at \`surefoot status ${name}\`; then start with --after ${name} --why "what you saw".`,
  );
}

async function leftBy(connected: Connected, service: string, { runId }: { runId: string }): Promise<string[]> {
  try {
    const found = await findRun(connected, { workflowId: deployWorkflowId(service), runId });
    return found ? leftBehind((await viewLedger(connected, found)).ledger) : [];
  } catch (error) {
    return [`what it has left is not known: ${innermost(error)}`];
  }
}

/** The error that says which deployment holds the lock. */
export async function alreadyRunning(connected: Connected, workflowId: string): Promise<CliError> {
  const running = await findDeployment(connected, workflowId).catch(() => undefined);
  const which = running?.deployment ?? workflowId;
  const name = which === workflowId ? which : `${which} (${workflowId})`;
  const now = Date.now();
  const { beginsAt = now } = running ?? {};
  const since = running ? ` since ${clockText(running.startedAt.getTime())}` : '';
  const state = beginsAt > now ? beginningIn(beginsAt, now, clockText(beginsAt)) : `is already running${since}`;
  const stop = `surefoot abort --deployment ${which} --as WHO --role ROLE --why "…"`;
  return usageError(
    `${name} ${state}; a service has one live deployment`,
    `Look at it with \`surefoot status ${which}\`; wait for its end or stop it with \`${stop}\`.`,
  );
}
