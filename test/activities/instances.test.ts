/** Several instances behind one address: real servers behind a real balancer. */
import { describe, expect, test, vi } from 'vitest';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import { ANSWERS, agreed, askInstances } from '../../src/adapters/application/health.js';
import { HealthReader } from '../../src/adapters/metrics/health-metric.js';
import { balance } from '../helpers/balancer.js';
import { environmentAt, inActivity, key } from '../helpers/context.js';
import { json, serve } from '../helpers/server.js';

const EVIDENCE = { store: '/nowhere', deployment: 'd' };
const { awaitHealth, awaitDrained, readStarts } = createHttpActivities();

interface Body {
  version?: string;
  started_at?: string;
  in_flight?: number;
}

/** What each instance says can be changed. */
async function behindOneAddress(...bodies: Body[]) {
  const says = bodies;
  const servers = await Promise.all(
    bodies.map((_, n) =>
      serve((__, response) => json(response, says[n] ?? {}, 'version' in (says[n] ?? {}) ? 200 : 503)),
    ),
  );
  const balancer = await balance(servers.map(({ port }) => port));
  return { balancer, says, servers, environment: environmentAt(balancer.url) };
}

const wait = (environment: ReturnType<typeof environmentAt>, within: number, startedBefore?: string[]) =>
  inActivity(() =>
    awaitHealth({ key, evidence: EVIDENCE, environment, path: '/health', version: 'v2', startedBefore, within }),
  );

describe('a version behind a balancer', () => {
  test('is deployed when every instance says so, not when one of them does', async () => {
    const { environment, says } = await behindOneAddress({ version: 'v2' }, { version: 'v1' });
    const early = await wait(environment, 400);
    expect(early.facts.find(({ name }) => name === 'version')).toMatchObject({ ok: false });
    expect(early.summary).toContain('instead of v2');
    const report = wait(environment, 30_000);
    says[1] = { version: 'v2' };
    expect((await report).facts).toEqual([
      { name: 'status', ok: true, text: '200 OK' },
      { name: 'version', ok: true, text: 'version v2' },
    ]);
  });

  test('each answer comes on a connection of its own', async () => {
    const { environment, balancer } = await behindOneAddress({ version: 'v2' });
    await wait(environment, 30_000);
    expect(balancer.connections).toBe(ANSWERS);
  });

  test('is not deployed while one instance is down', async () => {
    const { environment } = await behindOneAddress({ version: 'v2' }, {});
    const { facts } = await wait(environment, 300);
    expect(facts.find(({ name }) => name === 'status')?.ok).toBe(false);
  });

  test('what instances disagree in is not known, and the reason says who says what', async () => {
    const { balancer } = await behindOneAddress({ version: 'v2' }, { version: 'v1' });
    expect(agreed(await askInstances({ url: balancer.url }), 'version')).toEqual({
      unknown: 'version v2 in 5 of 10 answers, version v1 in 5',
    });
  });

  test('production’s own state is what all of them say', async () => {
    const { environment, says } = await behindOneAddress({ version: 'v2' }, { version: 'v1' });
    const { verifyState } = createVerificationActivities();
    const verify = () =>
      inActivity(() =>
        verifyState({ key, evidence: EVIDENCE, environment, healthPath: '/health', expected: { version: 'v2' } }),
      );
    expect((await verify()).facts).toEqual([
      {
        name: 'version',
        ok: false,
        unknown: true,
        text: 'which version runs is not known: the health check answers: version v2 in 5 of 10 answers, version v1 in 5',
      },
    ]);
    says[1] = { version: 'v2' };
    expect((await verify()).facts).toMatchObject([{ name: 'version', ok: true }]);
  });

  test('is known of an application that takes its time: none of its answers is cut off by those before', async () => {
    const server = await serve((_, response) => setTimeout(() => json(response, { version: 'v2' }), 170));
    const answers = await askInstances({ url: server.url }, { timeout: 1_000 });
    expect(answers.length).toBeGreaterThan(1);
    expect(agreed(answers, 'version')).toEqual({ value: 'v2' });
  });

  test('that is an empty text is none', async () => {
    const server = await serve((_, response) => json(response, { version: '' }));
    expect(agreed(await askInstances({ url: server.url }), 'version')).toEqual({ unknown: 'no version' });
  });

  test('an answer out of a cache is none of the application', async () => {
    const server = await serve((_, response) => json(response.setHeader('age', '30'), { version: 'v2' }));
    const { facts } = await wait(environmentAt(server.url), 300);
    expect(facts[0]).toEqual({ name: 'status', ok: false, text: 'the answer comes out of a cache, 30 s old' });
  });
});

