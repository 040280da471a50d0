import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillRoles } from '../../../src/domain/decisions/approvals.js';

const ROLES = ['qa', 'dba', 'devops', 'lead', 'product'];

const rosters = fc
  .array(fc.subarray(ROLES), { maxLength: 6 })
  .map((people) => people.map((roles, number) => ({ id: `p${number}`, roles })));
const asked = fc.subarray(ROLES);

/** Tries every person for every role. */
function isPossible(roster: { id: string; roles: string[] }[], roles: readonly string[]): boolean {
  const [role, ...rest] = roles;
  if (role === undefined) return true;
  return roster.some(
    (person) =>
      person.roles.includes(role) &&
      isPossible(
        roster.filter((other) => other !== person),
        rest,
      ),
  );
}

describe('filling the roles', () => {
  test('succeeds whenever trying everything does, with one role a person', () => {
    fc.assert(
      fc.property(rosters, asked, (roster, roles) => {
        const filled = fillRoles(roster, roles, false);
        expect(filled !== undefined).toBe(isPossible(roster, roles));
        if (!filled) return;
        expect([...filled.keys()].sort()).toEqual([...roles].sort());
        expect(new Set(filled.values()).size).toBe(roles.length);
        for (const [role, who] of filled) expect(roster.find(({ id }) => id === who)?.roles).toContain(role);
      }),
      { numRuns: 1_000 },
    );
  });

  test('needs somebody for each role where one person may fill many', () => {
    fc.assert(
      fc.property(rosters, asked, (roster, roles) => {
        const filled = fillRoles(roster, roles, true);
        expect(filled !== undefined).toBe(roles.every((role) => roster.some((person) => person.roles.includes(role))));
        for (const [role, who] of filled ?? []) expect(roster.find(({ id }) => id === who)?.roles).toContain(role);
      }),
    );
  });

  test('moves an earlier person to another role when that is the only way', () => {
    const roster = [
      { id: 'ana', roles: ['qa', 'dba'] },
      { id: 'bob', roles: ['qa'] },
    ];
    expect(fillRoles(roster, ['qa', 'dba'], false)).toEqual(
      new Map([
        ['dba', 'ana'],
        ['qa', 'bob'],
      ]),
    );
  });

  test('of nothing needs nobody', () => {
    expect(fillRoles([], [], false)).toEqual(new Map());
    expect(fillRoles([], ['qa'], false)).toBeUndefined();
  });
});
