/** What a person types to answer an open question. */
import { commandFor } from '../../domain/decisions/answers.js';
import { isDemanded } from '../../domain/decisions/demands.js';
import { missingRoles } from '../../domain/decisions/waits-for.js';
import type { DecisionKind } from '../../domain/ledger/decision-kinds.js';
import type { Ledger, OpenQuestion } from '../../domain/ledger/ledger.js';

/** One command a line, ready to be typed but for WHO, the reason, ROLE where several may answer, and KEY. */
export function allowedDecisions(ledger: Ledger, question: OpenQuestion): string[] {
  const signed = (kind: DecisionKind) => (isDemanded(ledger.demands, kind) ? ' --sign KEY' : '');
  if (question.kind === 'approvals') {
    const approve = missingRoles(ledger, question).map(
      (role) => `${commandFor('approve', { role })}${signed('approve')}`,
    );
    return [...approve, `${commandFor('reject', { role: 'ROLE' })}${signed('reject')}`];
  }
  const [only, ...others] = question.roles;
  const role = only !== undefined && others.length === 0 ? only : 'ROLE';
  // Which way back is meant after one has failed is for people to say.
  const which = (kind: string) =>
    kind === 'rollback' && question.kind === 'rollback-failed' ? ' --option OPTION' : '';
  return question.moves.map(
    (kind) => `${commandFor(kind, { role, subject: question.id })}${which(kind)}${signed(kind)}`,
  );
}
