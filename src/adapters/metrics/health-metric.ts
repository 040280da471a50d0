/** The metric source `health`: whether the application is down, and how often it was started anew. */
import type { SourceOf } from '../../contract/plan/metrics.js';
import { restartsSeen, tally } from '../../domain/watch/instances.js';
import { askHealth, askInstances, type Health, isDown, startsOf, told } from '../application/health.js';
import type { HealthPlace } from '../application/health-reading.js';
import { isSilence, NoAnswer } from '../http/http.js';
import { singleValues, type ValueReader } from './port/single-values.js';
import type { Reading } from './samples/readings.js';
import { ObservedSource, type SampleContext } from './samples/sample-context.js';

type HealthSource = SourceOf<'health'>;

/** Milliseconds. */
const TIMEOUT = 5_000;
const SOON = 1_000;
const MOMENT = { reuse: 100, window: 20_000, minimum: 0 };

/** Health endpoints by where and how they are asked, as this worker remembers them. */
export class HealthReader implements ValueReader<HealthSource> {
  private readonly endpoints = new Map<string, ObservedSource<Health[]>>();

  /**
   * down: 1 when refused, silent or 5xx, 0 when 200. restarts: as {@link restartsSeen} in the window.
   * @throws Error when the endpoint answers something that says neither, or its instances say different things
   */
  async read({ source }: { source: HealthSource }, context: SampleContext): Promise<Reading> {
    const observed = this.observed(source);
    if (source.read === 'down') return down((await observed.now()).value);
    const looks = await observed.around(context, source.window);
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

export const healthMetrics = singleValues<HealthSource>(() => new HealthReader());

/** One answer is enough as long as it says what all said the last time; else as many as must agree. */
function lookAt(place: HealthPlace): () => Promise<Health[]> {
  let known = new Set<string>();
  const says = (health: Health): string => {
    if (isDown(health)) return 'down';
    const start = told(health, 'started_at');
    return 'value' in start ? `started at ${start.value}` : start.unknown;
  };
  return async () => {
    const first = await askHealth(place, TIMEOUT);
    const isAsBefore = known.size === 1 && known.has(says(first));
    // A tick waits for silence once: where there are other instances, they answer soon.
    const timeout = first instanceof NoAnswer ? SOON : TIMEOUT;
    const answers = isAsBefore ? [first] : await askInstances(place, { first, timeout });
    known = new Set(answers.map(says));
    return answers;
  };
}

function down(answers: readonly Health[]): Reading {
  const states = answers.map((health) => {
    if (isDown(health)) return 'down';
    if (!(health instanceof NoAnswer) && health.status === 200) return 'up';
    throw new Error(inWords(health));
  });
  if (new Set(states).size > 1) throw new Error(`several instances answer: ${tally(states)}`);
  const [first] = answers;
  const silent = first && answers.every(isSilence) ? { silent: inWords(first) } : {};
  return states[0] === 'down' ? { value: 1, ...silent } : { value: 0 };
}

const inWords = (health: Health): string =>
  health instanceof NoAnswer ? health.message : `the health endpoint answered ${health.statusText}`;

/** Of those that are up. */
function startedAt(answers: readonly Health[]): string[] {
  const up = answers.filter((health) => !isDown(health));
  const wrong = up.find((health) => health instanceof NoAnswer || health.status !== 200);
  if (wrong) throw new Error(inWords(wrong));
  const [unknown] = up.flatMap((health) => {
    const start = told(health, 'started_at');
    return 'unknown' in start ? [start.unknown] : [];
  });
  if (unknown !== undefined) throw new Error(`the health endpoint does not tell when it was started: ${unknown}`);
  return startsOf(up);
}
