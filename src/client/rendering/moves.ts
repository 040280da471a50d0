/** What a person types to answer an open question. */
import type { DecisionKind, Ledger, OpenQuestion } from '../../domain/ledger.js';

/** Decisions that are refused without a reason. */
const NEED_REASON: readonly DecisionKind[] = ['reject', 'skip', 'abort', 'rollback'];

/** Roles still to sign off, in the order of the question. */
export function missingRoles(ledger: Ledger, question: OpenQuestion): string[] {
  return question.roles.filter((role) => !ledger.approvals.some((approval) => approval.role === role));
}

/** One command a line, ready to be typed but for WHO, the reason, and ROLE where several may answer. */
export function movesFor(ledger: Ledger, question: OpenQuestion): string[] {
  if (question.kind === 'approvals') {
    const approve = missingRoles(ledger, question).map((role) => command('approve', { role }));
    return [...approve, command('reject', { role: 'ROLE' })];
  }
  const [only, ...others] = question.roles;
  const role = only !== undefined && others.length === 0 ? only : 'ROLE';
  return question.moves.map((kind) =>
    command(kind, { role, subject: ABOUT_ONE.includes(kind) ? question.id : undefined }),
  );
}

const ABOUT_ONE: readonly DecisionKind[] = ['confirm', 'retry', 'skip', 'resume', 'rollback'];

function command(kind: DecisionKind, { role, subject }: { role: string; subject?: string }): string {
  const words = ['surefoot', kind, subject, '--as', 'WHO', '--role', role];
  if (NEED_REASON.includes(kind)) words.push('--why', '"…"');
  return words.filter((word) => word !== undefined).join(' ');
}
