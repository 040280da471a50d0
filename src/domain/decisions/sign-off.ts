/** Who can still sign off as what. Pure. */
import type { Ledger, OpenQuestion } from '../ledger/ledger.js';
import { type Deciders, fillRoles } from './approvals.js';
import { missingRoles } from './waits-for.js';

/** Why this person’s sign-off in this role would not count, whatever was seen before it; undefined: it would. */
export function whyNotSignedOff(
  ledger: Ledger,
  deciders: Deciders,
  asked: { question: OpenQuestion; who: string; role: string },
): string | undefined {
  const { who, role } = asked;
  const earlier = ledger.approvals.find((approval) => approval.role === role);
  if (earlier) return `${role} has already been signed off by ${earlier.who}`;
  if (!deciders.selfApproval && who === ledger.startedBy) return `${who} started this deployment and cannot approve it`;
  const other = ledger.approvals.find((approval) => approval.who === who);
  if (other && !deciders.onePersonManyRoles) {
    return `${who} has already signed off as ${other.role}; one person fills one role`;
  }
  const needed = wouldStrand(ledger, deciders, asked);
  return needed && `${who} is needed for another role: nobody else is left for ${needed}`;
}

/**
 * An approver of several roles who fills the wrong one would leave another to nobody, and the deployment waiting for
 * ever. @returns the roles that would be open then
 */
function wouldStrand(
  ledger: Ledger,
  { onePersonManyRoles, selfApproval, roster }: Deciders,
  { question, who, role }: { question: OpenQuestion; who: string; role: string },
): string | undefined {
  if (onePersonManyRoles) return undefined;
  const free = roster.filter(
    ({ id }) => (selfApproval || id !== ledger.startedBy) && !ledger.approvals.some((approval) => approval.who === id),
  );
  const open = missingRoles(ledger, question);
  const others = free.filter(({ id }) => id !== who);
  const rest = open.filter((other) => other !== role);
  if (fillRoles(others, rest, false) || !fillRoles(free, open, false)) return undefined;
  return rest.filter((other) => !others.some(({ roles }) => roles.includes(other))).join(', ') || rest.join(', ');
}
