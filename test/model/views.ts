/** A deployment as three look at it: production itself, who asks for its status, and who wants to start the next one. */
import { exitCodeOf, statusDocument } from '../../src/client/commands/status.js';
import type { RollbackResult } from '../../src/contract/messages.js';
import { searchAttributes } from '../../src/contract/names.js';
import { precedentsOf, type RunsOfTemporal } from '../../src/contract/precedents.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { refusalToStart } from '../../src/domain/precedents.js';
import { interrupted, rollbackEnd } from '../../src/report/history/gather.js';
import { type PlayedDeployment, SERVICE_WORKFLOW } from './deployment.js';
import { demand } from './laws.js';
import { STARTED_BY } from './short-plan.js';
import type { Execution } from './workflow-run.js';

export interface Views {
  production: { runsTarget: boolean; isMigrated: boolean; isInMaintenance: boolean };
  status: ReturnType<typeof statusDocument> & { code: number };
  /** Why nothing starts. */
  refusal?: string;
}

const NEXT = 'eduautismo-20251127-120000-cd34';

export async function viewsOf(played: PlayedDeployment): Promise<Views> {
  return { production: productionOf(played), status: await statusOf(played), refusal: await refusalOf(played) };
}

/** As it is. */
function productionOf({ world, plan }: PlayedDeployment): Views['production'] {
  return {
    runsTarget: world.production.version === plan.release.target,
    isMigrated: world.revision !== world.base,
    isInMaintenance: world.production.maintenance,
  };
}

/** As the command makes it of the service's last run. */
async function statusOf({ temporal }: PlayedDeployment): Promise<Views['status']> {
  const run = temporal.executions.findLast(({ workflowId }) => workflowId === SERVICE_WORKFLOW) as Execution;
  const ledger = await temporal.query<Ledger>(SERVICE_WORKFLOW, 'status');
  const { runId, workflowId, state } = run;
  const found = { workflowId, runId, running: state === 'running', status: state.toUpperCase() };
  const view = {
    found,
    ledger: state === 'terminated' ? cutOffLedger(ledger, temporal.executions) : ledger,
    services: [],
  };
  return { ...statusDocument(view), code: exitCodeOf(view) };
}

/** Of one that could not say how it ended; its rollback is asked itself. */
function cutOffLedger(published: Ledger, executions: readonly Execution[]): Ledger {
  const ledger = interrupted(published, { failure: 'terminated' });
  const { rollback } = ledger;
  if (!rollback || rollback.endedAt !== undefined) return ledger;
  const own = executions.findLast(({ workflowId }) => workflowId === rollback.workflowId);
  if (own?.state !== 'completed') return ledger;
  return { ...ledger, rollback: { ...rollback, ...rollbackEnd(own.result as RollbackResult) } };
}

/** By what `start`, and the worker that admits, find in Temporal. */
async function refusalOf(played: PlayedDeployment, after?: string): Promise<string | undefined> {
  return refusalToStart(await precedentsOf(listing(played), played.plan.service), after);
}

/** What Temporal's lists say. */
function listing({ temporal }: PlayedDeployment): RunsOfTemporal {
  const described = (execution: Execution) => {
    const { workflowId, runId, state, startedAt, attributes } = execution;
    const [input] = execution.args as [{ deployment?: string }];
    const known: Record<string, unknown> = { ...attributes, [searchAttributes.deployment.name]: input.deployment };
    const typedSearchAttributes = { get: ({ name }: { name: string }) => known[name] };
    return {
      workflowId,
      runId,
      status: { name: state.toUpperCase() },
      startTime: new Date(startedAt),
      typedSearchAttributes,
    };
  };
  const isListed = (query: string) => (execution: Execution) =>
    query.startsWith('WorkflowId')
      ? execution.workflowId === SERVICE_WORKFLOW
      : execution.type.startsWith('Rollback') && execution.state === 'running';
  return {
    async *list({ query }: { query: string }) {
      yield* temporal.executions.filter(isListed(query)).map(described);
    },
    getHandle: (workflowId: string, runId?: string) => ({
      describe: async () => {
        const is = (one: Execution) => one.workflowId === workflowId && (runId === undefined || one.runId === runId);
        return described(temporal.executions.findLast(is) as Execution);
      },
    }),
  } as unknown as RunsOfTemporal;
}

/**
 * Another run of the service's lock, as `start` begins it, or Temporal where it resets one to its beginning.
 * @returns how it stands once it has been refused, or has looked at production
 */
export async function begun(
  played: PlayedDeployment,
  { deployment = NEXT, after }: { deployment?: string; after?: string } = {},
): Promise<Ledger> {
  const { plan, temporal, world } = played;
  world.refusal = await refusalOf(played, after);
  // Who admits a deployment is there.
  played.lost.clear();
  const input = { deployment, plan, digest: 'f'.repeat(64), startedBy: STARTED_BY, clock: 'real' };
  await temporal.start('DeployWorkflow', SERVICE_WORKFLOW, [
    { ...input, ...(after === undefined ? {} : { after: { run: after, why: 'looked' } }) },
  ]);
  await temporal.step();
  const before = temporal.scheduled.length;
  const looks = () => temporal.scheduled.slice(before).some(({ activity }) => activity === 'checkProduction');
  const hasLooked = ({ steps }: Ledger) =>
    steps.some(({ id, state }) => id === 'prerequisites.production' && state !== 'running');
  for (let event = 0; played.isRunning && !(looks() && hasLooked(await played.ledger())); event += 1) {
    demand(event < 200, 'it never looks at production');
    await played.goOn(1);
  }
  return await played.ledger();
}
