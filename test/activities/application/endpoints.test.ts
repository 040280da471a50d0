import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { createHttpActivities } from '../../../src/activities/application/endpoints.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import type { EndpointCheck } from '../../../src/contract/plan/application.js';
import { environmentAt, evidencePlace, inActivity, key, PASSWORD } from '../../helpers/context.js';
import { deadPort, type Handler, json, readBody, serve } from '../../helpers/server.js';

const { awaitHealth, checkEndpoints, awaitDrained, checkPath } = createHttpActivities();
const TOKEN = 'secret.token.value';

/** 45 plans, every third of high priority. */
const PLANS = Array.from({ length: 45 }, (_, id) => ({
  id: `p${id}`,
  title: `Plano de ${id}`,
  priority: id % 3 === 0 ? 'high' : 'low',
  created_by_id: `u${id % 2}`,
}));

function application(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://test');
  if (url.pathname === '/login') {
    void readBody(request).then((body) => {
      const { username, password } = JSON.parse(body) as Record<string, string>;
      if (username === 'test@example.com' && password === PASSWORD) json(response, { access_token: TOKEN });
      else json(response, { detail: 'no' }, 401);
    });
    return;
  }
  if (request.headers.authorization !== `Bearer ${TOKEN}`) {
    json(response, { detail: 'who are you' }, 401);
    return;
  }
  const priority = url.searchParams.get('priority');
  const professional = url.searchParams.get('professional_id');
  const [skip, limit] = [Number(url.searchParams.get('skip') ?? 0), Number(url.searchParams.get('limit') ?? 20)];
  const all = PLANS.filter(
    (plan) => (!priority || plan.priority === priority) && (!professional || plan.created_by_id === professional),
  );
  json(response, { items: all.slice(skip, skip + limit), total: all.length });
}

const check = (more: Partial<EndpointCheck>): EndpointCheck => ({
  id: 'basic',
  title: 'Pending plans',
  method: 'GET',
  path: '/plans',
  query: {},
  login: true,
  status: 200,
  ...more,
});

async function perform(url: string, checks: EndpointCheck[]) {
  const evidence = await evidencePlace();
  const report = await inActivity(() => checkEndpoints({ key, evidence, environment: environmentAt(url), checks }));
  const reference = report.evidence[0];
  const stored = reference ? await readFile(evidenceFile(evidence, reference.path), 'utf8') : '';
  return {
    report,
    stored,
    facts: Object.fromEntries(report.facts.map(({ name, ok, text }) => [name, `${ok ? 'yes' : 'no'}: ${text}`])),
  };
}

/** These store nothing themselves. */
const EVIDENCE = { store: '/nowhere', deployment: 'd' };

describe('awaitHealth', () => {
  const wait = (url: string, within: number, version?: string, environment?: MockActivityEnvironment) =>
    inActivity(
      () => awaitHealth({ key, evidence: EVIDENCE, environment: environmentAt(url), path: '/health', version, within }),
      environment,
    );

  test('waits through refusal, errors and the old version', async () => {
    const server = await serve((_, response) => json(response, { version: 'main' }, 503));
    await server.stop();
    const report = wait(server.url, 30_000, 'main');
    await server.start();
    await vi.waitUntil(() => server.requests.length > 0);
    server.handle = (_, response) => json(response, { version: 'v1.2.3' });
    const seen = server.requests.length;
    await vi.waitUntil(() => server.requests.length > seen + 1, { timeout: 5_000 });
    server.handle = (_, response) => json(response, { version: 'main' });
    expect((await report).facts).toEqual([
      { name: 'status', ok: true, text: '200 OK' },
      { name: 'version', ok: true, text: 'version main' },
    ]);
  });

  test('says at the limit what the last answer was', async () => {
    const server = await serve((_, response) => json(response, { version: 'v1.2.3' }));
    const old = await wait(server.url, 300, 'main');
    expect(old.facts).toContainEqual({ name: 'version', ok: false, text: 'version v1.2.3 instead of main' });
    expect(old.summary).toContain('Not healthy within 300 ms');

    const unlike = await wait(server.url, 300, '1.2.3');
    const words = 'version v1.2.3 instead of 1.2.3; v1.2.3 and 1.2.3 differ in the v alone';
    expect(unlike.facts).toContainEqual({ name: 'version', ok: false, text: expect.stringContaining(words) });

    server.handle = (_, response) => json(response, {}, 503);
    expect((await wait(server.url, 300)).facts).toEqual([
      { name: 'status', ok: false, text: '503 Service Unavailable' },
    ]);
    server.handle = () => {};
    expect((await wait(server.url, 300)).facts).toEqual([
      { name: 'status', ok: false, text: expect.stringContaining('no answer within') },
    ]);
    await server.stop();
    expect((await wait(server.url, 300)).facts).toEqual([{ name: 'status', ok: false, text: 'connection refused' }]);
  });

  // Measured: a machine that stalls in the very moment gets another go.
  test('heartbeats, and stops at once when cancelled', { retry: 2 }, async () => {
    const server = await serve(() => {});
    const environment = new MockActivityEnvironment();
    const beats = vi.fn();
    environment.on('heartbeat', beats);
    const report = wait(server.url, 60_000, 'main', environment);
    await vi.waitUntil(() => server.requests.length === 1);
    const start = performance.now();
    environment.cancel();
    await expect(report).rejects.toThrow(CancelledFailure);
    expect(performance.now() - start).toBeLessThan(100);
    expect(beats).toHaveBeenCalled();
  });
});

