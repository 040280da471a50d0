/** What a collector is sent of deployments: OTLP over HTTP, as JSON. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApplicationFailure } from '@temporalio/common';
import { expect, onTestFinished, test } from 'vitest';
import { Tracing } from '../../src/adapters/traces/tracing.js';
import { mockWorker } from '../activities/support.js';

interface Sent {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status?: { code?: number };
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

async function collector() {
  const spans: Sent[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    bodies.push(body);
    const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Sent[] }[] }[] };
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { spans, bodies, url: `http://127.0.0.1:${port}/v1/traces` };
}

const DEPLOYMENT = 'shop-20261127-101500-0a1b';
const AT = Date.UTC(2026, 10, 27, 10, 15);
const RUN = { workflowId: 'surefoot/shop/production', runId: 'run-1' };
const step = (changes: object) => ({
  id: 'production.deploy',
  phase: 'production',
  state: 'passed',
  generation: 1,
  startedAt: AT + 1_000,
  reason: 'what people wrote',
  ...changes,
});
const ledger = (changes: object) => ({ deployment: DEPLOYMENT, service: 'shop', startedAt: AT, steps: [], ...changes });

/** An attempt of an activity, as a worker makes it. */
function attempt(tracing: Tracing, input: object, work: () => Promise<unknown>): Promise<unknown> {
  const mock = mockWorker();
  const { execute } = tracing.interceptor().inbound;
  return mock.run(() => execute({ args: [input] }, work));
}

test('a deployment is one trace: its steps are parts of it, and attempts of activities parts of their steps', async () => {
  const { spans, bodies, url } = await collector();
  const tracing = new Tracing(url, 'a-runner', () => {});
  tracing.published(RUN, ledger({ steps: [step({})] }));
  const key = { deployment: DEPLOYMENT, step: 'production.deploy', generation: 1 };
  await attempt(tracing, { key }, () =>
    Promise.reject(ApplicationFailure.create({ type: 'CommandFailed', message: 'the password' })),
  ).catch(() => {});
  const done = step({ state: 'failed', endedAt: AT + 5_000 });
  for (let times = 0; times < 3; times++) tracing.published(RUN, ledger({ steps: [done] }));
  tracing.published(
    { workflowId: `${DEPLOYMENT}/rollback-code`, runId: 'run-2' },
    { steps: [step({ id: 'rollback.code', endedAt: AT + 7_000 })] },
  );
  tracing.published(RUN, ledger({ steps: [done], endedAt: AT + 9_000, outcome: 'rolled-back' }));
  await tracing.close();

  const named = Object.fromEntries(spans.map((span) => [span.name, span]));
  expect(spans.map(({ name }) => name).toSorted()).toEqual([
    'deployment',
    'production.deploy',
    'rollback.code',
    'unknown',
  ]);
  const { deployment, unknown: activity } = named;
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(deployment?.parentSpanId).toBeUndefined();
  expect(deployment).toMatchObject({ startTimeUnixNano: `${AT}000000`, endTimeUnixNano: `${AT + 9_000}000000` });
  expect(named['production.deploy']).toMatchObject({ parentSpanId: deployment?.spanId, status: { code: 2 } });
  expect(named['rollback.code']).toMatchObject({ parentSpanId: deployment?.spanId });
  expect(activity).toMatchObject({ parentSpanId: named['production.deploy']?.spanId, status: { code: 2 } });
  expect(activity?.attributes).toContainEqual({ key: 'error.type', value: { stringValue: 'CommandFailed' } });
  // Whoever reads traces need not be one who may read the deployment.
  expect(bodies.join()).not.toMatch(/what people wrote|the password/);
});

test('what a worker sends again after a restart is the same span, not another', async () => {
  const { spans, url } = await collector();
  for (const runner of ['one', 'another']) {
    const tracing = new Tracing(url, runner, () => {});
    tracing.published(RUN, ledger({ steps: [step({ endedAt: AT + 5_000 })] }));
    await tracing.close();
  }
  expect(spans).toHaveLength(2);
  expect(spans[1]).toMatchObject({ traceId: spans[0]?.traceId, spanId: spans[0]?.spanId });
});

test('a collector that is away costs its spans and nothing else, and somebody is told', async () => {
  const warnings: string[] = [];
  const tracing = new Tracing('http://127.0.0.1:9/v1/traces', 'a-runner', (message) => warnings.push(message));
  const key = { deployment: DEPLOYMENT, step: 'soak', generation: 1 };
  expect(await attempt(tracing, { key }, async () => 'done')).toBe('done');
  await tracing.close();
  expect(warnings.join()).toMatch(/ECONNREFUSED/);
}, 30_000);
