/** Whom a deployment waits for. Pure. */
import type { Ledger, OpenQuestion } from '../ledger/ledger.js';

/** Roles still to sign off, in the order of the question. */
export function missingRoles(ledger: Ledger, question: OpenQuestion): string[] {
  return question.roles.filter((role) => !ledger.approvals.some((approval) => approval.role === role));
}

/** A question that is open, and the roles whose answer it waits for. */
export interface WaitsFor {
  question: string;
  title: string;
  roles: string[];
}

export function waitsFor(ledger: Ledger): WaitsFor[] {
  const { held } = ledger;
  const hold = held ? [{ question: 'resume', title: `held by ${held.who}`, roles: [held.role] }] : [];
  const open = ledger.questions
    .filter(({ answer }) => !answer)
    .map((question) => ({
      question: question.id,
      title: question.title,
      roles: question.kind === 'approvals' ? missingRoles(ledger, question) : question.roles,
    }));
  return [...hold, ...open];
}
