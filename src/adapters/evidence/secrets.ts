/**
 * Secrets by reference, and this process's memory of them: what it must neither write down nor hand on. The memory is
 * one for all deployments of a worker: what is a secret to one of them is told by none.
 */
import { readFile, realpath } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import type { SecretReference } from '../../contract/plan/environment.js';
import { messageOf } from '../../domain/message.js';
import { askSecretHelper } from './secret-helper.js';

/** Every value that was ever read: one that has been replaced since is still a secret. */
const values = new Set<string>();

/** Remembers secrets that are not used here but could be printed by what is run. Those that cannot be read are left out. */
export async function rememberSecrets(all: readonly SecretReference[]): Promise<void> {
  await Promise.allSettled(all.map(readSecret));
}

/** Every secret that this process has come to know: what must not stand in anything it writes. */
export const knownSecrets = (): string[] => [...values];

/**
 * Reads the secret that a reference points to: `env:NAME`, `file:PATH` (one trailing newline is dropped), or
 * `exec:HELPER WORDS`, what that program writes.
 * Call it where the secret is used and keep the result out of everything that is written.
 */
export async function readSecret(reference: SecretReference): Promise<string> {
  const value = await look(reference);
  values.add(value);
  return value;
}

async function look(reference: SecretReference): Promise<string> {
  const [scheme, name] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)];
  if (scheme === 'env') {
    if (isWorkersOwn(name)) throw own(`the environment variable ${name}`);
    const value = process.env[name];
    if (value) return value;
    throw missing(`the environment variable ${name} is not set for the worker`);
  }
  if (scheme === 'file') return await contentOf(name);
  if (scheme === 'exec') return await fromHelper(name);
  throw missing(`"${scheme}:" is no kind of secret reference; use env:NAME, file:PATH or exec:HELPER`);
}

async function fromHelper(line: string): Promise<string> {
  const secret = await askSecretHelper(line).catch((error: unknown) => {
    throw missing(messageOf(error));
  });
  if (PRIVATE_KEY.test(secret)) throw own(`what ${line} gives, a private key,`);
  return secret;
}

async function contentOf(name: string): Promise<string> {
  try {
    const place = await realpath(name);
    // The worker's whole environment stands there, and more.
    if (/^\/(proc|sys|dev)\//.test(place) || (await ownReferences()).has(`file:${place}`))
      throw own(`the file ${name}`);
    const content = (await readFile(place, 'utf8')).replace(/\r?\n$/, '');
    if (PRIVATE_KEY.test(content)) throw own(`the file ${name}, a private key,`);
    return content;
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    throw missing(`the file ${name} cannot be read by the worker (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** What the worker itself is known by: a plan that named it would have it sent to whatever host the plan names. */
const OWN_VARIABLES = /^(SUREFOOT_PAYLOAD_KEYS|TEMPORAL_.*)$/;
/** RFC 7468, and the same of OpenSSH. No password looks like it. */
const PRIVATE_KEY = /-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----/;

/** Whether a variable is one that the worker itself is known by: no plan reads it, and no program is given it. */
export const isWorkersOwn = (name: string): boolean =>
  OWN_VARIABLES.test(name) || payloadKeyReferences().includes(`env:${name}`);

/** Where the keys of payloads are, as `SUREFOOT_PAYLOAD_KEYS` names them: `ID=env:NAME` or `ID=file:PATH`, with commas. */
const payloadKeyReferences = (): string[] =>
  (process.env.SUREFOOT_PAYLOAD_KEYS ?? '').split(',').map((each) => each.slice(each.indexOf('=') + 1).trim());

async function ownReferences(): Promise<Set<string>> {
  const places = payloadKeyReferences().map((reference) =>
    reference.startsWith('file:') ? realpath(reference.slice('file:'.length)).then(asFile, () => reference) : reference,
  );
  return new Set(await Promise.all(places));
}

const asFile = (place: string): string => `file:${place}`;

const own = (what: string) =>
  ApplicationFailure.create({
    type: FailureType.SecretMissing,
    message: `Secret not read: ${what} is not for plans to name, as it is what the worker or somebody else proves themselves by`,
    nonRetryable: true,
  });

const missing = (message: string) =>
  ApplicationFailure.create({
    type: FailureType.SecretMissing,
    message: `Secret not found: ${message}`,
    nonRetryable: true,
  });
