/** A policy with one person for each role, who sign by SSH keys, passkeys and an identity provider in turn. */
import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCBOR } from '@levischuck/tiny-cbor';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Statement } from '../src/contract/envelope.js';
import type { ResolvedPlan } from '../src/contract/plan/plan.js';
import {
  ENVELOPE_NAMESPACE,
  nonceOf,
  type SignatureKind,
  sealed,
  sealedByPasskey,
  sealedByProvider,
} from '../src/policy/dsse.js';
import { loadPolicy, type Policy } from '../src/policy/policy.js';
import { makeKey } from '../test/helpers/ssh-keys.js';

export interface Signer {
  who: string;
  role: string;
  seal(statement: Statement): Promise<string>;
}

const STARTER = { who: 'ana.souza', role: 'tech-lead', by: 'ssh' } as const;
const APPROVERS: readonly { who: string; role: string; by: SignatureKind }[] = [
  { who: 'bruno.lima', role: 'tech-lead', by: 'ssh' },
  { who: 'carla.mendes', role: 'backend-team', by: 'passkey' },
  { who: 'diego.alves', role: 'devops', by: 'oidc' },
  { who: 'elisa.rocha', role: 'qa', by: 'passkey' },
  { who: 'gabriela.dias', role: 'product-owner', by: 'oidc' },
];

const ISSUER = 'https://accounts.example.com';
const AUDIENCE = 'surefoot';
const DOMAIN = 'surefoot.example.com';
const HOUR = 3_600;

/** How somebody signs, and how the policy knows them. */
type Means = Pick<Signer, 'seal'> & { key: object };

/** @param folder for the policy's file and the keys of ssh */
export async function signersOf(
  plan: ResolvedPlan,
  folder: string,
): Promise<{ policy: Policy; starter: Signer; approvers: Signer[] }> {
  const provider = await generateKeyPair('RS256');
  const means: Record<SignatureKind, (who: string) => Means> = {
    ssh: (who) => sshKey(who, folder),
    passkey: passkey,
    oidc: (who) => account(who, provider.privateKey),
  };
  const people = [STARTER, ...APPROVERS].map(({ by, ...person }) => ({ ...person, ...means[by](person.who) }));
  const [starter, ...approvers] = people as [Signer & Means, ...(Signer & Means)[]];
  const published = { ...(await exportJWK(provider.publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' };
  const file = join(folder, 'policy.yaml');
  // Every JSON is YAML.
  const written = JSON.stringify({
    policy: 1,
    people: Object.fromEntries(people.map(({ who, role, key }) => [who, { name: who, roles: [role], keys: [key] }])),
    passkeys: { id: DOMAIN, origins: [`https://${DOMAIN}`] },
    identityProviders: [{ issuer: ISSUER, audience: AUDIENCE, keys: [published] }],
    services: { [plan.service]: { start: [STARTER.role], approve: APPROVERS.map(({ role }) => role) } },
    decisions: { rollback: ['devops'] },
  });
  writeFileSync(file, written);
  return { policy: loadPolicy(file), starter, approvers };
}

function sshKey(who: string, folder: string): Means {
  const key = makeKey(folder, who);
  return {
    key: { kind: 'ssh', key: key.publicKey },
    seal: (statement) => sealed(statement, (message) => key.sign(message, ENVELOPE_NAMESPACE)),
  };
}

function account(who: string, privateKey: CryptoKey): Means {
  return {
    key: { kind: 'oidc', issuer: ISSUER, subject: who },
    async seal(statement) {
      const now = Math.floor(Date.now() / 1_000);
      const claims = { iss: ISSUER, aud: AUDIENCE, sub: who, nonce: nonceOf(statement) };
      const token = await new SignJWT({ ...claims, auth_time: now, iat: now, exp: now + HOUR })
        .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
        .sign(privateKey);
      return sealedByProvider(statement, token);
    },
  };
}

/** As an authenticator makes it, with user verification: https://www.w3.org/TR/webauthn-3/#sctn-op-get-assertion */
function passkey(who: string): Means {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = Buffer.from(`passkey of ${who}`).toString('base64url');
  return {
    key: { kind: 'passkey', credential: id, key: coseOf(publicKey) },
    seal: (statement) =>
      sealedByPasskey(statement, async (challenge) => {
        const client = { type: 'webauthn.get', challenge, origin: `https://${DOMAIN}`, crossOrigin: false };
        const clientData = Buffer.from(JSON.stringify(client));
        const [userPresent, userVerified] = [1, 4];
        const counter = Buffer.alloc(4);
        const authenticatorData = Buffer.concat([sha256(DOMAIN), Buffer.of(userPresent | userVerified), counter]);
        const signed = Buffer.concat([authenticatorData, sha256(clientData)]);
        return {
          id,
          authenticatorData: authenticatorData.toString('base64url'),
          clientDataJSON: clientData.toString('base64url'),
          signature: createSign('sha256').update(signed).sign(privateKey).toString('base64url'),
        };
      }),
  };
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/** An ES256 key in base64, labelled as in RFC 9053. */
function coseOf(key: KeyObject): string {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const number = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
  const labelled = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, number(x)],
    [-3, number(y)],
  ] as const;
  return Buffer.from(encodeCBOR(new Map<number, number | Uint8Array>(labelled))).toString('base64');
}
