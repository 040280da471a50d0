/** The policy of a worker: read once, from its own disk. Neither a plan nor Temporal has a say in it. */
import type { z } from 'zod';
import { runnerQueue } from '../contract/names.js';
import type { EnvironmentName } from '../contract/plan/environment.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { fillRoles } from '../domain/decisions/approvals.js';
import type { Demands } from '../domain/decisions/demands.js';
import type { DecisionKind } from '../domain/ledger/decision-kinds.js';
import type { OwnRunners } from '../domain/runner.js';
import type { PlanDocument } from '../plan/core/document.js';
import { openDocument } from '../plan/core/open.js';
import { formatPath, type Path, PlanError, type Problem } from '../plan/core/problems.js';
import { nearest } from '../plan/core/suggest.js';
import { readDocumentAs } from '../plan/sections.js';
import type { SignatureKind } from './dsse.js';
import { type Account, type IdentityProvider, readAccount } from './identity-token.js';
import { type Passkey, type PasskeyPlace, readPasskey } from './passkey.js';
import { type FindProviderKeys, readProviderKey } from './provider-keys.js';
import { policySchema } from './schema.js';
import { readSshKey, type SshKey } from './ssh-key.js';
import { Malformed } from './ssh-wire.js';

type ReadKey =
  | { kind: 'ssh'; public: SshKey }
  | { kind: 'passkey'; public: Passkey }
  | { kind: 'oidc'; public: Account };

export type PolicyKey = Validity & ReadKey;

interface Validity {
  /** Epoch milliseconds; missing where nothing is said. */
  from?: number;
  until?: number;
  revoked?: number;
}

export interface PolicyPerson {
  id: string;
  name: string;
  roles: string[];
  keys: PolicyKey[];
}

export interface PolicyService {
  start: string[];
  approve: string[];
  plans?: string[];
  planSigners?: string[];
}

export interface Policy {
  people: Map<string, PolicyPerson>;
  passkeys?: PasskeyPlace;
  /** By issuer. */
  identityProviders: Map<string, IdentityProvider>;
  /** The file does not say it: whoever goes by the policy knows where to look, unless the file pins the keys. */
  findProviderKeys?: FindProviderKeys;
  /** By role; a role that is not there takes any. */
  proofs: Map<string, SignatureKind[]>;
  services: Map<string, PolicyService>;
  decisions: Partial<Record<DecisionKind, string[]>>;
  signed: Set<Demands['signed'][number]>;
  automaticRollback: boolean;
  runners: Partial<Record<EnvironmentName, string[]>>;
}

type Authored = z.output<typeof policySchema>;
type AuthoredKey = Authored['people'][string]['keys'][number];

/** @throws PlanError with everything that is wrong with the file */
export function loadPolicy(file: string): Policy {
  const { document, problems } = openDocument(file, 'policy: 1');
  if (!document) throw new PlanError(problems);
  const read = readDocumentAs(document, policySchema);
  if (!read.value) throw new PlanError(read.problems);
  const resolving = new Resolving(document);
  const policy = resolving.policy(read.value);
  const all = [...read.problems, ...resolving.problems];
  if (all.length > 0) throw new PlanError(all);
  return policy;
}

/** What a deployment of a service is told of the policy; undefined where it is about no such service. */
export function demandsOf({ people, services, decisions, signed }: Policy, service: string): Demands | undefined {
  const found = services.get(service);
  if (!found) return undefined;
  return {
    signed: [...signed],
    people: [...people.values()].map(({ id, name, roles }) => ({ id, name, roles })),
    approve: found.approve,
    roles: decisions,
  };
}

/**
 * Who runs the commands of a plan's environments that the policy names runners for: whoever admits the deployment where
 * that one is among them, else the first; undefined where it names none.
 */
