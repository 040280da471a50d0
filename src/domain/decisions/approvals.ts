/** Who can sign off what: the roster's arithmetic. */

export interface Person {
  id: string;
  name: string;
  roles: string[];
  /** Public SSH keys, as in `authorized_keys`: what this person's approvals may be signed with. */
  keys?: string[];
}

export interface Approvals {
  /** Each role must be filled; what it vouches for, in the plan's language. */
  roles: { role: string; title: string; statement: string }[];
  roster: Person[];
  selfApproval: boolean;
  onePersonManyRoles: boolean;
  /** Approvals count only with a signature by a key of the roster. */
  signed?: boolean;
}

/** Who may decide, whatever they sign off. */
export type Deciders = Pick<Approvals, 'roster' | 'selfApproval' | 'onePersonManyRoles'>;

/** The role of whoever started a deployment whose plan names nobody. */
const OPERATOR = 'operator';

/** Who may decide: the people of the plan, or whoever started the deployment where it names none. */
export const decidersOf = (approvals: Approvals, startedBy: string): Approvals =>
  approvals.roster.length > 0
    ? approvals
    : { ...approvals, roster: [{ id: startedBy, name: startedBy, roles: [OPERATOR] }] };

/**
 * Finds a person for every role, one role a person: a bipartite matching by augmenting paths (Kuhn).
 * @returns role → person, or undefined when the roster cannot fill the roles
 */
export function fillRoles(
  roster: readonly Pick<Person, 'id' | 'roles'>[],
  roles: readonly string[],
  onePersonManyRoles: boolean,
): Map<string, string> | undefined {
  const filled = new Map<string, string>();
  if (onePersonManyRoles) {
    for (const role of roles) {
      const person = roster.find((candidate) => candidate.roles.includes(role));
      if (!person) return undefined;
      filled.set(role, person.id);
    }
    return filled;
  }
  const roleOf = new Map<string, string>();
  const place = (role: string, seen: Set<string>): boolean => {
    for (const person of roster) {
      if (!person.roles.includes(role) || seen.has(person.id)) continue;
      seen.add(person.id);
      const occupied = roleOf.get(person.id);
      if (occupied === undefined || place(occupied, seen)) {
        roleOf.set(person.id, role);
        return true;
      }
    }
    return false;
  };
  if (!roles.every((role) => place(role, new Set()))) return undefined;
  for (const [person, role] of roleOf) filled.set(role, person);
  return filled;
}

/** What a signed approval signs, byte for byte. The namespace of the signature is `surefoot`. */
export const approvalStatement = (of: { deployment: string; digest: string; role: string; who: string }): string =>
  [
    'surefoot approval 1',
    `deployment ${of.deployment}`,
    `digest ${of.digest}`,
    `role ${of.role}`,
    `who ${of.who}`,
    '',
  ].join('\n');
