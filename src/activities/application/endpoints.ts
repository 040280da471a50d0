import { setTimeout as sleep } from 'node:timers/promises';
import { type CheckRun, type Exchange, performCheck } from '../../adapters/application/endpoint-checks.js';
import { agreed, askHealth, askInstances, type Health, startsOf, told } from '../../adapters/application/health.js';
import { type HealthPlace, healthPlace, saysItRuns } from '../../adapters/application/health-reading.js';
import { type LoginAnswer, logIn } from '../../adapters/application/login.js';
import { isRefusal } from '../../adapters/application/login-trial.js';
import { messageGone, messageShown } from '../../adapters/application/maintenance-message.js';
import { Session } from '../../adapters/application/session.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { fieldOf, insteadOfContent, jsonOf, NoAnswer, request } from '../../adapters/http/http.js';
import type { HttpActivities } from '../../contract/activities/application.js';
import type { EndpointCheck } from '../../contract/plan/application.js';
import type { Environment } from '../../contract/plan/environment.js';
import { isOnlySent } from '../../contract/plan/login.js';
import { proofOfRelease } from '../../contract/plan/proof-of-release.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, type StepReport, unknownFact } from '../../domain/evidence.js';
import { spellingAdvice } from '../../domain/release-spelling.js';
import { toldTime } from '../../domain/told-time.js';
import { tally } from '../../domain/watch/instances.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { commitFacts, commitsOf } from '../running-release.js';

const ATTEMPT = 5_000;
const PAUSE = 250;
/** How long a proxy may take to follow maintenance mode. */
const SETTLE = 10_000;

