import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { createPeopleActivities } from '../../src/activities/people.js';
import type { Question } from '../../src/contract/activities.js';
import { inActivity } from '../helpers/context.js';
import { deadPort, json, readBody, serve } from '../helpers/server.js';

const question: Question = {
  deployment: 'd-1',
  workflowId: 'w-1',
  service: 'eduautismo',
  kind: 'approvals',
  id: 'sign-off',
  title: 'Sign-off of the team',
  roles: ['tech-lead', 'qa'],
  moves: ['approve', 'reject'],
};
const { ask, tell } = createPeopleActivities();
const say = (webhook?: string) =>
  inActivity(() => tell({ deployment: 'd-1', service: 'eduautismo', text: 'Deployed', webhook }));

describe('tell', () => {
  test('posts the text as JSON', async () => {
    const bodies: string[] = [];
    const server = await serve((request, response) => {
      void readBody(request).then((body) => {
        bodies.push(body);
        response.end('ok');
      });
    });
    expect(await say(server.url)).toEqual({});
    expect(JSON.parse(bodies[0] ?? '')).toEqual({
      text: 'eduautismo (d-1): Deployed',
      kind: 'announcement',
      deployment: 'd-1',
      service: 'eduautismo',
    });
  });

  test('takes the webhook from a secret, and says when it is missing', async () => {
    const server = await serve((_, response) => response.end());
    process.env.TEST_WEBHOOK = server.url;
    expect(await say('env:TEST_WEBHOOK')).toEqual({});
    expect(server.requests).toEqual(['POST /']);
    expect((await say('env:TEST_WEBHOOK_NOWHERE')).untold).toContain('TEST_WEBHOOK_NOWHERE');
  });

  test('tries again after 429 and 5xx, not before Retry-After', async () => {
    const times: number[] = [];
    const server = await serve((_, response) => {
      times.push(performance.now());
      if (times.length === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else if (times.length === 2) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end();
    });
    expect(await say(server.url)).toEqual({});
    expect(times).toHaveLength(3);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('gives up after two retries, and at once when refused', async () => {
    const server = await serve((_, response) => response.writeHead(500, { 'retry-after': '0' }).end());
    expect(await say(server.url)).toEqual({ untold: 'the receiver answered 500 Internal Server Error' });
    expect(server.requests).toHaveLength(3);
    server.handle = (_, response) => json(response, {}, 404);
    expect(await say(server.url)).toEqual({ untold: 'the receiver answered 404 Not Found' });
    expect(server.requests).toHaveLength(4);
  });

  test('never throws, and never shows the URL', async () => {
    expect(await say(`http://127.0.0.1:${await deadPort()}/secret-path`)).toEqual({ untold: 'connection refused' });
    expect(await say('not a URL: secret-path')).toEqual({ untold: 'invalid URL' });
    const server = await serve((request) => request.socket.end('nonsense\r\n\r\n'));
    const { untold } = await say(server.url);
    expect(untold).toMatch(/not HTTP|connection/);
  });

  test('without a webhook tells nobody', async () => {
    expect(await say()).toEqual({});
  });
});

describe('ask', () => {
  test('announces roles and moves, and returns', async () => {
    const bodies: unknown[] = [];
    const server = await serve((request, response) => {
      void readBody(request).then((body) => {
        bodies.push(JSON.parse(body));
        response.end();
      });
    });
    await inActivity(() => ask({ question, webhook: server.url }));
    expect(bodies).toEqual([
      { ...question, text: 'eduautismo (d-1): Sign-off of the team. Asked: tech-lead, qa. Moves: approve, reject.' },
    ]);
  });

  test('waits for the stand-in people, heartbeating', async () => {
    let answered = false;
    let release = () => {};
    const people = createPeopleActivities({
      answer: async (asked) => {
        expect(asked).toEqual(question);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        answered = true;
      },
    });
    const environment = new MockActivityEnvironment();
    const beats = vi.fn();
    environment.on('heartbeat', beats);
    const asking = inActivity(() => people.ask({ question }), environment);
    await vi.waitUntil(() => beats.mock.calls.length >= 2, { timeout: 5_000 });
    expect(answered).toBe(false);
    release();
    await asking;
    expect(answered).toBe(true);
  });

  test('a receiver that is down does not fail the question', async () => {
    await inActivity(async () => ask({ question, webhook: `http://127.0.0.1:${await deadPort()}` }));
  });
});
