import { tmpdir } from 'node:os';
import { metricSourceConforms } from './metric-source.js';

const SECRET = 'customer-4711';
const commandOf = (program: string, timeout = 10_000) => ({
  run: [process.execPath, '-e', program],
  on: 'worker' as const,
  folder: tmpdir(),
  timeout,
});
const shared = { environment: 'staging', window: 60_000 } as const;
const OWN_AFFAIR = { impossible: 'what a command asks for is its own affair: its exit code tells of a limit' };
const NO_CREDENTIAL = { impossible: 'a command is given no credential' };
const secrets = [SECRET];

metricSourceConforms({ kind: 'command', reader: 'adapters/metrics/command-metric.ts', secrets }, (ask) => {
  const metric = (program: string, timeout?: number) =>
    ask({ kind: 'command', command: commandOf(program, timeout), tools: [], field: 'queue', ...shared });
  return {
    value: () => metric('console.log(\'{"queue": 3}\')'),
    none: () => metric('console.log(\'{"queue": null}\')'),
    hidden: () => metric(`console.error("permission denied for ${SECRET}"); process.exit(1)`),
    partial: () => metric(`console.log('{"queue": 3, "who": "${SECRET}')`),
    error: () => metric(`console.log('{"queue": 3}'); console.error("${SECRET}"); process.exit(3)`),
    hang: () => metric('setInterval(() => {}, 1000)', 300),
    nonsense: () => metric(`console.log("${SECRET}")`),
    huge: () => metric('for (;;) process.stdout.write("x".repeat(65536))', 5_000),
    rateLimit: OWN_AFFAIR,
    paging: { impossible: 'a command prints one document' },
    secrets: NO_CREDENTIAL,
  };
});

metricSourceConforms({ kind: 'logs', reader: 'adapters/metrics/log-lines.ts', secrets }, (ask) => {
  /** Two ticks, since what was there before the first is nobody's news. */
  const logs = (program: string, timeout?: number) =>
    ask({ kind: 'logs', command: commandOf(program, timeout), pattern: 'CRITICAL', ...shared }, { ticks: 2 });
  return {
    value: () => logs('console.log(process.pid, "CRITICAL")'),
    none: () => logs(''),
    hidden: () => logs(`console.error("permission denied for ${SECRET}"); process.exit(1)`),
    partial: () => logs(`console.log("CRITICAL ${SECRET}"); process.exit(1)`),
    error: () => logs(`console.log("CRITICAL"); console.error("${SECRET}"); process.exit(3)`),
    hang: () => logs('setInterval(() => {}, 1000)', 300),
    nonsense: { impossible: 'whatever a log says is a log' },
    huge: () => logs('for (;;) process.stdout.write("x".repeat(65536))', 5_000),
    rateLimit: OWN_AFFAIR,
    paging: { impossible: 'a command prints one text' },
    secrets: NO_CREDENTIAL,
  };
});