export function ownRunnersOf(
  { runners }: Pick<Policy, 'runners'>,
  { environments, admitting }: Pick<ResolvedPlan, 'environments'> & { admitting: string },
): OwnRunners | undefined {
  const own = (['staging', 'production'] as const).flatMap((environment) => {
    const named = (environments[environment] && runners[environment]) ?? [];
    const runner = named.includes(admitting) ? admitting : named[0];
    return runner === undefined ? [] : [[environment, { queue: runnerQueue(runner), named }]];
  });
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/** The environments that the policy names a runner for. */
export const environmentsNaming = ({ runners }: Pick<Policy, 'runners'>, runner: string): EnvironmentName[] =>
  (['staging', 'production'] as const).filter((environment) => runners[environment]?.includes(runner));

/** What nobody else's key may have. */
const marksOf = (key: ReadKey): string[] =>
  key.kind === 'passkey' ? [key.public.fingerprint, key.public.credential] : [key.public.fingerprint];

class Resolving {
  readonly problems: Problem[] = [];

  constructor(private readonly document: PlanDocument) {}

  policy(authored: Authored): Policy {
    const identityProviders = this.identityProviders(authored);
    const people = this.people(authored);
    const held = new Set([...people.values()].flatMap(({ roles }) => roles));
    for (const [service, { start, approve, planSigners }] of Object.entries(authored.services)) {
      this.known(start, held, ['services', service, 'start']);
      if (planSigners && this.known(planSigners, held, ['services', service, 'planSigners']))
        this.signable(people, { service, planSigners, proofs: authored.proofs });
      if (this.known(approve, held, ['services', service, 'approve'])) this.quorum(people, { service, start, approve });
    }
    for (const [kind, roles] of Object.entries(authored.decisions)) this.known(roles, held, ['decisions', kind]);
    this.provable(people, authored);
    for (const role of Object.keys(authored.proofs)) this.known([role], held, ['proofs']);
    return {
      people,
      passkeys: authored.passkeys,
      identityProviders,
      proofs: new Map(Object.entries(authored.proofs)),
      services: new Map(Object.entries(authored.services)),
      decisions: authored.decisions,
      signed: new Set(authored.signed),
      automaticRollback: authored.automaticRollback,
      runners: authored.runners,
    };
  }

  private identityProviders({ identityProviders, people }: Authored): Map<string, IdentityProvider> {
    const read = new Map<string, IdentityProvider>();
    for (const [index, { issuer, audience, keys }] of identityProviders.entries()) {
      const at = ['identityProviders', index];
      if (read.has(issuer)) this.report([...at, 'issuer'], 'Stands here twice');
      const pinned = keys?.flatMap((key, place) => this.providerKey(key, [...at, 'keys', place]) ?? []);
      read.set(issuer, { issuer, audience, keys: pinned });
    }
    const first = new Map<string, string>();
    for (const [id, { keys }] of Object.entries(people)) {
      for (const [index, key] of keys.entries()) {
        if (key.kind !== 'oidc') continue;
        const at = ['people', id, 'keys', index];
        const { issuer, email } = key;
        if (!read.has(issuer))
          this.report([...at, 'issuer'], 'Is none of `identityProviders`', nearest(issuer, read.keys()));
        const by = email === undefined ? 'subject' : 'email';
        if ((first.get(issuer) ?? by) !== by)
          this.report(
            [...at, by],
            `Name all people of ${issuer} by the same: one account could stand for two otherwise`,
          );
        first.set(issuer, by);
      }
    }
    return read;
  }

  private providerKey(written: Record<string, unknown>, at: Path): IdentityProvider['keys'] {
    try {
      return [readProviderKey(written)];
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.report(at, `Is no key to go by: ${error.message}`);
      return undefined;
    }
  }

  /** Who has a role can prove it, where the role says by what. */
  private provable(people: Map<string, PolicyPerson>, { proofs, signed }: Authored): void {
    if (signed.length === 0) return;
    for (const { id, roles, keys } of people.values()) {
      for (const role of roles) {
        const { [role]: taken } = proofs;
        if (!taken || keys.some(({ kind }) => taken.includes(kind))) continue;
        this.report(['people', id, 'keys'], `Has no ${taken.join(' or ')}, which is what proves a word of ${role}`);
      }
    }
  }

  private people({ people, signed, passkeys }: Authored): Map<string, PolicyPerson> {
    const holders = new Map<string, string>();
    const resolved = Object.entries(people).map(([id, { name, roles, keys }]): [string, PolicyPerson] => {
      if (keys.length === 0 && signed.length > 0) {
        this.report(['people', id], 'Has no key, and signatures are asked for: add `keys: [{kind: ssh, key: "…"}]`');
      }
      const read = keys.flatMap((authored, index): PolicyKey[] => {
        const { from, until, revoked } = authored;
        const at: Path = ['people', id, 'keys', index, authored.kind === 'oidc' ? 'issuer' : 'key'];
        const found = this.key(authored, at);
        if (!found) return [];
        if (found.kind === 'passkey' && !passkeys)
          this.report(at, 'Nothing says where passkeys sign: add `passkeys: {id: DOMAIN, origins: ["https://…"]}`');
        for (const mark of marksOf(found)) {
          const holder = holders.get(mark);
          if (holder !== undefined)
            this.report(at, `Is a key of ${holder} already: a key is one person’s, and stands here once`);
          holders.set(mark, id);
        }
        if (from !== undefined && until !== undefined && from >= until)
          this.report(at, 'Never counts: `until` is not after `from`');
        return [{ ...found, from, until, revoked }];
      });
      return [id, { id, name, roles, keys: read }];
    });
    this.distinct(resolved.map(([id]) => id));
    return new Map(resolved);
  }

  private key(written: AuthoredKey, at: Path): ReadKey | undefined {
    try {
      if (written.kind === 'ssh') return { kind: 'ssh', public: readSshKey(written.key) };
      if (written.kind === 'oidc') return { kind: 'oidc', public: readAccount(written) };
      return { kind: 'passkey', public: readPasskey(written) };
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.report(at, `Is no key to go by: ${error.message}`);
      return undefined;
    }
  }

  /** Two names that a reader takes for one are two people to a machine. */
  private distinct(ids: string[]): void {
    const seen = new Map<string, string>();
    for (const id of ids) {
      const other = seen.get(id.toLowerCase());
      if (other !== undefined) this.report(['people', id], `Differs from ${other} by capital letters only`);
      seen.set(id.toLowerCase(), id);
    }
  }

  private known(roles: string[], held: Set<string>, at: Path): boolean {
    const unknown = roles.filter((role) => !held.has(role));
    for (const role of unknown) {
      this.report([...at, roles.indexOf(role)], `Nobody has the role ${role}`, nearest(role, held));
    }
    return unknown.length === 0;
  }

  /** Plans are signed at a command line, by SSH keys: somebody can. */
  private signable(
    people: Map<string, PolicyPerson>,
    { service, planSigners, proofs }: { service: string; planSigners: string[] } & Pick<Authored, 'proofs'>,
  ): void {
    const taken = planSigners.filter((role) => proofs[role]?.includes('ssh') ?? true);
    const canSign = ({ roles, keys }: PolicyPerson): boolean =>
      roles.some((role) => taken.includes(role)) && keys.some(({ kind }) => kind === 'ssh');
    if ([...people.values()].some(canSign)) return;
    const message = 'Nobody could sign a plan: it takes an SSH key, of somebody in whose role that proves it';
    this.report(['services', service, 'planSigners'], message);
  }

  /** Whoever starts it, enough others are left to sign it off. */
  private quorum(
    people: Map<string, PolicyPerson>,
    { service, start, approve }: { service: string; start: string[]; approve: string[] },
  ): void {
    const all = [...people.values()];
    const starters = all.filter(({ roles }) => roles.some((role) => start.includes(role)));
    const isReachable = starters.some(({ id }) =>
      fillRoles(
        all.filter((other) => other.id !== id),
        approve,
        false,
      ),
    );
    if (isReachable) return;
    const message =
      'Can never be signed off: each role takes a person of its own, and none of them may have started it';
    this.report(['services', service, 'approve'], message);
  }

  private report(path: Path, message: string, suggestion?: string): void {
    this.problems.push({
      path: formatPath(path),
      ...this.document.locate(path),
      message,
      ...(suggestion ? { suggestion } : {}),
    });
  }
}
