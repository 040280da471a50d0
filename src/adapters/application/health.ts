/**
 * What an application says of itself, and whether it says anything. Several instances may answer at one address, so
 * what is to be relied on is asked several times, on a fresh connection each; the metric source `health` as well.
 */
import type { MetricSource } from '../../contract/plan/metrics.js';
import { restartsSeen, tally } from '../../domain/watch/instances.js';
import { fieldOf, jsonOf, NoAnswer } from '../http/http.js';
import type { Reading } from '../metrics/samples/readings.js';
import { ObservedSource, type SampleContext } from '../metrics/samples/sample-context.js';
import { type HealthAnswer, type HealthPlace, isOfOneInstance, look } from './health-reading.js';

type HealthSource = Extract<MetricSource, { kind: 'health' }>;

/** An answer of the health endpoint, or why there was none. */
export type Health = HealthAnswer | NoAnswer;

const TIMEOUT = 5_000;
const SOON = 1_000;
const MOMENT = { reuse: 100, window: 20_000, minimum: 0 };

/**
 * How many answers must agree. A balancer that takes turns shows all of up to ten instances; one that picks at random
 * hides one of two in 1 of 500 cases, one of three in 1 of 60. One that keeps a client at one instance hides the others.
 */
export const ANSWERS = 10;

/** Asks once. No answer is an answer here. @throws the signal's reason */
export async function askHealth(place: HealthPlace, timeout = TIMEOUT, signal?: AbortSignal): Promise<Health> {
  try {
    const answer = await look(place, timeout, signal);
    // RFC 9111, 5.1: how long ago the application said it.
    const age = Number(answer.headers.age ?? 0);
    return age > 0 ? new NoAnswer(`the answer comes out of a cache, ${age} s old`, CACHED) : answer;
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

const CACHED = 'cached';

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
  const answers = [options.first ?? (await askHealth(place, timeout, signal))];
  if (!isOfOneInstance(place)) return answers;
  const deadline = performance.now() + timeout;
  // Each has as long as the first: one that is cut off by what time is left would look like an instance that is silent.
  while (answers.length < ANSWERS && deadline - performance.now() >= 1) {
    answers.push(await askHealth(place, timeout, signal));
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

/** Health endpoints by where and how they are asked, as this worker remembers them. */
export class HealthWatcher {
  private readonly endpoints = new Map<string, ObservedSource<Health[]>>();

  /**
   * down: 1 when refused, silent or 5xx, 0 when 200. restarts: as {@link restartsSeen} in the window.
   * @throws Error when the endpoint answers something that says neither, or its instances say different things
   */
  async read(source: HealthSource, look: SampleContext): Promise<Reading> {
    const observed = this.observed(source);
    if (source.read === 'down') return down((await observed.now()).value);
    const looks = await observed.around(look, source.window);
    const starts = looks.map(({ value }) => startedAt(value)).filter((seen) => seen.length > 0);
    if (starts.length === 0) return { noData: 'the health endpoint did not answer in the window' };
    const restarts = restartsSeen(starts);
    if ('unknown' in restarts) throw new Error(restarts.unknown);
    return restarts;
  }

  private observed({ url, as }: HealthSource): ObservedSource<Health[]> {
    const place = { url, ...(as ? { as } : {}) };
    const key = JSON.stringify(place);
    let observed = this.endpoints.get(key);
    if (!observed) {
      observed = new ObservedSource(lookAt(place), MOMENT);
      this.endpoints.set(key, observed);
    }
    return observed;
  }
}

/** One answer is enough as long as it says what all said the last time; else as many as must agree. */
function lookAt(place: HealthPlace): () => Promise<Health[]> {
  let known = new Set<string>();
  const says = (health: Health): string => {
    if (isDown(health)) return 'down';
    const start = told(health, 'started_at');
    return 'value' in start ? `started at ${start.value}` : start.unknown;
  };
  return async () => {
    const first = await askHealth(place);
    const isAsBefore = known.size === 1 && known.has(says(first));
    // A tick waits for silence once: where there are other instances, they answer soon.
    const timeout = first instanceof NoAnswer ? SOON : TIMEOUT;
    const answers = isAsBefore ? [first] : await askInstances(place, { first, timeout });
    known = new Set(answers.map(says));
    return answers;
  };
}

const isDown = (health: Health): boolean =>
  health instanceof NoAnswer ? health.code !== CACHED : health.status >= 500;

function down(answers: readonly Health[]): Reading {
  const states = answers.map((health) => {
    if (isDown(health)) return 'down';
    if (!(health instanceof NoAnswer) && health.status === 200) return 'up';
    throw new Error(inWords(health));
  });
  if (new Set(states).size > 1) throw new Error(`several instances answer: ${tally(states)}`);
  return { value: states[0] === 'down' ? 1 : 0 };
}

const inWords = (health: Health): string =>
  health instanceof NoAnswer ? health.message : `the health endpoint answered ${health.statusText}`;

/** Of those that are up. */
function startedAt(answers: readonly Health[]): string[] {
  const up = answers.filter((health) => !isDown(health));
  const wrong = up.find((health) => health instanceof NoAnswer || health.status !== 200);
  if (wrong) throw new Error(inWords(wrong));
  if (up.some((health) => 'unknown' in told(health, 'started_at')))
    throw new Error('the health endpoint does not tell started_at');
  return startsOf(up);
}
