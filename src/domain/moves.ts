/** What a person types to answer a question. */
import type { DecisionKind, Question } from './ledger.js';

/** Decisions that are refused without a reason. */
const NEED_REASON: readonly DecisionKind[] = ['reject', 'skip', 'override', 'abort', 'rollback'];

/** Decisions that may have to say what they are about. */
const ABOUT_ONE: readonly DecisionKind[] = ['confirm', 'retry', 'skip', 'override', 'resume', 'rollback'];

/** A command ready to be typed but for WHO and the reason. */
export function commandFor(kind: DecisionKind, { role, subject }: { role: string; subject?: string }): string {
  const about = ABOUT_ONE.includes(kind) ? subject : undefined;
  const words = ['surefoot', kind, about, '--as', 'WHO', '--role', role];
  if (NEED_REASON.includes(kind)) words.push('--why', '"…"');
  return words.filter((word) => word !== undefined).join(' ');
}

/** The first thing that may be said, with ROLE where several may say it. */
export function answeringCommand({ id, roles, moves }: Pick<Question, 'id' | 'roles' | 'moves'>): string {
  const [move] = moves;
  const [only, ...others] = roles;
  if (move === undefined) return '';
  return commandFor(move, { role: only !== undefined && others.length === 0 ? only : 'ROLE', subject: id });
}
