/**
 * Secrets in HashiCorp Vault's key-value stores, version 1 and 2, as `vault kv get PATH` finds them.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readText, whyUnread } from '../../files/bounded-files.js';
import { fieldOf, type HttpAnswer, jsonOf } from '../http/http.js';
import { type PatientRequest, patientRequests } from '../http/patient-request.js';
import {
  inTime,
  NoSecret,
  notUnderstood,
  STORE_WITHIN,
  secretPlace,
  secureUrl,
  silent,
  textAt,
} from './secret-store.js';

/** Bytes; Vault itself takes no entry of more than 1 MiB. */
const LARGEST = 2_000_000;
const LARGEST_TOKEN = 64_000;

/** A sealed or changing Vault is soon another one: asked again at once, then a little later. Milliseconds. */
const PATIENCE = { answer: STORE_WITHIN, whole: STORE_WITHIN, pause: 100 };

/** Where the token is that the worker proves itself by, unless it is in VAULT_TOKEN: an agent keeps it fresh there. */
export const vaultTokenFile = (): string => process.env.VAULT_TOKEN_FILE ?? join(homedir(), '.vault-token');

/**
 * @param written `PATH#KEY`
 * @throws NoSecret
 */
export function readVault(written: string): Promise<string> {
  const { name, key = '' } = secretPlace(written);
  return inTime('Vault', async (signal) => {
    const read = await openVault(patientRequests(signal, PATIENCE));
    const where = `${name} in Vault`;
    return textAt(await valuesOf(read, name, where), key, where);
  });
}

/** One answer; undefined for 404. */
type Read = (path: string, where: string) => Promise<unknown>;

async function openVault(ask: PatientRequest): Promise<Read> {
  const { VAULT_ADDR: address = '', VAULT_NAMESPACE: namespace } = process.env;
  if (address === '') throw new NoSecret('refused', 'VAULT_ADDR, where Vault is, is not set for the worker');
  const base = secureUrl(address, 'VAULT_ADDR').href.replace(/\/+$/, '');
  const headers = {
    'x-vault-token': await vaultToken(),
    'x-vault-request': 'true',
    ...(namespace ? { 'x-vault-namespace': namespace } : {}),
  };
  return async (path, where) => {
    const answer = await ask({ url: `${base}/v1/${path}`, headers, largest: LARGEST });
    const { status, statusText } = answer;
    // A proxy's page in its place, or half an answer, is none of Vault's: it says of nothing that it is not there.
    const body = answers.safeParse(jsonOf(answer)).data;
    if (!body && (status === 200 || status === 404)) throw notUnderstood('Vault', where);
    if (status === 200) return body;
    if (status === 404) return undefined;
    if (isSilence(answer)) throw silent('Vault', status === 503 ? `${statusText}: it is sealed or down` : statusText);
    throw new NoSecret(
      'refused',
      `Vault does not show ${where} to the worker (${statusText}); whether it is there is unknown`,
    );
  };
}

/** Sealed, down, too busy, or not yet as far as others of its cluster (412): it may be otherwise in a moment. */
const isSilence = ({ status }: HttpAnswer): boolean => status >= 500 || [412, 429, 472, 473].includes(status);

async function vaultToken(): Promise<string> {
  if (process.env.VAULT_TOKEN) return process.env.VAULT_TOKEN;
  const file = vaultTokenFile();
  let unread = '';
  const text = await readText(file, LARGEST_TOKEN).catch((error: unknown) => {
    unread = ` (${whyUnread(error)})`;
    return '';
  });
  const token = text.trim();
  // Anything else cannot be a header, and the failure would repeat it.
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new NoSecret(
    'refused',
    `The worker has no token of Vault: VAULT_TOKEN is not set, and none can be read in ${file}${unread}`,
  );
}

const values = z.record(z.string(), z.unknown());

/** As each answer of Vault's is. */
const answers = z.union([z.object({ data: values }), z.object({ errors: z.array(z.unknown()) })]);

const mount = z.object({
  data: z.object({
    path: z.string().min(1),
    type: z.string(),
    options: z.object({ version: z.string().optional() }).nullish(),
  }),
});

async function valuesOf(read: Read, name: string, where: string): Promise<Record<string, unknown>> {
  // As Vault's own commands find out which of a path's parts are the store's, and of which version it is.
  const told = mount.safeParse(await read(`sys/internal/ui/mounts/${encoded(name)}`, where));
  if (!told.success) throw notUnderstood('Vault', where);
  const { path, type, options } = told.data.data;
  if (!['kv', 'generic'].includes(type))
    throw new NoSecret('missing', `${where} is in no key-value store (${inert(type)})`);
  if (!name.startsWith(path) || name === path)
    throw new NoSecret('missing', `${where} names a store and no secret in it`);
  const isVersioned = options?.version === '2';
  const place = isVersioned ? `${path}data/${name.slice(path.length)}` : name;
  const answer = await read(encoded(place), where);
  if (answer === undefined)
    throw new NoSecret('missing', `There is no ${where}, or it is deleted; a path is written as for \`vault kv get\``);
  const found = values.safeParse(isVersioned ? fieldOf(fieldOf(answer, 'data'), 'data') : fieldOf(answer, 'data'));
  if (!found.success) throw notUnderstood('Vault', where);
  return found.data;
}

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** A word of Vault's, as far as it can be one. */
const inert = (type: string): string => type.replaceAll(/[^\w-]/g, '').slice(0, 40);
