/**
 * Secrets by reference, and this process's memory of them: what it must neither write down nor hand on. The memory is
 * one for all deployments of a worker: what is a secret to one of them is told by none.
 */
import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import type { SecretReference } from '../../contract/plan/environment.js';
import { messageOf } from '../../domain/message.js';
import { readText, whyUnread } from '../../files/bounded-files.js';
import { askStore, NoSecret } from '../secrets/secret-store.js';
import { readVault, vaultTokenFile } from '../secrets/vault.js';
import { askSecretHelper } from './secret-helper.js';
import { isWorkersOwn, payloadKeyReferences } from './workers-own.js';

/** Bytes of a file; much more than a secret has. */
const LARGEST = 100_000;

/** Every value that was ever read: one that has been replaced since is still a secret. */
const values = new Set<string>();

/**
 * Remembers secrets that are not used here but could be printed by what is run. Those that cannot be read are left out.
 * @param longest milliseconds that it may take: what comes later is remembered then
 */
export async function rememberSecrets(all: readonly SecretReference[], longest?: number): Promise<void> {
  if (all.length === 0) return;
  const read = Promise.allSettled(all.map(readSecret));
  if (longest === undefined) return void (await read);
  const enough = new AbortController();
  const late = sleep(longest, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([read, late]);
  enough.abort();
}

/** Every secret that this process has come to know: what must not stand in anything it writes. */
export const knownSecrets = (): string[] => [...values];

/**
 * Reads the secret that a reference points to: `env:NAME`, `file:PATH` (one trailing newline is dropped), `exec:HELPER
 * WORDS`, what that program writes, `vault:PATH#KEY` or `aws-sm:NAME#KEY`.
 * Call it where the secret is used and keep the result out of everything that is written.
 * @throws ApplicationFailure `SecretMissing`; `SecretUnknown` where a store did not answer or does not let the worker see
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
  if (scheme === 'exec') return await fetched(name, () => askSecretHelper(name));
  if (scheme === 'vault') return await fetched(name, () => askStore(reference, () => readVault(name)));
  if (scheme === 'aws-sm') return await fetched(name, () => askStore(reference, () => readAws(name)));
  throw missing(`"${scheme}:" is no kind of secret reference; use env:, file:, exec:, vault: or aws-sm:`);
}

/** Loaded when a plan has such a secret: most have none, and the SDK is large. */
async function readAws(name: string): Promise<string> {
  const { readAwsSecret } = await import('../secrets/aws-secrets-manager.js');
  return await readAwsSecret(name);
}

async function fetched(from: string, ask: () => Promise<string>): Promise<string> {
  const secret = await ask().catch((error: unknown) => {
    throw error instanceof NoSecret && error.kind !== 'missing' ? unknown(error) : missing(messageOf(error));
  });
  if (secret === '') throw missing(`what ${from} gives is empty`);
  if (PRIVATE_KEY.test(secret)) throw own(`what ${from} gives, a private key,`);
  return secret;
}

async function contentOf(name: string): Promise<string> {
  try {
    const place = await realpath(name);
    // The worker's whole environment stands there, and more.
    if (/^\/(proc|sys|dev)\//.test(place) || (await ownReferences()).has(`file:${place}`))
      throw own(`the file ${name}`);
    const content = (await readText(place, LARGEST)).replace(/\r?\n$/, '');
    if (PRIVATE_KEY.test(content)) throw own(`the file ${name}, a private key,`);
    return content;
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    throw missing(`the file ${name} cannot be read by the worker (${whyUnread(error)})`);
  }
}

/** RFC 7468, and the same of OpenSSH. No password looks like it. */
const PRIVATE_KEY = /-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----/;

async function ownReferences(): Promise<Set<string>> {
  const places = [...payloadKeyReferences(), `file:${vaultTokenFile()}`].map((reference) =>
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

/** Not `missing`: what was not seen may well be there. A store that is silent now may answer the next time. */
const unknown = ({ kind, message }: NoSecret) =>
  ApplicationFailure.create({
    type: FailureType.SecretUnknown,
    message: `Secret not read: ${message}`,
    nonRetryable: kind === 'refused',
  });
