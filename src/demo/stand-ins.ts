/** The people of the demo: they answer what the deployment asks, by the same updates as anybody's. */
import { Context } from '@temporalio/activity';
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { decideUpdate, statusQuery } from '../contract/messages.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { sensibleAnswers } from '../domain/decisions/stand-ins.js';
import type { Question } from '../domain/ledger/ledger.js';

/**
 * @param options.asksPeople whether sign-offs are given in the console
 * @returns what the demo's worker does when people are asked
 */
export function standInPeople(
  client: Client,
  plan: ResolvedPlan,
  { asksPeople }: { asksPeople: boolean },
): (question: Question) => Promise<void> {
  return async (question) => {
    if (asksPeople && question.kind === 'approvals') return await untilAnswered(client, question);
    for (const decision of sensibleAnswers(plan.approvals, question, 'stand-in of the demo')) {
      try {
        await client.workflow.getHandle(question.workflowId).executeUpdate(decideUpdate, { args: [decision] });
      } catch (error) {
        // Somebody else was quicker, by the CLI or in the console: then the question is answered.
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      }
    }
  };
}

/** How often it is looked at whether people have answered, milliseconds. */
const LOOK = 500;

/** While this waits an activity is in flight, and virtual time does not jump past the people who think. */
async function untilAnswered(client: Client, { workflowId, id }: Question): Promise<void> {
  const context = Context.current();
  const handle = client.workflow.getHandle(workflowId);
  for (;;) {
    const ledger = await handle.query(statusQuery).catch(() => undefined);
    if (ledger && !ledger.questions.some((question) => question.id === id && !question.answer)) return;
    await context.sleep(LOOK);
  }
}
