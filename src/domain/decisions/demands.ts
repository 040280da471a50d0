/** What the policy of the runner asks of those who decide: told to everybody who looks, judged again where acts are done. */
import type { DecisionKind } from '../ledger/decision-kinds.js';
import { type Approvals, type Deciders, decidersOf, type Person } from './approvals.js';

export interface Demands {
  /** Kinds of decisions that count only when they are signed. */
  signed: ('start' | DecisionKind)[];
  /** Who may decide at all. */
  people: Pick<Person, 'id' | 'name' | 'roles'>[];
  /** Each of these roles signs off, by a person of its own. */
  approve: string[];
  /** The roles that may say so; a kind that is left out: all. */
  roles: Partial<Record<DecisionKind, string[]>>;
}

/** Whether such a decision has to be signed. */
export const isDemanded = (demands: Demands | undefined, kind: 'start' | DecisionKind): boolean =>
  demands?.signed.includes(kind) ?? false;

/** @returns why such a decision is not for this role to make, for people */
export function roleProblem(
  demands: Demands | undefined,
  { kind, role }: { kind: DecisionKind; role: string },
): string | undefined {
  const allowed = demands?.roles[kind];
  if (!allowed || allowed.includes(role)) return undefined;
  return `${kind} is said by ${allowed.join(', ')}, as the runner’s policy has it`;
}

/** @returns why a decision is not even looked at, for people */
export function demandProblem(
  demands: Demands | undefined,
  { kind, role, envelope }: { kind: DecisionKind; role: string; envelope?: string },
): string | undefined {
  const barred = roleProblem(demands, { kind, role });
  if (barred !== undefined) return barred;
  if (!isDemanded(demands, kind) || envelope !== undefined) return undefined;
  return `the runner’s policy takes it signed only: use surefoot ${kind} --sign KEY`;
}

/** Who may decide, as far as that is known without the plan, too. @param planned missing where the plan cannot be read */
export function knownDeciders(
  { demands, startedBy }: { demands?: Demands; startedBy: string },
  planned: Approvals | undefined,
): Deciders | undefined {
  if (planned) return decidersUnder(demands, planned, startedBy);
  return demands && approvalsUnder(demands, { roles: [], roster: [], selfApproval: false, onePersonManyRoles: false });
}

/** Who may decide, and what: by the runner's policy, or by the plan where it has none. */
export const decidersUnder = (demands: Demands | undefined, approvals: Approvals, startedBy: string): Approvals =>
  demands ? approvalsUnder(demands, approvals) : decidersOf(approvals, startedBy);

/**
 * Who may sign off and decide under a policy, whatever the plan says; the plan’s words for the roles stay, and so do the
 * signatures that it wants where the policy wants none.
 */
export function approvalsUnder(demands: Demands, approvals: Approvals): Approvals {
  const roles = demands.approve.map(
    (role) => approvals.roles.find((planned) => planned.role === role) ?? { role, title: role, statement: role },
  );
  const more = approvals.roles.filter(({ role }) => !demands.approve.includes(role));
  const signed = approvals.signed && !isDemanded(demands, 'approve');
  return { roles: [...roles, ...more], roster: demands.people, selfApproval: false, onePersonManyRoles: false, signed };
}