describe('requests in flight behind a balancer', () => {
  test('are none when no instance has any', async () => {
    const { environment, says } = await behindOneAddress(
      { version: 'v1', in_flight: 0 },
      { version: 'v1', in_flight: 2 },
    );
    const drain = (milliseconds: number) =>
      inActivity(() => awaitDrained({ key, evidence: EVIDENCE, environment, path: '/health', drain: milliseconds }));
    const [fact] = (await drain(300)).facts;
    expect(fact).toMatchObject({ ok: false, text: expect.stringContaining('not drained within 300 ms') });
    says[1] = { version: 'v1', in_flight: 0 };
    expect((await drain(10_000)).facts).toMatchObject([{ ok: true }]);
  });

  test('are not known of an application that does not answer', async () => {
    const server = await serve((_, response) => json(response, {}));
    await server.stop();
    const report = await inActivity(() =>
      awaitDrained({ key, evidence: EVIDENCE, environment: environmentAt(server.url), path: '/health', drain: 300 }),
    );
    expect(report.facts).toMatchObject([
      { ok: false, unknown: true, text: 'what is in flight after 300 ms is not known: connection refused' },
    ]);
  });
});

describe('a restart behind a balancer', () => {
  const [a, b, c, d] = ['10:00', '10:01', '11:00', '11:01'].map((started_at) => ({ version: 'v2', started_at }));

  test('holds when the last instance has started anew', async () => {
    const { environment, says } = await behindOneAddress({ ...a }, { ...b });
    const before = await inActivity(() => readStarts({ environment, path: '/health' }));
    expect(before.sort()).toEqual(['10:00', '10:01']);
    const none = await wait(environment, 300, before);
    expect(none.facts.at(-1)).toMatchObject({ name: 'restarted', ok: false });
    says[0] = { ...c };
    const half = await wait(environment, 300, before);
    expect(half.facts.at(-1)).toMatchObject({ name: 'restarted', ok: false });
    says[1] = { ...d };
    const whole = await wait(environment, 30_000, before);
    expect(whole.facts.at(-1)).toEqual({ name: 'restarted', ok: true, text: 'started anew' });
  });

  test('two instances that answer in turn are no restart; a rolling one counts when it is complete', async () => {
    const { balancer, says } = await behindOneAddress({ ...a }, { ...b });
    const source = (read: 'restarts' | 'down') =>
      ({ kind: 'health', url: balancer.url, window: 60_000, read }) as const;
    const reader = new HealthReader();
    const look = { clock: 'real', signal: new AbortController().signal } as const;
    const read = async () => {
      // What is younger than a tenth of a second is taken again.
      await new Promise((resolve) => setTimeout(resolve, 110));
      return reader.read({ source: source('restarts') }, look);
    };
    for (let tick = 0; tick < 5; tick += 1) expect(await read()).toEqual({ value: 0 });
    expect(await reader.read({ source: source('down') }, look)).toEqual({ value: 0 });
    says[0] = { ...c };
    await expect(read()).rejects.toThrow('several instances answer: the one of 11:00 came up');
    says[1] = { ...d };
    expect(await read()).toEqual({ value: 2 });
  });

  test('an application that does not say when it started has restarts that are not known, with the reason', async () => {
    const server = await serve((_, response) => json(response, { version: 'v2' }));
    const as = { startedAt: { header: 'X-Started' } };
    const source = { kind: 'health', url: server.url, window: 60_000, read: 'restarts', as } as const;
    const { signal } = new AbortController();
    await expect(new HealthReader().read({ source }, { clock: 'real', signal })).rejects.toThrow(
      'the health endpoint does not tell when it was started: no header X-Started in the answer',
    );
  });

  test('one instance that is down of several is neither up nor down', async () => {
    const { balancer, says } = await behindOneAddress({ ...a }, { ...b });
    const reader = new HealthReader();
    const look = { clock: 'real', signal: new AbortController().signal } as const;
    const source = { kind: 'health', url: balancer.url, window: 60_000, read: 'down' } as const;
    const down = () => reader.read({ source }, look);
    expect(await down()).toEqual({ value: 0 });
    says[1] = {};
    await vi.waitFor(() =>
      expect(down()).rejects.toThrow('several instances answer: up in 5 of 10 answers, down in 5'),
    );
    says[0] = {};
    await vi.waitFor(async () => expect(await down()).toEqual({ value: 1 }));
  });
});
