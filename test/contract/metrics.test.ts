import { expect, test } from 'vitest';
import type { Command } from '../../src/contract/plan/commands.js';
import { type MetricSource, runsCommand } from '../../src/contract/plan/metrics.js';

const command: Command = { run: ['true'], on: 'worker', folder: '/', timeout: 1 };
const health = (as: object): MetricSource => ({ kind: 'health', url: 'http://x', window: 1, read: 'down', as });

test('a metric is known to run a command of the plan where it does, in whatever part', () => {
  const common = { command, environment: 'staging', window: 1 } as const;
  const running: MetricSource[] = [
    { kind: 'logs', pattern: 'x', ...common },
    { kind: 'command', tools: [], ...common },
    ...[{ by: { command } }, { version: { runs: command } }, { version: { command } }, { commit: { command } }].map(
      health,
    ),
    health({ startedAt: { command } }),
  ];
  expect(running.map(runsCommand)).toEqual(running.map(() => true));
  const reading: MetricSource[] = [
    { kind: 'health', url: 'http://x', window: 1, read: 'down' },
    health({ by: { port: 1 }, version: 'none', commit: { field: 'commit' } }),
    { kind: 'scrape', url: 'http://x', window: 1, read: { gauge: { name: 'x' } } },
  ];
  expect(reading.map(runsCommand)).toEqual(reading.map(() => false));
});
