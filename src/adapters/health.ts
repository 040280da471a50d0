/** The metric source `health`: what an application says of itself, and whether it says anything. */
import type { MetricSource } from '../contract/plan.js';
import { fieldOf, type HttpAnswer, jsonOf, NoAnswer, request } from './http.js';
import { type Look, Observed } from './look.js';
import type { Reading } from './readings.js';

type HealthSource = Extract<MetricSource, { kind: 'health' }>;

/** An answer of the health endpoint, or why there was none. */
export type Health = HttpAnswer | NoAnswer;

const TIMEOUT = 5_000;
const MOMENT = { reuse: 100, window: 20_000, minimum: 0 };

/** Asks once. No answer is an answer here. @throws the signal's reason */
export async function askHealth(url: string, timeout = TIMEOUT, signal?: AbortSignal): Promise<Health> {
  try {
    return await request({ url, timeout, signal });
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

/** Health endpoints by URL, as this worker remembers them. */
export class HealthWatcher {
  private readonly endpoints = new Map<string, Observed<Health>>();

  /**
   * down: 1 when refused, silent or 5xx, 0 when 200. restarts: how many times `started_at` changed in the window.
   * @throws Error when the endpoint answers something that says neither
   */
  async read(source: HealthSource, look: Look): Promise<Reading> {
    const observed = this.observed(source.url);
    if (source.read === 'down') return down((await observed.now()).value);
    const seen = (await observed.around(look, source.window)).flatMap(({ value }) => startedAt(value) ?? []);
    if (seen.length === 0) return { noData: 'the health endpoint did not answer in the window' };
    return { value: new Set(seen).size - 1 };
  }

  private observed(url: string): Observed<Health> {
    let observed = this.endpoints.get(url);
    if (!observed) {
      observed = new Observed(() => askHealth(url), MOMENT);
      this.endpoints.set(url, observed);
    }
    return observed;
  }
}

function down(health: Health): Reading {
  if (health instanceof NoAnswer || health.status >= 500) return { value: 1 };
  if (health.status === 200) return { value: 0 };
  throw new Error(`the health endpoint answered ${health.statusText}`);
}

function startedAt(health: Health): string | undefined {
  if (health instanceof NoAnswer || health.status >= 500) return undefined;
  if (health.status !== 200) throw new Error(`the health endpoint answered ${health.statusText}`);
  const value = fieldOf(jsonOf(health), 'started_at');
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error('the health endpoint does not tell started_at');
  return String(value);
}