describe('checkEndpoints', () => {
  test('logs in once and settles every aspect', async () => {
    const server = await serve(application);
    const { report, facts, stored } = await perform(server.url, [
      check({ structure: { items: 'array', 'items[].id': 'string', total: 'integer' } }),
      check({ id: 'high', query: { priority: 'high' }, each: { 'items[].priority': 'high' } }),
      check({
        id: 'by-professional',
        query: { professional_id: '{sample}' },
        sample: { check: 'basic', field: 'items[].created_by_id' },
        each: { 'items[].created_by_id': '{sample}' },
      }),
      check({ id: 'paging', pages: { size: 10, items: 'items', key: 'id', total: 'total' } }),
      check({ id: 'fast', repeat: { times: 20, p95: 2_000 } }),
    ]);
    expect(report.facts.filter(({ ok }) => !ok)).toEqual([]);
    expect(Object.keys(facts)).toEqual([
      'login',
      'basic.status',
      'basic.structure',
      'high.status',
      'high.each',
      'by-professional.status',
      'by-professional.each',
      'paging.status',
      'paging.pages',
      'fast.status',
      'fast.p95',
    ]);
    expect(facts['high.each']).toContain('items[].priority is high in 15 of 15');
    expect(facts['paging.pages']).toContain('5 pages of 10 hold 45 different elements of 45');
    expect(server.requests.filter((request) => request === 'POST /login')).toHaveLength(1);
    for (const hidden of [TOKEN, PASSWORD, 'Plano de']) expect(stored + JSON.stringify(report)).not.toContain(hidden);
    // The walk asks for one page more than there are.
    expect(JSON.parse(stored).exchanges).toHaveLength(4 + 1 + 6 + 20);
  });

  test('an empty list satisfies "each" only where the plan says so', async () => {
    const server = await serve(application);
    const none = { query: { priority: 'medium' }, each: { 'items[].priority': 'medium' } };
    const { facts } = await perform(server.url, [
      check({ id: 'some', ...none }),
      check({ id: 'none', ...none, mayBeEmpty: true }),
    ]);
    const words = 'Pending plans: no element came back to hold items[].priority against medium';
    expect(facts).toMatchObject({ 'some.each': `no: ${words}`, 'none.each': `yes: ${words}` });
  });

  test('says what is wrong with an answer', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/login' || request.url?.startsWith('/plans')) return application(request, response);
      if (request.url === '/text') return void response.end('hello');
      json(response, { items: [{ id: 1 }], total: 'many' });
    });
    const { facts } = await perform(server.url, [
      check({ id: 'filter', each: { 'items[].priority': 'high' } }),
      check({ id: 'status', status: 201, structure: { total: 'integer' } }),
      check({
        id: 'structure',
        path: '/other',
        structure: { total: 'integer', 'items[].id': 'string', 'items[].x': 'string' },
      }),
      check({ id: 'text', path: '/text', structure: { total: 'integer' } }),
      check({ id: 'sample', sample: { check: 'text', field: 'items[].id' }, each: { id: '{sample}' } }),
      check({ id: 'slow', repeat: { times: 5, p95: 0 } }),
    ]);
    expect(facts).toMatchObject({
      'filter.each': 'no: Pending plans: items[].priority is high in 7 of 20',
      'status.status': 'no: Pending plans: 200 OK instead of 201',
      'status.structure': 'no: Pending plans: not checked (200 OK)',
      'structure.structure': 'no: Pending plans: total is not integer, items[].id is not string, items[].x is missing',
      'text.structure': 'no: Pending plans: not checked (the answer is not JSON)',
      'sample.status': 'no: Pending plans: the answer of "text" has no items[].id to take as the sample',
      'slow.p95': expect.stringMatching(/^no: .*P95 .* limit 0 ms/),
    });
  });

  test.each([
    ['pages that overlap', (skip: number) => Math.max(skip - 1, 0), 'on two pages'],
    ['a skip that is ignored', () => 0, 'on two pages'],
    ['a page that is missing', (skip: number) => (skip === 10 ? 40 : skip), 'different elements of 45'],
  ])('finds %s', async (_, wrong, words) => {
    const server = await serve((request, response) => {
      const url = new URL(request.url ?? '/', 'http://test');
      if (url.searchParams.has('skip'))
        url.searchParams.set('skip', String(wrong(Number(url.searchParams.get('skip')))));
      request.url = url.pathname + url.search;
      application(request, response);
    });
    const { facts } = await perform(server.url, [
      check({ id: 'paging', pages: { size: 10, items: 'items', key: 'id', total: 'total' } }),
    ]);
    expect(facts['paging.pages']).toMatch(/^no: /);
    expect(facts['paging.pages']).toContain(words);
  });

  test('a walk over too many pages is refused, not done', async () => {
    const server = await serve((_, response) => json(response, { items: [{ id: 1 }], total: 1_000_000 }));
    const { facts } = await perform(server.url, [
      check({ id: 'paging', login: false, pages: { size: 1, items: 'items', key: 'id', total: 'total' } }),
    ]);
    expect(facts['paging.pages']).toContain('choose larger pages');
    expect(server.requests.length).toBeLessThan(5);
  });

  test('a failed login fails every check by name, without the password', async () => {
    const server = await serve((_, response) => json(response, {}, 401));
    const { facts, stored } = await perform(server.url, [check({ structure: { total: 'integer' } })]);
    expect(facts).toEqual({
      login: 'no: login failed: 401 Unauthorized',
      'basic.status': 'no: Pending plans: login failed: 401 Unauthorized',
      'basic.structure': 'no: Pending plans: not checked (login failed: 401 Unauthorized)',
    });
    expect(stored + JSON.stringify(facts)).not.toContain(PASSWORD);
  });

  test('a reset is a failed fact, not an exception', async () => {
    const server = await serve((request) => request.socket.destroy());
    const { facts } = await perform(server.url, [check({ login: false })]);
    expect(facts['basic.status']).toMatch(/^no: .*(connection reset|connection closed)/);
  });
});

