/**
 * How long the histories are that a deployment leaves: the shipped plan's happy path, three days of it in virtual time.
 * Events cost time at each replay, bytes cost room in Temporal's database; the parent must stay short enough to be read.
 * Exit 1 when it does not.
 *
 *   npm run bench:history [-- --json]
 */
import { Client, Connection } from '@temporalio/client';
import { rehearse } from '../src/rehearsal/rehearse.js';
import { happyScenario } from '../src/rehearsal/scenario/scenario.js';
import { round, tell } from './pairs.js';

const PLAN = 'plans/eduautismo-performance.yaml';
/** Of the parent. */
const MOST_EVENTS = 400;

const rehearsals = await rehearse([happyScenario(PLAN)], { jobs: 1 });
try {
  const connection = await Connection.connect({ address: rehearsals.address });
  const { workflow } = new Client({ connection });
  const rows = [];
  for await (const { workflowId, runId, type } of workflow.list()) {
    const { raw } = await workflow.getHandle(workflowId, runId).describe();
    const { historyLength, historySizeBytes } = raw.workflowExecutionInfo ?? {};
    const events = Number(historyLength);
    const isParent = type === 'DeployWorkflow';
    const bound = isParent ? `${events <= MOST_EVENTS ? 'pass' : 'FAIL'} (${MOST_EVENTS})` : 'none';
    rows.push({ workflow: workflowId, type, events, kilobytes: round(Number(historySizeBytes) / 1_024), bound });
  }
  await connection.close();
  // Listed newest first.
  process.exitCode = tell(rows.reverse());
} finally {
  await rehearsals.stop();
}
