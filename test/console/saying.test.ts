/** What can be said here, whatever a form says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decisionOf, sayableOf, speakerValue } from '../../src/console/saying.js';
import {
  DECISION_KINDS,
  DECISIONS,
  type DecisionKind,
  QUESTION_KINDS,
} from '../../src/domain/ledger/decision-kinds.js';
import { questionWith } from '../client/ledgers.js';
import { plan } from '../report/reports.js';
import { lookWith } from './looks.js';

const { roster } = plan.approvals;
const kinds = fc.uniqueArray(fc.constantFrom<DecisionKind>(...DECISIONS));
const roles = fc.uniqueArray(fc.constantFrom(...new Set(roster.flatMap((person) => person.roles)), 'nobody'), {
  minLength: 1,
});

const situations = fc.record({
  moves: kinds,
  signed: kinds,
  roles,
  kind: fc.constantFrom(...QUESTION_KINDS),
  hasPolicy: fc.boolean(),
  isPlanKnown: fc.boolean(),
  wantsSignatures: fc.boolean(),
  signedOff: fc.boolean(),
  signedIn: fc.option(fc.constantFrom(...roster.map(({ id }) => id), 'mallory'), { nil: undefined }),
  canSignIn: fc.boolean(),
});

const forms = fc.record({
  answer: fc.constantFrom(...DECISIONS, 'nonsense'),
  speaker: fc.constantFrom(
    ...roster.flatMap(({ id: person, roles: own }) => own.map((role) => speakerValue({ person, role }))),
    'mallory/qa',
  ),
  why: fc.constantFrom('', ' ', 'because'),
  to: fc.constantFrom('', '0123456789abcdef'),
});

test('nobody says what is not offered, in a role that was not asked, is not theirs or has signed off, or unsigned what has to be signed', () => {
  let said = 0;
  fc.assert(
    fc.property(situations, forms, (situation, form) => {
      const { moves, signed, hasPolicy, isPlanKnown, wantsSignatures, canSignIn } = situation;
      const question = questionWith({ kind: situation.kind, id: 'q', roles: situation.roles, moves });
      const approvals = situation.signedOff
        ? situation.roles.map((role) => ({ role, who: 'somebody', at: 0, digest: '' }))
        : [];
      const look = lookWith({ questions: [question], approvals });
      if (hasPolicy) look.ledger.demands = { signed, people: roster, approve: [], roles: {} };
      if (!isPlanKnown) look.planned = undefined;
      else if (look.planned) look.planned.plan.approvals.signed = wantsSignatures;
      const person = roster.find(({ id }) => id === situation.signedIn);
      const signedIn =
        canSignIn && situation.signedIn
          ? { person: situation.signedIn, name: '', roles: person?.roles ?? [] }
          : undefined;
      const sayable = sayableOf(look, 'q', { canSignIn, signedIn });
      const read = decisionOf(new URLSearchParams(form), { look, sayable });
      if (sayable.mayNot) expect(sayable.kinds).toEqual([]);
      if ('lacks' in read) return;
      said += 1;
      const { kind, who, role, why, subject } = read.decision;
      expect(moves).toContain(kind);
      expect(situation.roles).toContain(role);
      expect(roster.find(({ id }) => id === who)?.roles).toContain(role);
      expect(subject).toBe('q');
      if (kind === 'approve') expect(situation.signedOff).toBe(false);
      if (DECISION_KINDS[kind].asksWhy !== undefined) expect(why).toBe('because');
      if (canSignIn) expect(who).toBe(situation.signedIn);
      else {
        expect(hasPolicy && signed.includes(kind)).toBe(false);
        expect(kind === 'approve' && (!isPlanKnown || wantsSignatures)).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
  expect(said).toBeGreaterThan(5);
});
