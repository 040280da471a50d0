/** The people of the demo: they answer what the deployment asks, by the same updates as anybody's. */
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { decideUpdate } from '../contract/messages.js';
import type { ResolvedPlan } from '../contract/plan.js';
import { fillRoles } from '../domain/approvals.js';
import type { Decision, Question } from '../domain/ledger.js';

/** @returns what the demo's worker does when people are asked */
export function standInPeople(client: Client, plan: ResolvedPlan): (question: Question) => Promise<void> {
  return async (question) => {
    for (const decision of answers(plan, question)) {
      try {
        await client.workflow.getHandle(question.workflowId).executeUpdate(decideUpdate, { args: [decision] });
      } catch (error) {
        // Somebody else was quicker, by the CLI or in the Web UI: then the question is answered.
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      }
    }
  };
}

/** What sensible people would say: they sign off what was proven, and stop what fails twice. */
export function answers(plan: ResolvedPlan, question: Question): Decision[] {
  const { roster, onePersonManyRoles } = plan.approvals;
  if (question.kind === 'approvals') {
    const people = fillRoles(roster, question.roles, onePersonManyRoles) ?? new Map<string, string>();
    return [...people].map(([role, who]) => ({ kind: 'approve', who, role, why: 'stand-in of the demo' }));
  }
  const person = roster.find(({ roles }) => roles.some((role) => question.roles.includes(role)));
  const role = person?.roles.find((candidate) => question.roles.includes(candidate));
  if (!person || !role) return [];
  const say = (kind: Decision['kind'], why: string): Decision[] => [
    { kind, who: person.id, role, why, subject: question.id },
  ];
  switch (question.kind) {
    case 'confirmation':
      return say('confirm', 'stand-in of the demo');
    case 'concern':
      return say('resume', 'the demo watches on');
    default:
      return question.moves.includes('abort')
        ? say('abort', 'a step of the demo failed')
        : say('skip', 'the demo leaves it to you');
  }
}
