/** The moment in which a workflow's code runs: all that it does before it waits. */
import { condition } from '@temporalio/workflow';

/** What happens at the same moment is told by one activity: three events of the history rather than three each. */
export async function endOfThisMoment(): Promise<void> {
  let over = false;
  const end = condition(() => over);
  over = true;
  await end;
}
