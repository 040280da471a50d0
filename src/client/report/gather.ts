/** Everything that a report says, from a deployment's history: at any time, whether it goes on, has ended or was ended. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { DeployInput, DeployResult } from '../../contract/deployment.js';
import type { RollbackResult } from '../../contract/messages.js';
import type { Ledger, RollbackRecord } from '../../domain/ledger.js';
import type { Connected } from '../connection.js';
import { type Found, readLedger } from '../deployments.js';
import { CliError, EXIT } from '../errors.js';
import { type History, readHistory } from './happenings.js';
import { reconstruct } from './reconstruct.js';
import { rollbackEnd, rollbackSteps } from './rollbacks.js';

/**
 * How the ledger was had: the workflow's own result; the answer of a worker that replayed the history; or, when no
 * worker answers, put together from the history here.
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
  /** Why a worse source had to do. */
  why?: string;
  /** How many events the history had. */
  events: number;
}

/**
 * @param only the source to use, for a report that is checked must be made as it was made
 * @throws CliError when the history is no deployment's, or cannot be decoded with the keys that there are
 */
export async function gather(connected: Connected, found: Found, only?: LedgerSource): Promise<Gathered> {
  const history = await historyOf(connected, found);
  const input = history.input as DeployInput | undefined;
  if (!input?.plan || !input.deployment) {
    throw new CliError(`The history of ${found.workflowId} cannot be read: what it was started with is no deployment`, {
      hint: 'If payloads are encrypted, set SUREFOOT_PAYLOAD_KEYS to the keys that they were encrypted with.',
      exitCode: EXIT.badly,
    });
  }
  const had = await ledgerOf(connected, { found, history, input, only });
  const ledger = await withRollback(connected, found.running ? had.ledger : interrupted(had.ledger, history));
  const { workflowId, runId, status } = found;
  return { ...had, workflowId, runId, status, input, ledger, events: history.events };
}

async function historyOf(connected: Connected, { handle }: Pick<Found, 'handle'>): Promise<History> {
  const { events } = await handle.fetchHistory();
  return readHistory(events ?? [], connected.client.options.loadedDataConverter);
}

async function ledgerOf(
  connected: Connected,
  { found, history, input, only }: { found: Found; history: History; input: DeployInput; only?: LedgerSource },
): Promise<Pick<Gathered, 'ledger' | 'source' | 'why'>> {
  if (history.result && only !== 'history') return { ledger: history.result as DeployResult, source: 'result' };
  const rebuild = (why?: string) => {
    const ledger = reconstruct({ input, workflowId: found.workflowId }, history.happenings);
    return { ledger, source: 'history' as const, ...(why === undefined ? {} : { why }) };
  };
  if (only === 'history') return rebuild();
  try {
    return { ledger: await readLedger(connected, found), source: 'query' };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return rebuild('no worker answered, so that what only the workflow itself knows is missing');
  }
}

/** What was under way when the workflow was ended from outside will not go on by itself. */
function interrupted(ledger: Ledger, { failure }: History): Ledger {
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
    const steps = rollbackSteps(history.happenings);
    return history.failure ? { steps, succeeded: false, reason: history.failure } : { steps };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return {};
    throw error;
  }
}
