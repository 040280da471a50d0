/** The people of the demo: they answer what the deployment asks, by the same updates as anybody's. */
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { decideUpdate } from '../contract/messages.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { sensibleAnswers } from '../domain/decisions/stand-ins.js';
import type { Question } from '../domain/ledger/ledger.js';

/** @returns what the demo's worker does when people are asked */
export function standInPeople(client: Client, plan: ResolvedPlan): (question: Question) => Promise<void> {
  return async (question) => {
    for (const decision of sensibleAnswers(plan.approvals, question, 'stand-in of the demo')) {
      try {
        await client.workflow.getHandle(question.workflowId).executeUpdate(decideUpdate, { args: [decision] });
      } catch (error) {
        // Somebody else was quicker, by the CLI or in the Web UI: then the question is answered.
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      }
    }
  };
}
