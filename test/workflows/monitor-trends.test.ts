/** A day of watching in virtual time, with the real activities on a real page of metrics. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createSampleActivities } from '../../src/activities/metrics/samples.js';
import { createTrendActivities } from '../../src/activities/metrics/trends.js';
import { evidenceFile } from '../../src/adapters/evidence/evidence-store.js';
import type { WatchInput, WatchResult } from '../../src/contract/messages.js';
import type { Metric } from '../../src/contract/plan/metrics.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import type { LeakTrend } from '../../src/domain/trends/trend.js';
import { evidencePlace } from '../helpers/context.js';
import { criterionWith } from '../helpers/criteria.js';
import { serve } from '../helpers/server.js';
import { workflowServer } from '../helpers/workflow-server.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TASK_QUEUE = 'monitor-trends';

/** How much it grows in a virtual hour depends on how often a machine looks in that time: nearly any growth matters here. */
const leak: LeakTrend = {
  id: 'leak',
  title: 'Sem memory leaks',
  metric: 'memory',
  unit: '%',
  tier: 'require',
  notEnough: 'unknown',
  test: 'leak',
  growth: 0.01,
  limit: 100,
  within: 10_000 * HOUR,
  warmUp: HOUR,
  minimumSamples: 60,
};

const full = criterionWith({
  id: 'full',
  title: 'Memória',
  metric: 'memory',
  breach: { comparison: '>', threshold: 90 },
  for: 0,
  minimumSamples: 10,
});

function watchOf(id: string, url: string): Watch {
  const read = { share: { of: { name: 'used', labels: { of: id } }, to: { name: 'limit' } } };
  const metric: Metric = {
    name: 'memory',
    title: 'Memória',
    unit: '%',
    source: { kind: 'scrape', url, window: MINUTE, read },
  };
  return {
    id,
    title: id,
    environment: 'staging',
    duration: 24 * HOUR,
    tick: 15 * MINUTE,
    metrics: [metric],
    criteria: [full],
    trends: [leak],
    gate: 'ask',
    consider: { within: HOUR, otherwise: 'continue' },
  };
}

const temporal = workflowServer();

test('trends are judged when a watch has run to its end, and left undecided when a breach ends it', async () => {
  let looks = 0;
  const page = await serve((_, response) => {
    looks += 1;
    response.end(
      `used{of="leaking"} ${20 + Math.min(looks / 10, 60)}\nused{of="steady"} 20\nused{of="broken"} 95\nlimit 100\n`,
    );
  });
  const stop = await temporal.work({
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('../../src/workflows/watch/watch.ts', import.meta.url)),
    activities: { ...createSampleActivities(), ...createTrendActivities() },
  });
  const evidence = await evidencePlace();
  const watch = async (id: string): Promise<WatchResult> => {
    const input: WatchInput = {
      deployment: 'd-1',
      service: 'service',
      parent: 'nobody',
      watch: watchOf(id, `${page.url}/metrics`),
      evidence,
      clock: 'virtual',
      baselines: {},
      roles: [],
    };
    return temporal.virtual.workflow.execute('MonitorWorkflow', {
      workflowId: id,
      taskQueue: TASK_QUEUE,
      args: [input],
    });
  };
  const ids = ['leaking', 'steady', 'broken'];
  const results = await Promise.all(ids.map(watch));
  await stop();

  const [leaking, steady, broken] = results as [WatchResult, WatchResult, WatchResult];
  expect(leaking).toMatchObject({
    verdict: 'breached',
    openGates: ['leak'],
    ticks: 96,
    criteria: [
      { id: 'full', verdict: 'healthy' },
      {
        id: 'leak',
        tier: 'require',
        verdict: 'breached',
        samples: 96,
        reason: expect.stringMatching(/^slope \S+ %\/h/),
      },
    ],
  });
  expect(leaking).not.toHaveProperty('breach');
  expect(leaking.evidence.map(({ path }) => path)).toEqual(['series/leaking.jsonl', 'series/leaking-trends.json']);
  const kept = JSON.parse(await readFile(evidenceFile(evidence, 'series/leaking-trends.json'), 'utf8'));
  expect(kept).toMatchObject({
    from: leaking.startedAt,
    to: leaking.endedAt,
    results: [{ id: 'leak', verdict: 'breached' }],
  });

  expect(steady).toMatchObject({ verdict: 'healthy', openGates: [], criteria: [{}, { verdict: 'healthy' }] });

  expect(broken).toMatchObject({
    verdict: 'breached',
    breach: { criterion: 'full' },
    openGates: [],
    criteria: [{ verdict: 'breached' }, { id: 'leak', verdict: 'unknown', samples: 0 }],
  });
  // Its deployment has the samples sealed: whoever waits for a breach waits for nothing else.
  expect(broken.evidence).toEqual([]);
}, 120_000);
