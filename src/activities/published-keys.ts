/** The keys that identity providers publish (https://openid.net/specs/openid-connect-discovery-1_0.html), asked by the runner itself. */
import { createHash, type JsonWebKey, randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { request } from '../adapters/http/http.js';
import { readJson } from '../adapters/http/json-service.js';
import { messageOf } from '../domain/message.js';
import { readText } from '../files/bounded-files.js';
import { type FindProviderKeys, signingKey } from '../policy/provider-keys.js';

/** Milliseconds for one answer: an act waits for it. */
const ANSWER = 5_000;

/** How long an answer, or that there was none, is not asked for again, milliseconds. */
const REMEMBERED = 10_000;

const LARGEST_ANSWER = 1_000_000;

const configuration = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.unknown()).max(100) });

type Found = Awaited<ReturnType<FindProviderKeys>>;

interface Asked {
  until: number;
  found: Promise<Found>;
}

/**
 * A token that was once seen to be signed with a key that was published then stays so, though the provider has taken
 * another key since; any other takes a key that is published now: one that was taken back proves nothing new.
 * @param state the runner's own folder, where it keeps which key that was; without one it is forgotten
 */
export function publishedKeys(state?: string): FindProviderKeys {
  const published = new Map<string, Asked>();
  const ask = (issuer: string): Promise<Found> => {
    const last = published.get(issuer);
    if (last && performance.now() < last.until) return last.found;
    // From the answer on: a provider that takes long is not asked for each of many words.
    const answered = () => {
      asked.until = performance.now() + REMEMBERED;
    };
    const asked: Asked = { until: Number.POSITIVE_INFINITY, found: keysOf(issuer).finally(answered) };
    published.set(issuer, asked);
    return asked.found;
  };
  return async (issuer, token) => {
    const name = `${createHash('sha256').update(`${issuer}\n${token}`).digest('hex')}.json`;
    const file = state === undefined ? undefined : join(state, 'identity', name);
    const before = file && (await kept(file));
    if (before) return { keys: [before] };
    const found = await ask(issuer);
    const key = 'keys' in found ? await signingKey(token, found.keys) : undefined;
    // What cannot be kept is asked for again: no way back is to fail for want of room on a disk.
    if (key && file) await keep(file, key).catch(() => {});
    return found;
  };
}

async function keysOf(issuer: string): Promise<Found> {
  const ask = (options: Omit<Parameters<typeof request>[0], 'timeout'>) =>
    request({ ...options, timeout: ANSWER, largest: LARGEST_ANSWER });
  try {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { issuer: says, jwks_uri: place } = await readJson({ url }, { ask, schema: configuration });
    if (says !== issuer) return { unknown: 'who answers there says that it is another provider' };
    const { protocol, origin } = new URL(place);
    if (protocol !== 'https:' && origin !== new URL(issuer).origin)
      return { unknown: 'the place of its keys is not one that is known by TLS' };
    return await readJson({ url: place }, { ask, schema: keySet });
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

/** Bytes; much more than a key has. */
const LARGEST_KEY = 100_000;

const kept = (file: string): Promise<JsonWebKey | undefined> =>
  readText(file, LARGEST_KEY)
    .then((text) => (JSON.parse(text) as { key: JsonWebKey }).key)
    .catch(() => undefined);

async function keep(file: string, key: JsonWebKey): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  // Two activities may look at the same token at once.
  const draft = `${file}.${randomBytes(4).toString('hex')}.part`;
  await writeFile(draft, JSON.stringify({ seenAt: new Date().toISOString(), key }), { mode: 0o600 });
  await rename(draft, file);
}
