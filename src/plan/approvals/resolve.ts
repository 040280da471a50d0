/** Sign-offs: whether the people of the roster can fill the roles at all. */
import type { Confirmation } from '../../contract/plan/plan.js';
import { type Approvals, fillRoles } from '../../domain/decisions/approvals.js';
import type { Path } from '../core/problems.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';
import type { AuthoredApprovals, AuthoredConfirmations } from './schema.js';

interface ApprovalSections extends MachineMaps {
  approvals?: AuthoredApprovals;
  confirmations?: AuthoredConfirmations;
}
type Resolution = ResolutionOf<ApprovalSections>;

/**
 * Roles that stay empty when as many as possible are filled.
 * @param without a person who may not approve: who started the deployment
 */
function unfilledRoles(approvals: Approvals, without?: string): string[] {
  const people = approvals.roster.filter(({ id }) => id !== without);
  const filled: string[] = [];
  const unfilled: string[] = [];
  for (const { role } of approvals.roles) {
    const fits = fillRoles(people, [...filled, role], approvals.onePersonManyRoles) !== undefined;
    (fits ? filled : unfilled).push(role);
  }
  return unfilled;
}

export function resolveApprovals(resolution: Resolution): Approvals | undefined {
  const authored = resolution.sections.approvals;
  if (authored === undefined) return undefined;
  const approvals: Approvals = {
    roles: Object.entries(authored.roles).map(([role, { title, statement }]) => ({ role, title, statement })),
    roster: Object.entries(authored.roster).map(([id, person]) => ({ id, ...person })),
    selfApproval: authored.selfApproval,
    onePersonManyRoles: authored.onePersonManyRoles,
    ...(authored.signed ? { signed: true } : {}),
  };
  if (authored.signed) checkKeys(resolution, approvals);
  if (approvals.roles.length === 0)
    resolution.report(['approvals', 'roles'], 'No role is listed: nobody would approve');
  const known = Object.entries(authored.roster)
    .map(([id, { roles }]) => knowsRoles(resolution, { roles, path: ['approvals', 'roster', id, 'roles'] }))
    .every(Boolean);
  if (known) checkRoster(resolution, approvals);
  return approvals;
}

function checkRoster(resolution: Resolution, approvals: Approvals): void {
  const nobody = approvals.roles.filter(({ role }) => !approvals.roster.some(({ roles }) => roles.includes(role)));
  for (const { role } of nobody) {
    resolution.report(['approvals', 'roles', role], { message: 'Nobody on the roster has this role', key: true });
  }
  if (nobody.length > 0) return;
  const unfilled = unfilledRoles(approvals);
  if (unfilled.length > 0) {
    const message =
      `The roster can’t fill all roles at once, as one person fills one role: nobody is left for ${unfilled.join(', ')}. ` +
      'Add people, or set onePersonManyRoles: true';
    resolution.report(['approvals', 'roster'], { message, key: true });
    return;
  }
  if (approvals.selfApproval) return;
  for (const { id } of approvals.roster) {
    const missing = unfilledRoles(approvals, id);
    if (missing.length === 0) continue;
    const message = `Can’t start this deployment, as nobody else could approve as ${missing.join(', ')}; add a person`;
    resolution.warn(['approvals', 'roster', id], { message, key: true });
  }
}

/** A person without a key can sign nothing, so nobody without one counts when approvals are signed. */
function checkKeys(resolution: Resolution, { roster }: Approvals): void {
  for (const { id, keys = [] } of roster) {
    if (keys.length > 0) continue;
    resolution.report(['approvals', 'roster', id], {
      message: 'Approvals are signed in this plan, and this person has no key: add `keys: ["ssh-ed25519 AAAA…"]`',
      key: true,
    });
  }
}

type Confirmations = Record<keyof AuthoredConfirmations, Confirmation[]>;

export function resolveConfirmations(resolution: Resolution): Confirmations | undefined {
  const authored = resolution.sections.confirmations;
  if (authored === undefined) return undefined;
  const seen = new Map<string, string>();
  const result: Confirmations = { prerequisites: [], staging: [], preparation: [] };
  for (const phase of ['prerequisites', 'staging', 'preparation'] as const) {
    for (const [id, confirmation] of Object.entries(authored[phase])) {
      const path = ['confirmations', phase, id];
      const other = seen.get(id);
      if (other !== undefined) {
        resolution.report(path, { message: `There is a confirmation \`${id}\` in ${other} already`, key: true });
      }
      seen.set(id, phase);
      knowsRoles(resolution, { roles: confirmation.roles, path: [...path, 'roles'] });
      result[phase].push({ id, ...confirmation });
    }
  }
  return result;
}

function knowsRoles(resolution: Resolution, { roles, path }: { roles: string[]; path: Path }): boolean {
  return roles
    .map((role, index) => resolution.knows(role, { at: ['approvals', 'roles'], label: 'role', from: [...path, index] }))
    .every(Boolean);
}
