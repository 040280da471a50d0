/** What came before a deployment, as Temporal lists it: asked by `start`, and once more by the worker that admits it. */
import { type TypedSearchAttributes, WorkflowNotFoundError } from '@temporalio/common';
import type { EarlierRun, Precedents } from '../domain/precedents.js';
import { deployWorkflowId, isOfService, quoted, searchAttributes } from './names.js';

interface Run {
  workflowId: string;
  runId: string;
  status: { name: string };
  startTime: Date;
  typedSearchAttributes: TypedSearchAttributes;
}

/** The part of a Temporal client that it takes. */
export interface RunsOfTemporal {
  list(options: { query: string }): AsyncIterable<Run>;
  getHandle(workflowId: string, runId?: string): { describe(): Promise<Run> };
}

/** @param self the run that asks, which is none that came before */
export async function precedentsOf(temporal: RunsOfTemporal, service: string, self?: string): Promise<Precedents> {
  const [runs, rollbacks] = await Promise.all([
    earlierRuns(temporal, service, self),
    runningRollbacks(temporal, service),
  ]);
  return { runs, rollbacks };
}

/** The list lags behind: the last run of the lock, and any that seems to run, are asked themselves. */
async function earlierRuns(temporal: RunsOfTemporal, service: string, self?: string): Promise<EarlierRun[]> {
  const workflowId = deployWorkflowId(service);
  const listed = new Map<string, Run>();
  for await (const run of temporal.list({ query: `WorkflowId = ${quoted(workflowId)}` })) {
    const known = run.status.name === 'RUNNING' ? await described(temporal, workflowId, run.runId) : run;
    if (known) listed.set(run.runId, known);
  }
  const last = await described(temporal, workflowId);
  if (last) listed.set(last.runId, last);
  const newest = ({ runId, startTime }: Run) => (runId === last?.runId ? Infinity : startTime.getTime());
  return (
    [...listed.values()]
      .filter(({ runId }) => runId !== self)
      // One that was reset may bear the start of the run that it goes on with: the last one is Temporal's own word.
      .sort((a, b) => newest(b) - newest(a))
      .map(({ runId, status, typedSearchAttributes: attributes }) => ({
        runId,
        status: status.name,
        deployment: attributes.get(searchAttributes.deployment),
        verdict: attributes.get(searchAttributes.verdict),
      }))
  );
}

async function runningRollbacks(temporal: RunsOfTemporal, service: string): Promise<string[]> {
  const running: string[] = [];
  const query = `WorkflowType STARTS_WITH 'Rollback' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId, runId } of temporal.list({ query })) {
    if (!isOfService(workflowId, service)) continue;
    const now = await described(temporal, workflowId, runId);
    if (now?.status.name === 'RUNNING') running.push(workflowId);
  }
  return running.sort();
}

async function described(temporal: RunsOfTemporal, workflowId: string, runId?: string): Promise<Run | undefined> {
  try {
    return await temporal.getHandle(workflowId, runId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
