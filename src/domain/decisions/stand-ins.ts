/** What sensible people would say, for the demo and rehearsals: they sign off what was proven, and stop what fails. */
import type { Decision, Question } from '../ledger/ledger.js';
import { type Approvals, fillRoles } from './approvals.js';

/** @param why what each of them gives as the reason. @returns one decision, or one for each sign-off, or none */
export function sensibleAnswers(approvals: Approvals, question: Question, why: string): Decision[] {
  const { roster, onePersonManyRoles } = approvals;
  if (question.kind === 'approvals') {
    const people = fillRoles(roster, question.roles, onePersonManyRoles) ?? new Map<string, string>();
    return [...people].map(([role, who]) => ({ kind: 'approve', who, role, digest: question.digest, why }));
  }
  const person = roster.find(({ roles }) => roles.some((role) => question.roles.includes(role)));
  const role = person?.roles.find((candidate) => question.roles.includes(candidate));
  const kind = sensibleMove(question);
  if (!person || !role || !kind) return [];
  return [{ kind, who: person.id, role, why, subject: question.id }];
}

function sensibleMove({ kind, moves }: Question): Decision['kind'] | undefined {
  switch (kind) {
    case 'confirmation':
      return 'confirm';
    case 'window':
      // Time comes to its opening by itself.
      return undefined;
    case 'concern':
      return 'resume';
    case 'outcome-unknown':
      // A way back goes on, as if they had looked.
      return moves.includes('abort') ? 'abort' : 'confirm';
    default:
      // Nobody has to choose a rollback: the one that was chosen is taken.
      return (['abort', 'skip'] as const).find((move) => moves.includes(move));
  }
}
