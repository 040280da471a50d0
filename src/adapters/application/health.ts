/**
 * What an application says of itself, and whether it says anything. Several instances may answer at one address, so
 * what is to be relied on is asked several times, on a fresh connection each.
 */
import { tally } from '../../domain/watch/instances.js';
import { fieldOf, jsonOf, NoAnswer } from '../http/http.js';
import { type HealthAnswer, type HealthPlace, isOfOneInstance, type Look, look, NO_LOOK } from './health-reading.js';

/** An answer of the health endpoint, or why there was none. */
export type Health = HealthAnswer | NoAnswer;

const TIMEOUT = 5_000;

/**
 * How many answers must agree. A balancer that takes turns shows all of up to ten instances; one that picks at random
 * hides one of two in 1 of 500 cases, one of three in 1 of 60. One that keeps a client at one instance hides the others.
 */
export const ANSWERS = 10;

/** Asks once. No answer is an answer here. @throws the signal's reason */
export const askHealth = (place: HealthPlace, timeout = TIMEOUT, signal?: AbortSignal): Promise<Health> =>
  ask(place, { timeout, signal });

async function ask(place: HealthPlace, by: Look): Promise<Health> {
  try {
    const answer = await look(place, by);
    // RFC 9111, 5.1: how long ago the application said it.
    const age = Number(answer.headers.age ?? 0);
    return age > 0 ? new NoAnswer(`the answer comes out of a cache, ${age} s old`, CACHED) : answer;
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

const CACHED = 'cached';

/** Refused, silent or 5xx. An answer out of a cache says nothing of it, nor does a command that could not be run. */
export const isDown = (health: Health): boolean =>
  health instanceof NoAnswer ? ![CACHED, NO_LOOK].includes(health.code) : health.status >= 500;

/**
 * Asks {@link ANSWERS} times in all, one after another, or as often as there is time.
 * @param options `first`: an answer that is there already; `timeout`: of each answer, and for how long more are asked for
 * @throws the signal's reason
 */
export async function askInstances(
  place: HealthPlace,
  options: { timeout?: number; signal?: AbortSignal; first?: Health } = {},
): Promise<Health[]> {
  const { timeout = TIMEOUT, signal } = options;
  const by: Look = { timeout, signal, heard: new Map() };
  const answers = [options.first ?? (await ask(place, by))];
  if (!isOfOneInstance(place)) return answers;
  const deadline = performance.now() + timeout;
  // Each has as long as the first: one that is cut off by what time is left would look like an instance that is silent.
  while (answers.length < ANSWERS && deadline - performance.now() >= 1) {
    answers.push(await ask(place, by));
  }
  return answers;
}

/** A field of the answer 200, as text; or why it is not told, for people. */
export function told(health: Health, field: string): { value: string } | { unknown: string } {
  if (health instanceof NoAnswer) return { unknown: health.message };
  if (health.status !== 200) return { unknown: health.statusText };
  const value = fieldOf(jsonOf(health), field);
  const isTold = (typeof value === 'string' && value.trim() !== '') || typeof value === 'number';
  return isTold ? { value: String(value) } : { unknown: health.unsaid?.[field] ?? `no ${field}` };
}

/** A field of which all answers say the same; or why it is not known: `version v2 in 6 of 10 answers, v1 in 4`. */
export function agreed(answers: readonly Health[], field: string): { value: string } | { unknown: string } {
  const said = answers.map((answer) => told(answer, field));
  const words = tally(said.map((one) => ('value' in one ? `${field} ${one.value}` : one.unknown)));
  const [first] = said;
  const values = new Set(said.map((one) => ('value' in one ? one.value : undefined)));
  return values.size === 1 && first && 'value' in first ? first : { unknown: words };
}

/** When the instances started that answered, each once. */
export function startsOf(answers: readonly Health[]): string[] {
  const said = answers.map((answer) => told(answer, 'started_at'));
  return [...new Set(said.flatMap((one) => ('value' in one ? [one.value] : [])))];
}
