import { z } from 'zod';
import { performCheck } from '../../src/adapters/application/endpoint-checks.js';
import { agreed, askInstances, type Health } from '../../src/adapters/application/health.js';
import { healthPlace } from '../../src/adapters/application/health-reading.js';
import { runClosedLoop, summarize } from '../../src/adapters/application/load-generator.js';
import { logIn } from '../../src/adapters/application/login.js';
import { messageGone, messageShown } from '../../src/adapters/application/maintenance-message.js';
import { request } from '../../src/adapters/http/http.js';
import { readJson } from '../../src/adapters/http/json-service.js';
import { patientRequests } from '../../src/adapters/http/patient-request.js';
import type { EndpointCheck, HealthReading } from '../../src/contract/plan/application.js';
import type { Fact } from '../../src/domain/evidence.js';
import { environmentAt, PASSWORD } from '../helpers/context.js';
import { type Handler, serve } from '../helpers/server.js';
import { type Answer, answerOf, conforms, type Situations } from './reader.js';
import { answering, echoing, halfOf, throttled, unfolding } from './sources.js';

/** Milliseconds for an answer. */
const SHORT = 400;
const SECRET = 'row-of-somebody-else';

const silent: Handler = () => {};
const refusing = answering({ detail: SECRET }, 403);
const failing = answering({ detail: SECRET }, 500);
const garbage: Handler = (_, response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${SECRET}<input type="password">`);
/** The situations of a service that answers `good`, and `nothing` where there is nothing. */
function situations(
  read: (url: string, signal: AbortSignal) => Promise<Answer>,
  { good, nothing }: { good: unknown; nothing: Handler },
): Required<Situations> {
  const before = (handle: Handler) => async () => {
    const server = await serve(handle);
    return read(server.url, AbortSignal.timeout(SHORT * 10));
  };
  const within = (milliseconds: number, handle: Handler) => async () => {
    const server = await serve(handle);
    return read(server.url, AbortSignal.timeout(milliseconds));
  };
  return {
    value: before(answering(good)),
    none: before(nothing),
    hidden: before(refusing),
    partial: before(halfOf(good)),
    error: before(failing),
    hang: within(SHORT, silent),
    nonsense: before(garbage),
    huge: before(unfolding),
    rateLimit: before(throttled),
    paging: { impossible: 'it asks for one answer' },
    secrets: before(echoing),
  };
}

const secrets = [SECRET, PASSWORD];
const missing = answering({}, 404);

/** Facts that hold are known; the first that does not says why. */
function factual(facts: Fact[]): Answer {
  const bad = facts.find(({ ok }) => !ok);
  return bad ? { unknown: bad.text } : { known: facts.map(({ text }) => text) };
}

const number = z.object({ total: z.number() });

conforms(
  'adapters/http/http.ts',
  {
    ...situations(
      (url, signal) =>
        answerOf(async () => {
          const answer = await request({ url, timeout: SHORT * 10, signal });
          return number.parse(answer.status === 200 ? JSON.parse(answer.body) : {});
        }),
      { good: { total: 3 }, nothing: missing },
    ),
    rateLimit: { impossible: 'it gives every status: adapters/http/patient-request.ts waits' },
  },
  { secrets },
);

const patience = { answer: SHORT, whole: SHORT * 3, pause: 20 };

for (const reader of ['adapters/http/patient-request.ts', 'adapters/http/json-service.ts']) {
  conforms(
    reader,
    situations(
      (url, signal) => answerOf(() => readJson({ url }, { ask: patientRequests(signal, patience), schema: number })),
      { good: { total: 3 }, nothing: missing },
    ),
    { secrets },
  );
}

conforms(
  'adapters/application/health.ts (what all instances say)',
  situations(
    async (url, signal) => {
      const seen = await answerOf(() => askInstances({ url }, { timeout: SHORT * 5, signal }));
      if (!('known' in seen)) return seen;
      const found = agreed(seen.known as Health[], 'version');
      return 'value' in found ? { known: found.value } : found;
    },
    { good: { version: 'v2' }, nothing: answering({}) },
  ),
  { secrets },
);

conforms(
  'adapters/application/health-reading.ts',
  situations(
    async (url, signal) => {
      const reading: HealthReading = { expect: { field: 'state', is: 'ok' }, version: { field: 'build.rev' } };
      const place = healthPlace({ ...environmentAt(url), health: reading }, '/');
      const seen = await answerOf(() => askInstances(place, { timeout: SHORT * 5, signal }));
      if (!('known' in seen)) return seen;
      const found = agreed(seen.known as Health[], 'version');
      return 'value' in found ? { known: found.value } : found;
    },
    { good: { state: 'ok', build: { rev: 'v2' } }, nothing: answering({ state: 'ok', version: 'v1' }) },
  ),
  { secrets },
);

conforms(
  'adapters/application/endpoint-checks.ts',
  situations(
    async (url, signal) => {
      const run = { api: url, signal, bodies: new Map(), record: () => {} };
      const check: EndpointCheck = {
        id: 'plans',
        title: 'Plans',
        method: 'GET',
        path: '/plans',
        query: {},
        login: false,
        status: 200,
        structure: { 'items[].id': 'string' },
      };
      const seen = await answerOf(() => performCheck(run, check));
      return 'known' in seen ? factual(seen.known as Fact[]) : seen;
    },
    { good: { items: [{ id: 'p1' }] }, nothing: answering({ items: [] }) },
  ),
  { secrets },
);

conforms(
  'adapters/application/login.ts',
  situations(
    async (url, signal) => {
      const seen = await answerOf(() => logIn(environmentAt(url), signal));
      if (!('known' in seen)) return seen;
      const login = seen.known as Awaited<ReturnType<typeof logIn>>;
      return 'refused' in login ? { unknown: login.refused } : { known: Object.keys(login.headers) };
    },
    { good: { access_token: 'a.b.c' }, nothing: answering({}) },
  ),
  { secrets: [...secrets, 'a.b.c'] },
);

const MESSAGE = { path: '/plans', status: 503, text: 'Em manutenção' };
const visit = (url: string, signal: AbortSignal) => ({ environment: environmentAt(url), message: MESSAGE, signal });
const shown = situations(
  async (url, signal) => {
    const seen = await answerOf(() => messageShown(visit(url, signal)));
    return 'known' in seen ? factual(seen.known as Fact[]) : seen;
  },
  { good: {}, nothing: answering({}, 503) },
);
const told = async () => {
  const server = await serve(answering({ detail: 'Em manutenção' }, 503));
  const { signal } = new AbortController();
  return factual(await messageShown(visit(server.url, signal)));
};
conforms('adapters/application/maintenance-message.ts (it is shown)', { ...shown, value: told }, { secrets });

conforms(
  'adapters/application/maintenance-message.ts (it is gone)',
  situations(
    async (url, signal) => {
      const seen = await answerOf(() => messageGone(visit(url, signal)));
      return 'known' in seen ? factual(seen.known as Fact[]) : seen;
    },
    { good: { access_token: 'a.b.c' }, nothing: (_, response) => void response.end() },
  ),
  { secrets },
);

conforms(
  'adapters/application/load-generator.ts',
  {
    ...situations(
      async (url) => {
        const load = { url, requests: 5, concurrency: 1, timeout: SHORT };
        const { succeeded, requests, outcomes } = summarize(await runClosedLoop(load), SHORT);
        return succeeded === requests ? { known: outcomes } : { unknown: JSON.stringify(outcomes) };
      },
      { good: { total: 3 }, nothing: (_, response) => void response.writeHead(204).end() },
    ),
    nonsense: async () => {
      const server = await serve((nonsense) => nonsense.socket.end('this is not HTTP\r\n\r\n'));
      const summary = summarize(
        await runClosedLoop({ url: server.url, requests: 3, concurrency: 1, timeout: SHORT }),
        SHORT,
      );
      return summary.succeeded === 0 ? { unknown: JSON.stringify(summary.outcomes) } : { known: summary };
    },
  },
  { secrets },
);
