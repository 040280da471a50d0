/** What a person types to answer an open question. */
import { commandFor } from '../../domain/decisions/answers.js';
import { missingRoles } from '../../domain/decisions/waits-for.js';
import type { Ledger, OpenQuestion } from '../../domain/ledger/ledger.js';

/** One command a line, ready to be typed but for WHO, the reason, and ROLE where several may answer. */
export function allowedDecisions(ledger: Ledger, question: OpenQuestion): string[] {
  if (question.kind === 'approvals') {
    const approve = missingRoles(ledger, question).map((role) => commandFor('approve', { role }));
    return [...approve, commandFor('reject', { role: 'ROLE' })];
  }
  const [only, ...others] = question.roles;
  const role = only !== undefined && others.length === 0 ? only : 'ROLE';
  // Which way back is meant after one has failed is for people to say.
  const which = (kind: string) =>
    kind === 'rollback' && question.kind === 'rollback-failed' ? ' --option OPTION' : '';
  return question.moves.map((kind) => `${commandFor(kind, { role, subject: question.id })}${which(kind)}`);
}
