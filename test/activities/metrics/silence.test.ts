/** A target that says nothing, with other places that answer, and with none: real ports, and a port that nobody listens to. */
import { expect, test } from 'vitest';
import { createSampleActivities } from '../../../src/activities/metrics/samples.js';
import type { Metric } from '../../../src/contract/plan/metrics.js';
import { type SecondPlace, secondPlacesOf } from '../../../src/contract/second-places.js';
import { loadPlan } from '../../../src/plan/load.js';
import { evidencePlace, inActivity } from '../../helpers/context.js';
import { deadPort, json, serve } from '../../helpers/server.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { SHIPPED } from '../../plan/plan-files.js';

const metric = (name: string, source: Metric['source']): Metric => ({ name, title: name, unit: 'count', source });
const health = (url: string) => metric('down', { kind: 'health', url, window: 60_000, read: 'down' });

async function sampled(metrics: Metric[], elsewhere?: SecondPlace[]) {
  const evidence = await evidencePlace();
  const { sampleMetrics } = createSampleActivities();
  const input = { monitor: 'watch', evidence, at: 60_000, since: {}, clock: 'real', baselines: {} } as const;
  return inActivity(() => sampleMetrics({ ...input, metrics, ...(elsewhere && { elsewhere }) }));
}

const dead = async () => `http://127.0.0.1:${await deadPort()}`;

test('silence is proven by another place that answers, whatever it says', async () => {
  const other = await serve((_, response) => json(response, {}, 503));
  const elsewhere: SecondPlace[] = [
    { kind: 'address', title: 'the database', host: '127.0.0.1', port: await deadPort() },
    { kind: 'application', title: 'staging', url: other.url },
  ];
  const { down } = await sampled([health(await dead())], elsewhere);
  const silence = { proven: true, text: 'connection refused, while staging answers' };
  expect(down).toEqual([{ at: 60_000, kind: 'ok', value: 1, silence }]);
});

test('where nothing answers, nobody knows whose silence it is: each place is named, with what came instead', async () => {
  const elsewhere: SecondPlace[] = [
    { kind: 'address', title: 'the database', host: '127.0.0.1', port: await deadPort() },
    { kind: 'application', title: 'staging', url: 'http://no-such-host.invalid/health' },
    { kind: 'shell', title: 'the shell', server: { kind: 'ssh', host: 'no-such-host.invalid' } },
  ];
  const { down } = await sampled([health(await dead())], elsewhere);
  expect(down).toMatchObject([{ kind: 'ok', value: 1, silence: { proven: false } }]);
  expect(down?.[0]?.silence?.text).toMatch(
    /^connection refused, and nothing else answers this worker either: the database \(connection refused\), staging \(.+\), the shell \(no connection by ssh\)$/,
  );
});

test('what else has answered in the same tick is enough: no other place is asked', async () => {
  const page = await serve((_, response) => response.end('queue 1\n'));
  const staging = await serve((_, response) => json(response, {}));
  const queue = metric('queue', {
    ...{ kind: 'scrape', url: `${page.url}/metrics`, window: 60_000 },
    read: { gauge: { name: 'queue' } },
  });
  const elsewhere: SecondPlace[] = [{ kind: 'application', title: 'staging', url: staging.url }];
  const { down } = await sampled([health(await dead()), queue], elsewhere);
  expect(down?.[0]?.silence).toEqual({ proven: true, text: 'connection refused, while where “queue” is read answers' });
  expect(staging.requests).toHaveLength(0);
});

test('an error status is an answer, and no silence', async () => {
  const broken = await serve((_, response) => json(response, {}, 503));
  const elsewhere: SecondPlace[] = [{ kind: 'address', title: 'x', host: '127.0.0.1', port: await deadPort() }];
  const { down } = await sampled([health(broken.url)], elsewhere);
  expect(down).toEqual([{ at: 60_000, kind: 'ok', value: 1 }]);
});

test('a source that cannot be asked is silent, too; without another place nothing is said of it', async () => {
  const queue = metric('queue', {
    ...{ kind: 'scrape', url: await dead(), window: 60_000 },
    read: { gauge: { name: 'queue' } },
  });
  const refused = { at: 60_000, kind: 'error', message: 'connection refused' };
  expect((await sampled([queue])).queue).toEqual([refused]);
  const elsewhere: SecondPlace[] = [{ kind: 'address', title: 'x', host: '127.0.0.1', port: await deadPort() }];
  expect((await sampled([queue], elsewhere)).queue).toMatchObject([{ ...refused, silence: { proven: false } }]);
});

test('a plan’s other places are its server’s shell, its databases, its other environment and its sources', () => {
  const titles = secondPlacesOf(loadWhole(SHIPPED), 'production').map(({ title }) => title);
  expect(titles).toEqual([
    'the shell of production’s server',
    'the database of production',
    'the database of staging',
    'the health check of staging',
  ]);
  expect(secondPlacesOf(loadPlan('plans/minimal.yaml').resolved, 'production')).toEqual([]);
});
