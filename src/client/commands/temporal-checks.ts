/** The doctor's checks of the Temporal server that a deployment would run on. Nothing is registered or started. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { deployWorkflowId, SEARCH_ATTRIBUTES } from '../../contract/names.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Check, CheckResult } from '../../doctor/checks/check.js';
import { STEPS } from '../../domain/steps.js';
import { type Connected, withConnection } from '../../temporal/connection.js';
import { findRun, readLedger } from '../../temporal/deployments.js';
import { CliError, innermost } from '../../temporal/errors.js';
import { type QueueService, queueServices } from '../../temporal/queue-service.js';
import { retentionCheck } from '../retention/retention-check.js';
import { searchAttributeCommands } from './start.js';

const ANSWER_WITHIN = 10_000;

export const temporalChecks = (plan: ResolvedPlan): Check[] => [
  {
    id: 'temporal',
    step: STEPS.admission.id,
    run: async () => {
      try {
        return await withConnection((connected) =>
          connected.connection.withDeadline(Date.now() + ANSWER_WITHIN, () => look(connected, plan)),
        );
      } catch (error) {
        const advice =
          error instanceof CliError ? error.hint : 'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rights.';
        return [
          { name: 'temporal', ok: false, text: error instanceof CliError ? error.message : innermost(error), advice },
        ];
      }
    },
  },
];

async function look(connected: Connected, plan: ResolvedPlan): Promise<CheckResult[]> {
  const { address, namespace } = connected;
  const asked = [workers(connected), searchAttributes(connected), retentionCheck(connected, plan)];
  return [
    ...(await Promise.all([...asked, lock(connected, plan.service)])).flat(),
    { name: 'temporal', ok: true, text: `Temporal answers at ${address}, namespace ${namespace}` },
  ];
}

async function workers(connected: Connected): Promise<CheckResult> {
  const [shared] = await queueServices(connected);
  const advice = 'Run `surefoot worker` where the plan’s tools and scripts are.';
  return { ...fromService('worker', shared as QueueService), ...(shared?.state === 'nobody' && { advice }) };
}

const fromService = (name: string, { state, text, advice }: QueueService): CheckResult => ({
  name,
  ok: state === 'served',
  text: state === 'nobody' ? `${text}: nothing would happen` : text,
  ...(state !== 'served' && advice !== undefined && { advice }),
});

async function searchAttributes({ connection, namespace }: Connected): Promise<CheckResult> {
  const name = 'search-attributes';
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.keys(SEARCH_ATTRIBUTES).filter((attribute) => !(attribute in (customAttributes ?? {})));
    if (missing.length === 0) return { name, ok: true, text: 'the search attributes are registered' };
    const text = `not registered yet: ${missing.join(', ')}; \`surefoot start\` registers them, if it may`;
    return { name, ok: true, note: true, text };
  } catch (error) {
    const text = `whether the search attributes are registered cannot be seen from here: ${innermost(error)}`;
    const [first] = searchAttributeCommands(namespace);
    return { name, ok: true, note: true, text: `${text}; if not: ${first?.trim()} and so on` };
  }
}

/** A deployment that runs holds the lock; whether it goes on is told, too. */
async function lock(connected: Connected, service: string): Promise<CheckResult[]> {
  const { client } = connected;
  const workflowId = deployWorkflowId(service);
  try {
    const { status, memo, startTime, runId } = await client.workflow.getHandle(workflowId).describe();
    if (status.name === 'RUNNING') {
      const which = typeof memo?.deployment === 'string' ? memo.deployment : workflowId;
      const text = `${which} has been running since ${startTime.toISOString()}; a service has one live deployment`;
      const advice = `Wait for its end, or stop it: \`surefoot status ${which}\`.`;
      return [{ name: 'lock', ok: false, text, advice }, ...(await runnerOfLive(connected, { workflowId, runId }))];
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  return [{ name: 'lock', ok: true, text: `no deployment of ${service} is running` }];
}

async function runnerOfLive(connected: Connected, run: { workflowId: string; runId: string }): Promise<CheckResult[]> {
  const found = await findRun(connected, run);
  const ledger = found && (await readLedger(connected, found).catch(() => undefined));
  if (ledger?.runner === undefined) return [];
  const [, own] = await queueServices(connected, ledger.runner);
  return own ? [fromService('runner', own)] : [];
}
