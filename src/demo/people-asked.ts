/** What the demo needs to have people sign off: who they are, by which policy, where they sign in, and who has started it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import { targetLayout } from '../../sandbox/local/target-layout.js';
import { identitySignIn } from '../console/identity/identity-sign-in.js';
import type { SignIn } from '../console/signed-in.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { type Approvals, fillRoles, type Person } from '../domain/decisions/approvals.js';
import { nonceOf, sealedByProvider, statementOf } from '../policy/dsse.js';
import { loadPolicy } from '../policy/policy.js';
import { startIdentityProvider } from './identity-provider.js';

/** The console, as the identity provider knows it. */
const AUDIENCE = 'surefoot-demo';

export interface PeopleAsked {
  /** The policy's file. */
  policy: string;
  signIn: SignIn;
  /** Who starts it, and does not sign it off. */
  starter: string;
  /** @returns the envelope of a start */
  sealedStart(start: { deployment: string; plan: ResolvedPlan; digest: string }): Promise<string>;
  stop(): void;
}

/** @throws CliError where nobody can sign in */
export async function askPeople(
  { home }: Pick<Sandbox, 'home'>,
  { plan, ports }: { plan: ResolvedPlan; ports: { identityProvider: number; console: number } },
): Promise<PeopleAsked> {
  const people = plan.approvals.roster;
  const { secrets } = targetLayout(home);
  const port = ports.identityProvider;
  const origins = ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${ports.console}`);
  const provider = await startIdentityProvider({ port, people, audience: AUDIENCE, origins, secrets });
  const { issuer, stop } = provider;
  try {
    const starter = whoCanStart(plan.approvals);
    const policy = join(home, 'policy.yaml');
    await writeFile(policy, stringify(policyOf(plan, { issuer, starter }), { aliasDuplicateObjects: false }), {
      mode: 0o600,
    });
    return {
      policy,
      signIn: await identitySignIn({ policy: loadPolicy(policy), issuer }),
      starter: starter.id,
      async sealedStart({ deployment, digest }) {
        const said = { deployment, service: plan.service, plan: digest, role: '', person: starter.id };
        const statement = statementOf({ ...said, decision: 'start' }, Date.now());
        return await sealedByProvider(statement, await provider.vouch(starter.id, nonceOf(statement)));
      },
      stop,
    };
  } catch (error) {
    stop();
    throw error;
  }
}

/** Somebody without whom the sign-offs can be given. */
export function whoCanStart({ roster, roles }: Pick<Approvals, 'roster' | 'roles'>): Person {
  const needed = roles.map(({ role }) => role);
  const found = roster.find(({ id }) =>
    fillRoles(
      roster.filter((other) => other.id !== id),
      needed,
      false,
    ),
  );
  if (!found) throw new Error('the plan’s sign-offs take everybody, and nobody is left to start it');
  return found;
}

function policyOf({ approvals, service }: ResolvedPlan, { issuer, starter }: { issuer: string; starter: Person }) {
  const people = approvals.roster.map(({ id, name, roles }) => {
    return [id, { name, roles, keys: [{ kind: 'oidc', issuer, subject: id }] }] as const;
  });
  const roles = approvals.roles.map(({ role }) => role);
  return {
    policy: 1,
    people: Object.fromEntries(people),
    identityProviders: [{ issuer, audience: AUDIENCE }],
    services: { [service]: { start: starter.roles, approve: roles } },
    decisions: { rollback: roles },
    // What else is asked, stand-ins answer.
    signed: ['start', 'approve'],
  };
}