describe('awaitDrained', () => {
  const wait = (url: string, drain: number) =>
    inActivity(() =>
      awaitDrained({ key, evidence: EVIDENCE, environment: environmentAt(url), path: '/health', drain }),
    );

  test('returns as soon as nothing is in flight', async () => {
    let inFlight = 3;
    const server = await serve((_, response) => {
      json(response, { in_flight: inFlight });
      inFlight = Math.max(inFlight - 1, 0);
    });
    expect((await wait(server.url, 30_000)).facts).toEqual([
      { name: 'drained', ok: true, text: expect.stringContaining('no request in flight') },
    ]);
    // Nine more answers say so too.
    expect(server.requests).toHaveLength(4 + 9);
  });

  test('fails at the limit with what is left', async () => {
    const server = await serve((_, response) => json(response, { in_flight: 2 }));
    expect((await wait(server.url, 300)).facts).toEqual([
      { name: 'drained', ok: false, text: 'not drained within 300 ms: 2 requests in flight' },
    ]);
  });

  test('waits the whole time for an application that does not tell', async () => {
    const server = await serve((_, response) => json(response, {}));
    const start = performance.now();
    expect((await wait(server.url, 400)).facts).toEqual([
      { name: 'drained', ok: true, text: expect.stringContaining('does not tell') },
    ]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(399);
  });
});

describe('checkPath', () => {
  const visit = (url: string) =>
    inActivity(() => checkPath({ key, evidence: EVIDENCE, environment: environmentAt(url), path: '/plans' }));

  test('logs in and expects 200', async () => {
    const server = await serve(application);
    expect((await visit(server.url)).facts).toEqual([{ name: 'status', ok: true, text: '/plans: 200 OK' }]);
    server.handle = (request, response) =>
      request.url === '/login' ? application(request, response) : json(response, {}, 500);
    expect((await visit(server.url)).facts).toEqual([
      { name: 'status', ok: false, text: '/plans: 500 Internal Server Error' },
    ]);
  });

  test.each<[string, Handler, string]>([
    [
      'a page to log in',
      (_, response) =>
        void response.setHeader('content-type', 'text/html; charset=utf-8').end('<form><input type="password"></form>'),
      '200 OK with a page to log in',
    ],
    ['nothing', (_, response) => void response.end(), '200 OK with nothing in it'],
    [
      'a redirect',
      (_, response) => void response.writeHead(307, { location: '/login' }).end(),
      '307 Temporary Redirect',
    ],
  ])('%s is not the page that was asked for', async (_, handle, words) => {
    const server = await serve((request, response) =>
      request.url === '/login' ? application(request, response) : handle(request, response),
    );
    expect((await visit(server.url)).facts).toEqual([{ name: 'status', ok: false, text: `/plans: ${words}` }]);
    const { facts } = await perform(server.url, [check({ structure: { total: 'integer' } })]);
    if (words !== '200 OK with nothing in it') expect(facts['basic.status']).toMatch(/^no: /);
    expect(facts['basic.structure']).toMatch(/^no: .*not checked/);
  });

  test('a login that cannot be reached is a failed fact', async () => {
    const report = await visit(`http://127.0.0.1:${await deadPort()}`);
    expect(report.facts).toEqual([{ name: 'status', ok: false, text: 'login failed: connection refused' }]);
  });
});

describe('checkMaintenance', () => {
  const message = { path: '/plans', status: 503, text: 'Em manutenção' };
  const { checkMaintenance } = createHttpActivities({ settle: 600 });
  const visit = (url: string, on: boolean) =>
    inActivity(() => checkMaintenance({ key, evidence: EVIDENCE, environment: environmentAt(url), message, on }));
  const away = (_: IncomingMessage, response: ServerResponse) =>
    json(response, { detail: 'Em manutenção. Voltamos em alguns minutos.' }, 503);
  const held = async (url: string, on: boolean) =>
    Object.fromEntries(
      (await visit(url, on)).facts.map(({ name, ok, text }) => [name, `${ok ? 'yes' : 'no'}: ${text}`]),
    );

  test('the message is what users see while it is on, whether its letters are escaped or not', async () => {
    const server = await serve(away);
    const words = '/plans: 503 Service Unavailable with "Em manutenção"';
    expect(await held(server.url, true)).toEqual({ message: `yes: ${words}` });
    server.handle = (_, response) => void response.writeHead(503).end('{"detail": "Em manuten\\u00e7\\u00e3o"}');
    expect(await held(server.url, true)).toEqual({ message: `yes: ${words}` });
  });

  test.each<[string, Handler, string]>([
    ['users are still served', application, 'no: /plans: 401 Unauthorized without'],
    ['they get another page', (_, response) => json(response, {}, 503), 'no: /plans: 503 Service Unavailable without'],
    ['it comes with another status', (_, response) => json(response, 'Em manutenção'), 'no: /plans: 200 OK with'],
    ['there is no answer', (request) => request.socket.destroy(), 'no: /plans: connection'],
  ])('there is no message when %s', async (_, handle, words) => {
    const server = await serve(handle);
    expect((await held(server.url, true)).message).toContain(words);
  });

  test('a proxy that follows a moment later is waited for', async () => {
    const server = await serve(application);
    const report = visit(server.url, true);
    await vi.waitUntil(() => server.requests.length > 0);
    server.handle = away;
    expect((await report).facts).toMatchObject([{ name: 'message', ok: true }]);
  });

  test('it is not gone while visitors get an error in other words, nor while the user gets a page to log in', async () => {
    const server = await serve((request, response) =>
      request.headers.authorization || request.url === '/login'
        ? application(request, response)
        : void response.writeHead(502).end('Bad gateway'),
    );
    expect(await held(server.url, false)).toEqual({
      reachable: 'yes: /plans as the test user: 200 OK',
      'message-gone': 'no: /plans turns visitors away: 502 Bad Gateway',
    });
    server.handle = (request, response) =>
      request.url === '/login'
        ? application(request, response)
        : void response.setHeader('content-type', 'text/html').end('<input type=password>');
    expect((await held(server.url, false)).reachable).toBe('no: /plans as the test user: 200 OK with a page to log in');
  });

  test('when it is off the test user is served, and nobody is sent away', async () => {
    const server = await serve(application);
    expect(await held(server.url, false)).toEqual({
      reachable: 'yes: /plans as the test user: 200 OK',
      'message-gone': 'yes: /plans no longer says "Em manutenção"',
    });
  });

  test.each<[string, Handler, string, string]>([
    [
      'it is still on',
      away,
      'no: /plans as the test user: login failed: 503 Service Unavailable',
      'no: /plans still says "Em manutenção": 503 Service Unavailable',
    ],
    [
      'only visitors are still sent away',
      (request, response) =>
        (request.headers.authorization || request.url === '/login' ? application : away)(request, response),
      'yes: /plans as the test user: 200 OK',
      'no: /plans still says "Em manutenção": 503 Service Unavailable',
    ],
    [
      'the application fails without a word of maintenance',
      (request, response) => (request.url === '/login' ? application(request, response) : json(response, {}, 503)),
      'no: /plans as the test user: 503 Service Unavailable',
      'no: /plans turns visitors away: 503 Service Unavailable',
    ],
    [
      'nothing answers',
      (request) => request.socket.destroy(),
      'no: /plans as the test user: login failed: connection',
      'no: /plans: connection',
    ],
  ])('users are not back when %s', async (_, handle, reachable, gone) => {
    const server = await serve(handle);
    const facts = await held(server.url, false);
    expect(facts.reachable).toContain(reachable);
    expect(facts['message-gone']).toContain(gone);
  });
});
