/** What a policy grants, in words. */
import { DECISIONS } from '../domain/ledger/decision-kinds.js';
import type { IdentityProvider } from './identity-token.js';
import type { Policy, PolicyKey, PolicyPerson, PolicyService } from './policy.js';

/** What a worker says that has none. */
export const WITHOUT_POLICY =
  'this worker has no policy (--policy): whoever reaches Temporal can decide in any name, but for approvals that a plan wants signed';

/** @param now epoch milliseconds: which keys count */
export function grantsOf(
  { people, passkeys, identityProviders, proofs, services, decisions, signed, automaticRollback, runners }: Policy,
  now: number,
): string[] {
  const everyone = DECISIONS.filter((kind) => kind !== 'approve' && decisions[kind] === undefined);
  return [
    ...[...people.values()].map((person) => personText(person, now)),
    ...(passkeys ? [`passkeys sign on ${passkeys.origins.join(', ')}, as those of ${passkeys.id}`] : []),
    ...[...identityProviders.values()].map(providerText),
    ...[...proofs].map(([role, kinds]) => `a word of ${role} is proven by ${kinds.join(' or ')}`),
    ...[...services].flatMap(([service, { start, approve, ...plans }]) => [
      `${service} is started by ${start.join(', ')}`,
      `${service} is signed off by ${approve.join(', ')}: each another person, and none who started it`,
      `${service} is deployed by ${plansText(plans)}`,
    ]),
    ...Object.entries(decisions).map(([kind, roles]) => `${kind} is said by ${roles.join(', ')}`),
    ...(everyone.length > 0 ? [`${everyone.join(', ')}: said by everybody here`] : []),
    signed.size === 0
      ? 'nothing has to be signed: whoever reaches Temporal decides in any name'
      : `signed: ${[...signed].join(', ')}`,
    automaticRollback
      ? 'a breach rolls production back by itself'
      : 'a breach asks, and a person signs before production is rolled back',
    ...(['staging', 'production'] as const).map(
      (name) => `on ${name} acts ${runners[name]?.join(', ') ?? 'any runner with this policy'}`,
    ),
  ];
}

function plansText({ plans = [], planSigners }: Pick<PolicyService, 'plans' | 'planSigners'>): string {
  const named = plans.length === 1 ? 'one plan' : `${plans.length} plans`;
  const ways = [
    ...(plans.length > 0 ? [`${named} (${plans.map((plan) => plan.slice(0, 12)).join(', ')})`] : []),
    ...(planSigners ? [`any plan that ${planSigners.join(' or ')} has signed`] : []),
  ];
  return ways.join(', and by ') || 'any plan';
}

function personText({ id, name, roles, keys }: PolicyPerson, now: number): string {
  const counting = keys.filter((key) => isCounting(key, now)).map(keyText);
  const gone = keys.length - counting.length;
  const lost = gone > 0 ? ` (${gone} more that ${gone === 1 ? 'does' : 'do'} not count now)` : '';
  return `${id} (${name}) is ${roles.join(', ')}, and signs with ${counting.join(', ') || 'nothing'}${lost}`;
}

const providerText = ({ issuer, audience, keys }: IdentityProvider): string =>
  `${issuer} says to ${audience} who has signed in, by ${keys ? 'the keys that are pinned here' : 'the keys that it publishes'}`;

function keyText({ kind, public: held }: PolicyKey): string {
  if (kind === 'oidc') return `the account ${held.email ?? held.subject} at ${held.issuer}`;
  return kind === 'passkey' ? `passkey ${held.fingerprint}` : held.fingerprint;
}

/** @param now epoch milliseconds */
export const isCounting = ({ from, until, revoked }: PolicyKey, now: number): boolean =>
  (from === undefined || from <= now) &&
  (until === undefined || now < until) &&
  (revoked === undefined || now < revoked);
