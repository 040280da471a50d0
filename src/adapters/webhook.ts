/** Tells a receiver something: one POST of JSON (`{"text": …}`, as Slack's incoming webhooks take it). */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpAnswer, NoAnswer, request } from './http.js';
import { readSecret } from './secrets.js';

const TIMEOUT = 5_000;
const RETRIES = 2;
const LONGEST_PAUSE = 30_000;

/**
 * Posts, and again up to twice after 429, 5xx or no answer, not before `Retry-After`.
 * @param webhook a URL, or a secret reference to one, since whoever knows it can post
 * @returns undefined when it was taken, else why not, without the URL
 * @throws only the signal's reason
 */
export async function post(
  webhook: string,
  message: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string | undefined> {
  let url: string;
  try {
    url = /^(env|file):/.test(webhook) ? await readSecret(webhook) : webhook;
  } catch (error) {
    return (error as Error).message;
  }
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await tryOnce(url, message, signal);
    if (outcome.taken || !outcome.again || attempt === RETRIES) return outcome.taken ? undefined : outcome.reason;
    await sleep(outcome.pause ?? 500 * 2 ** attempt, undefined, { signal });
  }
}

type Outcome = { taken: true } | { taken: false; again: boolean; reason: string; pause?: number };

async function tryOnce(url: string, json: unknown, signal: AbortSignal): Promise<Outcome> {
  try {
    const answer = await request({ url, method: 'POST', json, timeout: TIMEOUT, signal });
    if (answer.status >= 200 && answer.status < 300) return { taken: true };
    const again = answer.status === 429 || answer.status >= 500;
    return { taken: false, again, reason: `the receiver answered ${answer.statusText}`, pause: retryAfter(answer) };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { taken: false, again: error.code !== 'ERR_INVALID_URL', reason: error.message };
  }
}

/** `Retry-After` in milliseconds, given in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfter({ headers }: HttpAnswer): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), LONGEST_PAUSE) : undefined;
}
