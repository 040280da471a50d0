/** Stores that keep secrets for many: what a reference names in one, why there is none, and how often one is asked. */
import { formatDuration } from '../../domain/duration.js';
import { NoAnswer } from '../http/http.js';
import { isLoopback } from '../postgres/postgres-tls.js';

/**
 * Why a store gave no secret: `missing`, it says that there is none; `refused`, it does not let the worker see, and
 * `silent`, it did not answer: then what is there is unknown. The message is for people, and none of the store's words.
 */
export class NoSecret extends Error {
  override name = 'NoSecret';
  constructor(
    readonly kind: 'missing' | 'refused' | 'silent',
    message: string,
  ) {
    super(message);
  }
}

/** What follows `vault:` and `aws-sm:`: a secret's name, and the key of the value in it. */
export function secretPlace(written: string): { name: string; key: string | undefined } {
  const at = written.lastIndexOf('#');
  return at < 0 ? { name: written, key: undefined } : { name: written.slice(0, at), key: written.slice(at + 1) };
}

/** @param where the secret, for people. @throws NoSecret */
export function textAt(values: Record<string, unknown>, key: string, where: string): string {
  if (!Object.hasOwn(values, key)) throw new NoSecret('missing', `${where} has no key "${key}"`);
  const value = values[key];
  if (typeof value !== 'string') throw new NoSecret('missing', `"${key}" of ${where} is no text: write it in quotes`);
  return value;
}

/** @throws NoSecret for what others could read on its way */
export function secureUrl(written: string, from: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new NoSecret('refused', `${from} is no URL that begins with https: (http: only to this machine)`);
}

/** Milliseconds for all that is asked for one secret: what nobody answers by then holds up a rollback. */
export const STORE_WITHIN = 4_000;

/** @throws NoSecret for no answer in time; what the work throws */
export async function inTime<T>(store: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(STORE_WITHIN);
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  try {
    return await Promise.race([work(signal), late]);
  } catch (error) {
    // Each request in it is given that long, too: which of both limits ends it is chance.
    const isLate = signal.aborted || (error instanceof NoAnswer && error.code === 'timeout');
    if (isLate) throw silent(store, `nothing within ${formatDuration(STORE_WITHIN)}`);
    throw error instanceof NoAnswer ? silent(store, error.message) : error;
  }
}

export const silent = (store: string, why: string): NoSecret =>
  new NoSecret('silent', `${store} gave no answer (${why}); what it holds is unknown`);

export const notUnderstood = (store: string, where: string): NoSecret =>
  new NoSecret('refused', `What ${store} answered of ${where} is not understood; whether it is there is unknown`);

/** For so long an answer holds, milliseconds: each command asks for every secret, so that none stands in its output. */
const HOLDS = 60_000;
/** The same of none: whoever needs no secret of a silent store is not to wait for it each time. */
const NONE_HOLDS = 10_000;

interface Asked {
  answer: Promise<string>;
  /** On the clock that only goes forward. Until it has come an answer holds. */
  until: number;
}

const asked = new Map<string, Asked>();

/** Asks a store, or tells what it has answered lately; all who ask at once ask once. */
export function askStore(reference: string, ask: () => Promise<string>): Promise<string> {
  const known = asked.get(reference);
  if (known && performance.now() < known.until) return known.answer;
  const now: Asked = { answer: ask(), until: Number.POSITIVE_INFINITY };
  const hold = (time: number) => () => {
    now.until = performance.now() + time;
  };
  now.answer.then(hold(HOLDS), hold(NONE_HOLDS));
  asked.set(reference, now);
  return now.answer;
}
