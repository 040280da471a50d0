import { tmpdir } from 'node:os';
import { CommandMetrics } from '../../src/adapters/metrics/command-metric.js';
import { LogWatcher } from '../../src/adapters/metrics/log-lines.js';
import { conforms } from './reader.js';
import { readingOf } from './sources.js';

const SECRET = 'customer-4711';
const { signal } = new AbortController();
const commandOf = (program: string, timeout = 10_000) => ({
  run: [process.execPath, '-e', program],
  on: 'worker' as const,
  folder: tmpdir(),
  timeout,
});
const shared = { environment: 'staging', window: 60_000 } as const;

const metric = (program: string, timeout?: number) =>
  readingOf(() =>
    new CommandMetrics().read(
      { kind: 'command', command: commandOf(program, timeout), tools: [], field: 'queue', ...shared },
      signal,
    ),
  );

conforms(
  'adapters/metrics/command-metric.ts',
  {
    value: () => metric('console.log(\'{"queue": 3}\')'),
    none: () => metric('console.log(\'{"queue": null}\')'),
    hidden: () => metric(`console.error("permission denied for ${SECRET}"); process.exit(1)`),
    partial: () => metric(`console.log('{"queue": 3, "who": "${SECRET}')`),
    error: () => metric(`console.log('{"queue": 3}'); console.error("${SECRET}"); process.exit(3)`),
    hang: () => metric('setInterval(() => {}, 1000)', 300),
    nonsense: () => metric(`console.log("${SECRET}")`),
    huge: () => metric('for (;;) process.stdout.write("x".repeat(65536))', 5_000),
  },
  { secrets: [SECRET] },
);

/** Two looks, since what was there before the first is nobody's news. */
const logs = (program: string, timeout?: number) => {
  const watcher = new LogWatcher();
  const command = commandOf(program, timeout);
  const source = { kind: 'logs', command, pattern: 'CRITICAL', ...shared } as const;
  const once = () => watcher.read(source, 'count', { clock: 'real', signal });
  return readingOf(async () => {
    await once();
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    return once();
  });
};

conforms(
  'adapters/metrics/log-lines.ts',
  {
    value: () => logs('console.log(process.pid, "CRITICAL")'),
    none: () => logs(''),
    hidden: () => logs(`console.error("permission denied for ${SECRET}"); process.exit(1)`),
    partial: () => logs(`console.log("CRITICAL ${SECRET}"); process.exit(1)`),
    error: () => logs(`console.log("CRITICAL"); console.error("${SECRET}"); process.exit(3)`),
    hang: () => logs('setInterval(() => {}, 1000)', 300),
    nonsense: { impossible: 'whatever a log says is a log' },
    huge: () => logs('for (;;) process.stdout.write("x".repeat(65536))', 5_000),
  },
  { secrets: [SECRET] },
);
