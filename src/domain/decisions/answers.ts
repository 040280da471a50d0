/** What a person types to answer a question. */

import { DECISION_KINDS, type DecisionKind } from '../ledger/decision-kinds.js';
import type { Question } from '../ledger/ledger.js';

/** A command ready to be typed but for WHO and the reason. */
export function commandFor(kind: DecisionKind, { role, subject }: { role: string; subject?: string }): string {
  const { namesSubject, asksWhy, wants } = DECISION_KINDS[kind];
  const words = ['surefoot', kind, namesSubject ? subject : undefined, wants, '--as', 'WHO', '--role', role];
  if (asksWhy) words.push('--why', '"…"');
  return words.filter((word) => word !== undefined).join(' ');
}

/** The first thing that may be said, with ROLE where several may say it. */
export function answeringCommand({ id, roles, moves }: Pick<Question, 'id' | 'roles' | 'moves'>): string {
  const [move] = moves;
  const [only, ...others] = roles;
  if (move === undefined) return '';
  return commandFor(move, { role: only !== undefined && others.length === 0 ? only : 'ROLE', subject: id });
}
