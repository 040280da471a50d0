/** A watch in real time over a source that keeps history, of which the activity is a stand-in. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, onTestFinished, test } from 'vitest';
import type { SampleActivities } from '../../src/contract/activities/metrics.js';
import type { WatchInput, WatchResult } from '../../src/contract/messages.js';
import type { Metric } from '../../src/contract/plan/metrics.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import { SILENT_SINKS } from '../../src/contract/sinks.js';
import type { Criterion, Sample } from '../../src/domain/watch/criteria.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer } from '../../src/local/temporal.js';
import { scratchFolder } from '../sandbox/scratch-folders.js';

const SECOND = 1_000;
const TASK_QUEUE = 'monitor-history';

const kept: Metric = {
  name: 'errors',
  title: 'errors',
  unit: '%',
  source: {
    kind: 'prometheus',
    place: { api: 'http://127.0.0.1:9' },
    query: 'errors',
    window: 60 * SECOND,
    resolution: SECOND / 10,
    delay: 0,
  },
};
const tooMany: Criterion = {
  id: 'too-many',
  title: 'too many',
  metric: 'errors',
  unit: '%',
  breach: { comparison: '>', threshold: 10 },
  for: SECOND / 2,
  tier: 'rollback',
  noData: 'unknown',
  notANumber: 'unknown',
  providerError: 'unknown',
  minimumSamples: 5,
};
const watch: Watch = {
  id: 'kept',
  title: 'kept',
  environment: 'production',
  duration: 20 * SECOND,
  tick: SECOND,
  metrics: [kept],
  criteria: [tooMany],
  trends: [],
  gate: 'rollback',
  consider: { within: SECOND, otherwise: 'continue' },
};

/** What a source says between two times, a value each tenth of a second. */
type Said = (at: number) => number;

async function watchOver(sample: (tick: number, said: (value: Said) => Sample[]) => Sample[]) {
  const folder = await scratchFolder();
  const server = await startTemporalServer({
    folder,
    ports: await choosePorts(folder, ['grpc', 'ui']),
    virtualTime: false,
    searchAttributes: {},
  });
  onTestFinished(() => server.stop());
  const connection = await Connection.connect({ address: server.address });
  onTestFinished(() => connection.close());
  const native = await NativeConnection.connect({ address: server.address });
  const asked: { since: number; at: number }[] = [];
  const activities: Pick<SampleActivities, 'sampleMetrics' | 'sealSeries'> = {
    async sampleMetrics({ since, at }) {
      const from = since.errors ?? Number.NaN;
      asked.push({ since: from, at });
      const times: number[] = [];
      for (let time = (Math.floor(from / 100) + 1) * 100; time <= at; time += 100) times.push(time);
      return {
        errors: sample(asked.length, (value) => times.map((time) => ({ at: time, kind: 'ok', value: value(time) }))),
      };
    },
    sealSeries: async () => [],
  };
  const worker = await Worker.create({
    connection: native,
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('../../src/workflows/watch/watch.ts', import.meta.url)),
    sinks: SILENT_SINKS,
    activities,
  });
  const input: WatchInput = {
    deployment: 'd-1',
    service: 'service',
    parent: 'nobody',
    watch,
    evidence: { store: folder, deployment: 'd-1' },
    clock: 'real',
    baselines: {},
    roles: [],
  };
  const running = new Client({ connection }).workflow.execute('MonitorWorkflow', {
    workflowId: 'kept',
    taskQueue: TASK_QUEUE,
    args: [input],
  });
  const result: WatchResult = await worker.runUntil(running as Promise<WatchResult>);
  await native.close();
  return { result, asked };
}

test('every sample since the last tick is observed: a breach between two ticks is found, at its own time', async () => {
  let began = Number.POSITIVE_INFINITY;
  const { result, asked } = await watchOver((tick, said) => {
    if (tick < 3) return said(() => 1);
    // Half a second of errors, over before the tick that brings them.
    return said((time) => {
      began = Math.min(began, time);
      return time - began <= 500 ? 50 : 1;
    });
  });
  expect(result).toMatchObject({ verdict: 'breached', ticks: asked.length, breach: { criterion: 'too-many' } });
  // By the first tick that brings it: the third, or one more where a busy machine has the third come late.
  const [before, last] = asked.slice(-2);
  expect(before?.at).toBeLessThan(began + 500);
  expect(last?.at).toBeGreaterThanOrEqual(began + 500);
  expect(result.criteria[0]?.firedAt).toBe(began + 500);
  // About ten samples a tick, all of them counted.
  expect(result.samples).toBeGreaterThan(25);
  expect(asked[0]?.since).toBe(result.startedAt);
  for (const [index, { since }] of asked.slice(1).entries()) {
    expect(since).toBe(Math.floor((asked[index]?.at ?? 0) / 100) * 100);
  }
}, 90_000);

test('after an outage the source is asked for all that was missed, and a breach in it counts', async () => {
  const { result, asked } = await watchOver((tick, said) => {
    if (tick === 1) return said(() => 1);
    if (tick < 4) return [{ at: Date.now(), kind: 'error', message: 'connection refused' }];
    return said(() => 50);
  });
  expect(result).toMatchObject({ verdict: 'breached', ticks: 4 });
  const [, second, third, fourth] = asked;
  expect(second?.since).toBe(third?.since);
  expect(fourth?.since).toBe(second?.since);
  expect(result.criteria[0]?.firedAt).toBeLessThan(third?.at ?? 0);
}, 90_000);
