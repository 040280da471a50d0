/** The moment in which a workflow's code runs: all that it does before it waits. */
import { condition, workflowInfo } from '@temporalio/workflow';

/** Milliseconds; for people it is the same moment. */
const SOON = 1_000;

/** What happens at the same moment is told by one activity: three events of the history rather than three each. */
export async function endOfThisMoment(): Promise<void> {
  let over = false;
  const end = condition(() => over);
  over = true;
  await end;
}

/** The server has written down what was begun in this task, and comes back with the next one; or a second has passed. */
export async function nextTask(): Promise<void> {
  const { historyLength } = workflowInfo();
  const hasCome = () => workflowInfo().historyLength > historyLength;
  await condition(hasCome, SOON, { summary: 'What follows begins first' });
}
