/** The doctor's checks of the Temporal server that a deployment would run on. Nothing is registered or started. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { searchAttributes as attributes, deployWorkflowId, SEARCH_ATTRIBUTES } from '../../contract/names.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Check, CheckResult } from '../../doctor/checks/check.js';
import { commandQueues } from '../../domain/runner.js';
import { STEPS } from '../../domain/steps.js';
import { buildStandings, missedBuilds } from '../../temporal/build-standings.js';
import { type Connected, withConnection } from '../../temporal/connection.js';
import { findRun, readLedger } from '../../temporal/deployments.js';
import { CliError, innermost } from '../../temporal/errors.js';
import { type QueueService, queueServices } from '../../temporal/queue-service.js';
import { memoOf, withoutMemos } from '../../temporal/runs.js';
import { ANOTHER_WATCHDOG, watchdogIsAlone, watchdogService } from '../../temporal/watchdog-service.js';
import { retentionCheck } from '../retention/retention-check.js';
import { withoutWorker } from './builds/begins-on.js';
import { searchAttributeCommands } from './deployments/search-attributes.js';

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
  const asked = [workers(connected), watchdog(connected), searchAttributes(connected), retentionCheck(connected, plan)];
  return [
    ...(await Promise.all([...asked, lock(connected, plan.service)])).flat(),
    { name: 'temporal', ok: true, text: `Temporal answers at ${address}, namespace ${namespace}` },
  ];
}

/** Whoever would carry a deployment out that is started now, and who is missed by what runs. */
async function workers(connected: Connected): Promise<CheckResult[]> {
  const name = 'worker';
  const standings = await buildStandings(connected).catch(innermost);
  if (typeof standings === 'string')
    return [{ name, ok: false, text: `which builds have workers is not known: ${standings}` }];
  const { current } = standings;
  const missed = missedBuilds(standings);
  const told = missed.map(({ id, service }) => {
    const { message, hint } = withoutWorker(id, service);
    return { name, ok: false, text: message, advice: hint };
  });
  if (missed.some(({ id }) => id === current)) return told;
  const [shared] = await queueServices(connected, [], { build: current });
  const advice = 'Run `surefoot worker` where the plan’s tools and scripts are.';
  return [{ ...fromService(name, shared as QueueService), ...(shared?.state === 'nobody' && { advice }) }, ...told];
}

/** Without one a deployment goes on, and nobody hears of it where it does not. */
async function watchdog(connected: Connected): Promise<CheckResult> {
  const name = 'watchdog';
  const { state, text, advice } = await watchdogService(connected);
  if (state !== 'looks') return { name, ok: true, note: true, text, ...(advice === undefined ? {} : { advice }) };
  if (!(await watchdogIsAlone(connected))) return { name, ok: true, text };
  const alone = `${text}, by the worker that carries deployments out: with it away nobody is told`;
  return { name, ok: true, note: true, text: alone, advice: ANOTHER_WATCHDOG };
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
    const described = await withoutMemos(client).getHandle(workflowId).describe();
    const { status, startTime, runId } = described;
    if (status.name === 'RUNNING') {
      const { deployment } = (await memoOf(client, described)) ?? {};
      const named = described.typedSearchAttributes.get(attributes.deployment);
      const which = typeof deployment === 'string' ? deployment : (named ?? workflowId);
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
  const [, ...own] = await queueServices(connected, ledger && commandQueues(ledger), { build: found?.build });
  return own.map((service) => fromService('runner', service));
}
