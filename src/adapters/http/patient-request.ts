/** Requests to services that limit how often they may be asked: asked again as they wish, until a deadline. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../domain/duration.js';
import { Deadline } from '../deadline.js';
import { type HttpAnswer, type HttpRequest, NoAnswer, request } from './http.js';

/** Milliseconds. */
export interface Patience {
  /** Longest time for one answer. */
  answer: number;
  /** Longest time for everything that one activity asks, pauses included. */
  whole: number;
  /** The first pause after a failure; the second is twice as long. */
  pause: number;
}

/** Fits into the two minutes that a check may take. */
export const PATIENCE: Patience = { answer: 10_000, whole: 90_000, pause: 500 };

/** The service wants to be left alone for longer than there is time. */
export class RateLimited extends NoAnswer {
  override name = 'RateLimited';
  constructor(
    /** Milliseconds. */
    readonly wait: number,
  ) {
    super(`rate limit reached, to be asked again in ${formatDuration(wait)}`, 'rate-limit');
  }
}

export type PatientRequest = (options: Omit<HttpRequest, 'timeout' | 'signal'>) => Promise<HttpAnswer>;

/** Tries after failures that nobody announced: 5xx and no answer. */
const TRIES = 3;
/** What GitHub asks for when a secondary limit comes without a header. */
const SECONDARY_PAUSE = 60_000;

/**
 * Reads only: what is asked may be asked again after 429, 403 for a rate limit, 5xx or no answer, not before
 * `Retry-After` or the limit's reset. The deadline is the same for all requests of the one who asks.
 * @returns a function that gives the last answer, of any status, and throws NoAnswer when there is none or when the
 * rate limit lasts beyond the deadline
 */
export function patientRequests(signal: AbortSignal, patience: Patience = PATIENCE): PatientRequest {
  const deadline = new Deadline(patience.whole);
  return async (options) => {
    for (let attempt = 1; ; attempt += 1) {
      const { left } = deadline;
      if (left === 0) throw new NoAnswer(`not all was answered within ${formatDuration(patience.whole)}`, 'timeout');
      const outcome = await tryOnce({ ...options, timeout: Math.min(patience.answer, left), signal });
      const limited = 'answer' in outcome ? pauseForLimit(outcome.answer) : undefined;
      const pause = limited ?? patience.pause * 2 ** (attempt - 1);
      const fits = pause < deadline.left;
      if (limited !== undefined && !fits) {
        throw new RateLimited(limited);
      }
      const again = limited !== undefined || (attempt < TRIES && fits && mayBeTriedAgain(outcome));
      if (again) await sleep(pause, undefined, { signal });
      else if ('answer' in outcome) return outcome.answer;
      else throw outcome.failure;
    }
  };
}

type Outcome = { answer: HttpAnswer } | { failure: NoAnswer };

async function tryOnce(options: HttpRequest): Promise<Outcome> {
  try {
    return { answer: await request(options) };
  } catch (error) {
    if (error instanceof NoAnswer) return { failure: error };
    throw error;
  }
}

const mayBeTriedAgain = (outcome: Outcome): boolean =>
  'answer' in outcome ? outcome.answer.status >= 500 : outcome.failure.code !== 'ERR_INVALID_URL';

/** How long the service wants to be left alone, milliseconds; undefined when it says nothing of the kind. */
export function pauseForLimit(answer: HttpAnswer): number | undefined {
  const { status, headers, body } = answer;
  if (status !== 429 && status !== 403) return undefined;
  const retryAfter = secondsOrDate(headers['retry-after']);
  if (retryAfter !== undefined) return retryAfter;
  const exhausted = headers['x-ratelimit-remaining'] === '0';
  if (status === 429 || exhausted) return untilReset(headers['x-ratelimit-reset']) ?? 1_000;
  return /secondary rate limit|abuse detection/i.test(body) ? SECONDARY_PAUSE : undefined;
}

/** `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3). */
function secondsOrDate(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(wait, 0) : undefined;
}

/** `X-RateLimit-Reset`: seconds since 1970 at GitHub, seconds from now at Datadog. */
function untilReset(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d+$/.test(value)) return undefined;
  const seconds = Number(value);
  return seconds < 1_000_000_000 ? seconds * 1_000 : Math.max(seconds * 1_000 - Date.now(), 0);
}