/** @param options.settle how long what users see may take to follow maintenance mode, milliseconds */
export function createHttpActivities(options: { settle?: number } = {}): HttpActivities {
  const { settle = SETTLE } = options;
  return {
    /**
     * Facts: `status`; `version` when one is expected and something can tell; `commit` when one is expected and the plan says
     * that it is told; `restarted` when earlier starts are given. Each holds when all answers of {@link askInstances} agree.
     */
    awaitHealth: ({ environment, path, within, ...expected }) =>
      withHeartbeat(async (signal) => {
        const start = performance.now();
        for (;;) {
          const left = within - (performance.now() - start);
          const facts = await healthFacts(healthPlace(environment, path), expected, {
            timeout: Math.max(Math.min(ATTEMPT, left), 1),
            signal,
          });
          const waited = performance.now() - start;
          const words = facts.map(({ text }) => text).join(', ');
          if (facts.every(({ ok }) => ok)) return report(`${words} after ${formatDuration(waited)}`, facts);
          // The next attempt must have time for an answer, or the last words would be those of a hurried one.
          if (waited + 2 * PAUSE > within)
            return report(`Not healthy within ${formatDuration(within)}: ${words}`, facts);
          await sleep(PAUSE, undefined, { signal });
        }
      }),

    readStarts: ({ environment, path }) =>
      withHeartbeat(async (signal) => startsOf(await askInstances(healthPlace(environment, path), { signal }))),

    /** Facts: `login` when a check needs it, and those of {@link performCheck}. */
    checkEndpoints: async ({ checks, ...made }) => {
      let done = 0;
      return withHeartbeat(
        (signal) => makeChecks({ ...made, checks, signal, isDone: () => (done += 1) }),
        () => `${done} of ${checks.length} checks`,
      );
    },

    /** Fact: `drained`. An application that does not tell is given the whole time. */
    awaitDrained: ({ environment, path, drain }) =>
      withHeartbeat(async (signal) => {
        const start = performance.now();
        let isTold = false;
        for (;;) {
          const left = drain - (performance.now() - start);
          const timeout = Math.max(Math.min(ATTEMPT, left), 1);
          const first = await askHealth(healthPlace(environment, path), timeout, signal);
          const isQuiet = inFlightOf(first) === 0;
          const answers = isQuiet
            ? await askInstances(healthPlace(environment, path), { timeout, signal, first })
            : [first];
          const counts = answers.map(inFlightOf);
          isTold ||= counts.some((count) => count !== undefined);
          const waited = performance.now() - start;
          if (counts.every((count) => count === 0))
            return drained(true, `no request in flight after ${formatDuration(waited)}`);
          if (waited + 2 * PAUSE > drain) {
            if (isTold)
              return drained(false, `not drained within ${formatDuration(drain)}: ${tally(answers.map(busy))}`);
            await sleep(Math.max(drain - waited, 0), undefined, { signal });
            if (first instanceof NoAnswer) return report(...notKnown(drain, first));
            return drained(true, `waited ${formatDuration(drain)}; the application does not tell what is in flight`);
          }
          await sleep(PAUSE, undefined, { signal });
        }
      }),

    /** Facts: `message` while maintenance mode is on; `reachable` and `message-gone` when it is off. */
    checkMaintenance: ({ environment, message, on }) =>
      withHeartbeat(async (signal) => {
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
      withHeartbeat(async (signal) => {
        const fact = await pathFact(environment, path, signal);
        return report(fact.text, [fact]);
      }),
  };
}

/** Makes checks in their order, and keeps the requests and answers as evidence. @param of.isDone is told of each check */
export async function makeChecks(
  of: Parameters<HttpActivities['checkEndpoints']>[0] & { signal: AbortSignal; isDone?: () => void },
): Promise<StepReport> {
  const { key, evidence, environment, checks, signal, isDone } = of;
  const exchanges: Exchange[] = [];
  const session = checks.some((check) => check.login) ? new Session(environment, signal) : undefined;
  const login = await session?.login();
  const run: CheckRun = {
    api: environment.api,
    session,
    signal,
    bodies: new Map(),
    record: (entry) => exchanges.push(entry),
  };
  const facts: Fact[] = [];
  for (const check of checks) {
    facts.push(...(await performCheck(run, check)));
    isDone?.();
  }
  if (login) facts.unshift(loginFact(environment, login, { checks, exchanges }));
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
}

/** Whether what is only sent along is taken is told by the answers. */
function loginFact(
  { login }: Environment,
  answer: LoginAnswer,
  { checks, exchanges }: { checks: readonly EndpointCheck[]; exchanges: readonly Exchange[] },
): Fact {
  const name = 'login';
  if ('refused' in answer) return { name, ok: false, text: `login failed: ${answer.refused}` };
  if (login === undefined || !isOnlySent(login)) return { name, ok: true, text: 'logged in' };
  const statusOf = new Map(checks.flatMap((check) => (check.login ? [[check.id, check.status]] : [])));
  const answered = exchanges.filter(({ check, status }) => statusOf.has(check) && status !== undefined);
  const refusal = answered.find(({ check, status }) => isRefusal(status) && status !== statusOf.get(check));
  if (refusal) return { name, ok: false, text: `login failed: ${refusal.path} answered ${refusal.status}` };
  if (answered.length === 0) return unknownFact(name, 'login not tried: nothing was answered');
  return { name, ok: true, text: 'logged in: no answer refused what was sent along' };
}

const report = (summary: string, facts: Fact[]): StepReport => ({ summary, facts, evidence: [] });

const drained = (ok: boolean, text: string) => report(text, [{ name: 'drained', ok, text }]);

function inFlightOf(health: Health): number | undefined {
  const count = health instanceof NoAnswer ? undefined : fieldOf(jsonOf(health), 'in_flight');
  return typeof count === 'number' ? count : undefined;
}

function busy(health: Health): string {
  const count = inFlightOf(health);
  return count === undefined ? healthText(health) : `${count} requests in flight`;
}

function notKnown(waited: number, { message }: NoAnswer): [string, Fact[]] {
  const text = `what is in flight after ${formatDuration(waited)} is not known: ${message}`;
  return [text, [unknownFact('drained', text)]];
}

/** The last answer for people: `connection refused`, `503 Service Unavailable`. */
const healthText = (health: Health) => (health instanceof NoAnswer ? health.message : health.statusText);

interface Expected {
  version?: string;
  commit?: string;
  since?: number;
  startedBefore?: string[];
}

/** The others are asked only when the first one says what is expected. */
async function healthFacts(
  place: HealthPlace,
  expected: Expected,
  limits: { timeout: number; signal: AbortSignal },
): Promise<Fact[]> {
  const first = await askHealth(place, limits.timeout, limits.signal);
  const proof = await proofFacts(place, [first], expected, limits);
  const commit = (answers: Health[]) => commitFacts(commitsOf(place, answers), expected.commit);
  const facts = judge([first], expected, [...proof, ...commit([first])]);
  if (!facts.every(({ ok }) => ok)) return facts;
  const answers = await askInstances(place, { ...limits, first });
  // A command says the same of all of them.
  const isOfAll = proofOfRelease(place.as) === 'command';
  const proofOfAll = isOfAll ? proof : await proofFacts(place, answers, expected, limits);
  return judge(answers, expected, [...proofOfAll, ...commit(answers)]);
}

/** That the expected release runs: by its version, a command, or its start; none where by the plan nothing tells. */
async function proofFacts(
  place: HealthPlace,
  answers: Health[],
  { version, since }: Expected,
  limits: { timeout: number; signal: AbortSignal },
): Promise<Fact[]> {
  if (version === undefined) return [];
  const proof = proofOfRelease(place.as);
  if (proof === 'told') return [versionFact(answers, version)];
  if (proof === 'start') return since === undefined ? [] : [startFact(answers, since)];
  if (proof === undefined) return [];
  const runs = await saysItRuns(place, version, limits);
  if (typeof runs !== 'boolean')
    return [unknownFact('version', `whether ${version} runs is not known: ${runs.unknown}`)];
  const text = runs ? `${version} runs, by the command for it` : `${version} does not run, by the command for it`;
  return [{ name: 'version', ok: runs, text }];
}

function judge(answers: Health[], { startedBefore = [] }: Expected, proof: Fact[]): Fact[] {
  const isWell = answers.every((answer) => !(answer instanceof NoAnswer) && answer.status === 200);
  const facts: Fact[] = [{ name: 'status', ok: isWell, text: tally(answers.map(healthText)) }, ...proof];
  if (startedBefore.length > 0) {
    const starts = answers.map((answer) => told(answer, 'started_at'));
    const old = starts.filter((start) => 'value' in start && startedBefore.includes(start.value)).length;
    const text = old > 0 ? `${old} of ${starts.length} answers are of before the restart` : 'started anew';
    const unread = starts.find((start) => 'unknown' in start);
    facts.push(unread ? unknownFact('restarted', unread.unknown) : { name: 'restarted', ok: old === 0, text });
  }
  return facts;
}

function versionFact(answers: Health[], expected: string): Fact {
  const name = 'version';
  const found = agreed(answers, 'version');
  if ('value' in found && found.value === expected) return { name, ok: true, text: `version ${expected}` };
  const text = 'value' in found ? `version ${found.value}` : found.unknown;
  const advice = 'value' in found ? spellingAdvice(found.value, expected) : '';
  return { name, ok: false, text: `${text} instead of ${expected}${advice}` };
}

/** No version is told: what was started since the deploy began is what the deploy has started. */
function startFact(answers: Health[], since: number): Fact {
  const name = 'version';
  const starts: number[] = [];
  for (const answer of answers) {
    const start = told(answer, 'started_at');
    if ('unknown' in start) return unknownFact(name, `when it was started is not known: ${start.unknown}`);
    const at = toldTime(start.value);
    if (at === undefined) {
      return unknownFact(name, `when it was started is no time with a zone: ${JSON.stringify(start.value)}`);
    }
    starts.push(at);
  }
  const iso = (at: number) => new Date(at).toISOString();
  // Whole seconds are what many tell.
  const old = starts.filter((at) => at + 1_000 <= since).length;
  const text =
    old > 0
      ? `${old} of ${starts.length} answers are of before the deploy, which began at ${iso(since)}`
      : `started at ${iso(Math.min(...starts))}, since the deploy began; no version is told`;
  return { name, ok: old === 0, text };
}

async function pathFact(environment: Environment, path: string, signal: AbortSignal): Promise<Fact> {
  const login = await logIn(environment, signal);
  if ('refused' in login) return { name: 'status', ok: false, text: `login failed: ${login.refused}` };
  try {
    const answer = await request({ url: environment.api + path, headers: login.headers, timeout: 30_000, signal });
    const instead = answer.status === 200 ? insteadOfContent(answer) : answer.statusText;
    return { name: 'status', ok: instead === undefined, text: `${path}: ${instead ?? answer.statusText}` };
  } catch (error) {
    if (error instanceof NoAnswer) return { name: 'status', ok: false, text: `${path}: ${error.message}` };
    throw error;
  }
}
