import { tmpdir } from 'node:os';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { createSampleActivities } from '../../../src/activities/metrics/samples.js';
import type { Metric } from '../../../src/contract/plan/metrics.js';
import { evidencePlace, inActivity } from '../../helpers/context.js';

const metric = (name: string, run: string[], more: { field?: string; timeout?: number } = {}): Metric => ({
  name,
  title: name,
  unit: 'count',
  source: {
    kind: 'command',
    command: { run, on: 'worker', folder: tmpdir(), timeout: more.timeout ?? 10_000 },
    environment: 'staging',
    tools: [],
    window: 60_000,
    ...(more.field === undefined ? {} : { field: more.field }),
  },
});
const prints = (name: string, text: string, field?: string) =>
  metric(name, [process.execPath, '-e', `console.log(${JSON.stringify(text)})`], { field });

async function sample(metrics: Metric[], environment = new MockActivityEnvironment()) {
  const activities = createSampleActivities();
  const evidence = await evidencePlace();
  const input = { monitor: 'soak', evidence, at: 60_000, since: {}, clock: 'real', metrics, baselines: {} } as const;
  const samples = await inActivity(() => activities.sampleMetrics(input), environment);
  return Object.fromEntries(Object.entries(samples).map(([name, [only]]) => [name, only]));
}

describe('a command that prints JSON', () => {
  test('gives the number at the field, or the whole of it', async () => {
    expect(
      await sample([
        prints('nested', '{"queue": {"length": 12.5}}', 'queue.length'),
        prints('one-element', '{"queues": [{"length": 3}]}', 'queues[].length'),
        prints('whole', '42'),
        prints('nothing-yet', '{"queue": null}', 'queue'),
        prints('nan', '{"ratio": "NaN"}', 'ratio'),
        prints('infinite', '{"ratio": "+Inf"}', 'ratio'),
      ]),
    ).toEqual({
      nested: { at: 60_000, kind: 'ok', value: 12.5 },
      'one-element': { at: 60_000, kind: 'ok', value: 3 },
      whole: { at: 60_000, kind: 'ok', value: 42 },
      'nothing-yet': { at: 60_000, kind: 'noData', reason: '`queue` of what the command printed is null' },
      nan: { at: 60_000, kind: 'notANumber' },
      infinite: { at: 60_000, kind: 'ok', value: Number.MAX_VALUE },
    });
  });

  test('what is no number is an error that says so, without what was printed', async () => {
    const samples = await sample([
      prints('misspelt', '{"queue": {"length": 1}}', 'queue.lenght'),
      prints('text', '{"queue": "secret"}', 'queue'),
      prints('many', '{"queues": [{"length": 3}, {"length": 4}]}', 'queues[].length'),
      prints('no-json', 'secret'),
      metric('silent', [process.execPath, '-e', '']),
      metric('fails', [process.execPath, '-e', 'console.error("secret"); process.exit(3)']),
      metric('missing', ['surefoot-no-such-command']),
      metric('much', [process.execPath, '-e', 'console.log("x".repeat(2e6))']),
    ]);
    const messages = Object.entries(samples).map(([name, found]) => [name, found?.kind === 'error' && found.message]);
    expect(Object.fromEntries(messages)).toEqual({
      misspelt: '`queue.lenght` of what the command printed is not there',
      text: '`queue` of what the command printed is no number',
      many: '`queues[].length` of what the command printed is more than one value',
      'no-json': 'the command printed something that is no JSON',
      silent: 'the command printed nothing',
      fails: 'the command failed (3)',
      missing: 'the command failed (ENOENT)',
      much: 'the command printed too much',
    });
  });

  test('one that hangs is ended at its time-out, also when it does not want to', async () => {
    const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)';
    const start = performance.now();
    expect(await sample([metric('hangs', [process.execPath, '-e', stubborn], { timeout: 500 })])).toMatchObject({
      hangs: { kind: 'error', message: 'the command took too long' },
    });
    expect(performance.now() - start).toBeLessThan(8_000);
  });

  test('one that leaves something running is read when it has ended itself', async () => {
    const leaves = 'require("node:child_process").spawn("sleep", ["5"], { stdio: "inherit" }).unref(); console.log(7)';
    expect(await sample([metric('leaves', [process.execPath, '-e', leaves], { timeout: 4_000 })])).toEqual({
      leaves: { at: 60_000, kind: 'ok', value: 7 },
    });
  });

  test('arguments reach it as they are: no shell reads them', async () => {
    const words = ['$(echo 1); rm', '{environment}'];
    const program = `console.log(process.argv.slice(1).join() === ${JSON.stringify('$(echo 1); rm,staging')} ? 1 : 0)`;
    expect(await sample([metric('safe', [process.execPath, '-e', program, ...words])])).toMatchObject({
      safe: { kind: 'ok', value: 1 },
    });
  });

  test('a cancel ends it', async () => {
    const environment = new MockActivityEnvironment();
    const waiting = sample([metric('hangs', [process.execPath, '-e', 'setInterval(() => {}, 1000)'])], environment);
    const ended = vi.fn();
    waiting.catch(ended);
    setTimeout(() => environment.cancel(), 300);
    await vi.waitFor(() => expect(ended).toHaveBeenCalled(), { timeout: 5_000 });
  });
});
