/** Everything that a report says, from a deployment's history: at any time, whether it goes on, has ended or was ended. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { type DeployInput, type DeployResult, newLedger } from '../../contract/deployment.js';
import type { RollbackResult, WatchProgress } from '../../contract/messages.js';
import { withProgress } from '../../contract/progress.js';
import type { Ledger, RollbackRecord } from '../../domain/ledger/ledger.js';
import type { Connected } from '../../temporal/connection.js';
import type { FoundDeployment } from '../../temporal/deployments.js';
import { CliError, EXIT } from '../../temporal/errors.js';
import { type History, readHistory } from './history.js';
import { replay } from './replay.js';

/**
 * How the ledger was had: the workflow's own result, or its history, gone through once more by the workflow's code.
 * Earlier releases also asked a worker (`query`).
 */
export type LedgerSource = 'result' | 'query' | 'history';

export interface Gathered {
  workflowId: string;
  runId: string;
  /** Temporal's name of the run's state: RUNNING, COMPLETED, TERMINATED, … */
  status: string;
  input: DeployInput;
  ledger: Ledger;
  source: LedgerSource;
  /** How many events the history had. */
  events: number;
  /** Temporal no longer has it: from the archive in this evidence store, made then. */
  archive?: { store: string; at: number };
}

/**
 * @param only the source to use, for a report that is checked must be made as it was made
 * @throws CliError when the history is no deployment's, cannot be decoded with the keys that there are, or was made by
 * another release
 */
export async function gather(connected: Connected, found: FoundDeployment, only?: LedgerSource): Promise<Gathered> {
  const history = await historyOf(connected, found);
  const input = history.input as DeployInput | undefined;
  if (!input?.plan || !input.deployment) {
    throw new CliError(`The history of ${found.workflowId} cannot be read: what it was started with is no deployment`, {
      hint: 'If payloads are encrypted, set SUREFOOT_PAYLOAD_KEYS to the keys that they were encrypted with.',
      exitCode: EXIT.badly,
    });
  }
  const { workflowId, runId, status } = found;
  const about = { workflowId, runId, status, input, events: history.events.length };
  if (history.result && only !== 'history') {
    return { ...about, ledger: history.result as DeployResult, source: 'result' };
  }
  const published = (await replay(workflowId, history)) as Ledger | undefined;
  const own = published ?? newLedger(input, history.startedAt);
  const ledger = found.running ? await withProgress(own, progressOf(connected)) : interrupted(own, history);
  return { ...about, ledger: await withRollback(connected, ledger), source: 'history' };
}

async function historyOf(
  { client, namespace }: Connected,
  { handle }: Pick<FoundDeployment, 'handle'>,
): Promise<History> {
  const { events } = await handle.fetchHistory();
  const context = { type: 'workflow', namespace, workflowId: handle.workflowId } as const;
  return readHistory(events ?? [], client.options.loadedDataConverter, context);
}

/** A watch tells its deployment how things are at its end: until then its own history says it. */
const progressOf = (connected: Connected) => async (workflowId: string) => {
  const history = await historyOf(connected, { handle: connected.client.workflow.getHandle(workflowId) });
  return (await replay(workflowId, history)) as WatchProgress | undefined;
};

/** What was under way when the workflow was ended from outside will not go on by itself. */
export function interrupted(ledger: Ledger, { failure }: Pick<History, 'failure'>): Ledger {
  if (ledger.outcome) return ledger;
  const reason = `the deployment was ended from outside (${failure ?? 'unknown how'})`;
  const steps = ledger.steps.map((step) =>
    step.state === 'running' ? { ...step, state: 'failed' as const, reason } : step,
  );
  return { ...ledger, steps, ending: ledger.ending ?? failure, questions: [] };
}

/** A rollback outlives its deployment: how it stands is asked of itself. */
async function withRollback(connected: Connected, ledger: Ledger): Promise<Ledger> {
  const { rollback } = ledger;
  if (!rollback || rollback.endedAt !== undefined) return ledger;
  return { ...ledger, rollback: { ...rollback, ...(await rollbackNow(connected, rollback)) } };
}

async function rollbackNow(connected: Connected, { workflowId }: RollbackRecord): Promise<Partial<RollbackRecord>> {
  const handle = connected.client.workflow.getHandle(workflowId);
  try {
    const history = await historyOf(connected, { handle });
    if (history.result) return rollbackEnd(history.result as RollbackResult);
    const { steps = [] } = ((await replay(workflowId, history)) ?? {}) as Pick<Partial<RollbackRecord>, 'steps'>;
    return history.failure ? { steps, succeeded: false, reason: history.failure } : { steps };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return {};
    throw error;
  }
}

/** How a rollback ended, as its record in the ledger has it. */
export const rollbackEnd = ({ startedAt, endedAt, ...result }: RollbackResult): Partial<RollbackRecord> => ({
  ...result,
  took: endedAt - startedAt,
  endedAt,
});
