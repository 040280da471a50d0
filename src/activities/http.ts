import { setTimeout as sleep } from 'node:timers/promises';
import { type CheckRun, type Exchange, performCheck } from '../adapters/endpoint-checks.js';
import { storeEvidence } from '../adapters/evidence-store.js';
import { askHealth, type Health } from '../adapters/health.js';
import { fieldOf, jsonOf, NoAnswer, request } from '../adapters/http.js';
import { logIn } from '../adapters/login.js';
import { messageGone, messageShown } from '../adapters/maintenance-message.js';
import type { HttpActivities } from '../contract/activities.js';
import type { Environment } from '../contract/plan.js';
import { formatDuration } from '../domain/duration.js';
import type { Fact, StepReport } from '../domain/evidence.js';
import { attended } from './attendance.js';

const ATTEMPT = 5_000;
const PAUSE = 250;
/** How long a proxy may take to follow maintenance mode. */
const SETTLE = 10_000;

/** @param options.settle how long what users see may take to follow maintenance mode, milliseconds */
export function createHttpActivities(options: { settle?: number } = {}): HttpActivities {
  const { settle = SETTLE } = options;
  return {
    /** Facts: `status`; `version` when one is expected. */
    awaitHealth: ({ environment, path, version, within }) =>
      attended(async (signal) => {
        const start = performance.now();
        for (;;) {
          const left = within - (performance.now() - start);
          const health = await askHealth(environment.api + path, Math.max(Math.min(ATTEMPT, left), 1), signal);
          const facts = healthFacts(health, version);
          const waited = performance.now() - start;
          const words = facts.map(({ text }) => text).join(', ');
          if (facts.every(({ ok }) => ok)) return report(`${words} after ${formatDuration(waited)}`, facts);
          // The next attempt must have time for an answer, or the last words would be those of a hurried one.
          if (waited + 2 * PAUSE > within)
            return report(`Not healthy within ${formatDuration(within)}: ${words}`, facts);
          await sleep(PAUSE, undefined, { signal });
        }
      }),

    /** Facts: `login` when a check needs it, and those of {@link performCheck}. */
    checkEndpoints: async ({ key, evidence, environment, checks }) => {
      let done = 0;
      return attended(
        async (signal) => {
          const exchanges: Exchange[] = [];
          const login = checks.some((check) => check.login) ? await logIn(environment, signal) : undefined;
          const run: CheckRun = {
            api: environment.api,
            login,
            signal,
            bodies: new Map(),
            record: (entry) => exchanges.push(entry),
          };
          const facts: Fact[] = [];
          if (login) {
            const refused = 'refused' in login ? login.refused : undefined;
            facts.push({
              name: 'login',
              ok: refused === undefined,
              text: refused ? `login failed: ${refused}` : 'logged in',
            });
          }
          for (const check of checks) {
            facts.push(...(await performCheck(run, check)));
            done += 1;
          }
          const reference = await storeEvidence(evidence, {
            title: `Requests and answers of ${key.step}`,
            path: `http/${key.step}-${key.generation}.json`,
            content: `${JSON.stringify({ environment: environment.name, exchanges }, null, 2)}\n`,
          });
          const held = facts.filter(({ ok }) => ok).length;
          return {
            summary: `${held} of ${facts.length} facts of ${checks.length} checks hold`,
            facts,
            evidence: [reference],
          };
        },
        () => `${done} of ${checks.length} checks`,
      );
    },

    /** Fact: `drained`. An application that does not tell is given the whole time. */
    awaitDrained: ({ environment, path, drain }) =>
      attended(async (signal) => {
        const start = performance.now();
        let told = false;
        for (;;) {
          const left = drain - (performance.now() - start);
          const health = await askHealth(environment.api + path, Math.max(Math.min(ATTEMPT, left), 1), signal);
          const inFlight = health instanceof NoAnswer ? undefined : fieldOf(jsonOf(health), 'in_flight');
          told ||= typeof inFlight === 'number';
          const waited = performance.now() - start;
          if (inFlight === 0) return drained(true, `no request in flight after ${formatDuration(waited)}`);
          if (waited + 2 * PAUSE > drain) {
            const last = typeof inFlight === 'number' ? `${inFlight} requests in flight` : inWords(health);
            if (told) return drained(false, `not drained within ${formatDuration(drain)}: ${last}`);
            await sleep(Math.max(drain - waited, 0), undefined, { signal });
            return drained(true, `waited ${formatDuration(drain)}; the application does not tell what is in flight`);
          }
          await sleep(PAUSE, undefined, { signal });
        }
      }),

    /** Facts: `message` while maintenance mode is on; `reachable` and `message-gone` when it is off. */
    checkMaintenance: ({ environment, message, on }) =>
      attended(async (signal) => {
        const start = performance.now();
        for (;;) {
          const facts = await (on ? messageShown : messageGone)({ environment, message, signal });
          if (facts.every(({ ok }) => ok) || performance.now() - start + PAUSE > settle)
            return report(facts.map(({ text }) => text).join('; '), facts);
          await sleep(PAUSE, undefined, { signal });
        }
      }),

    /** Fact: `status`. */
    checkPath: ({ environment, path }) =>
      attended(async (signal) => {
        const fact = await pathFact(environment, path, signal);
        return report(fact.text, [fact]);
      }),
  };
}

const report = (summary: string, facts: Fact[]): StepReport => ({ summary, facts, evidence: [] });

const drained = (ok: boolean, text: string) => report(text, [{ name: 'drained', ok, text }]);

/** The last answer for people: `connection refused`, `503 Service Unavailable`. */
const inWords = (health: Health) => (health instanceof NoAnswer ? health.message : health.statusText);

function healthFacts(health: Health, expected?: string): Fact[] {
  const status: Fact = {
    name: 'status',
    ok: !(health instanceof NoAnswer) && health.status === 200,
    text: inWords(health),
  };
  if (expected === undefined) return [status];
  const version = health instanceof NoAnswer ? undefined : fieldOf(jsonOf(health), 'version');
  const told = typeof version === 'string' ? `version ${version}` : 'no version';
  const ok = version === expected;
  return [status, { name: 'version', ok, text: ok ? told : `${told} instead of ${expected}` }];
}

async function pathFact(environment: Environment, path: string, signal: AbortSignal): Promise<Fact> {
  const login = await logIn(environment, signal);
  if ('refused' in login) return { name: 'status', ok: false, text: `login failed: ${login.refused}` };
  try {
    const answer = await request({ url: environment.api + path, headers: login.headers, timeout: 30_000, signal });
    return { name: 'status', ok: answer.status === 200, text: `${path}: ${answer.statusText}` };
  } catch (error) {
    if (error instanceof NoAnswer) return { name: 'status', ok: false, text: `${path}: ${error.message}` };
    throw error;
  }
}
