/** Everything that asks a program: short commands, the `command` and `logs` metrics, tools' versions. */
import { chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrerequisiteActivities } from '../../src/activities/prerequisites.js';
import { endText, lastSaid, runShort } from '../../src/adapters/commands/short-command.js';
import { CommandReader } from '../../src/adapters/metrics/command-metric.js';
import { LogReader } from '../../src/adapters/metrics/log-lines.js';
import { runActivity, temporaryFolder } from '../activities/support.js';
import { type Answer, answerOf, conforms } from './reader.js';

const SECRET = 'hunter-of-rows-22';
const LIMIT = 500;
const node = (program: string): string[] => [process.execPath, '-e', program];
const endless = node('const more = () => process.stdout.write("x".repeat(65536), more); more()');
const LEAKS = `console.error("Failing row contains (${SECRET})"); process.exit(1)`;

async function short(argv: string[]): Promise<Answer> {
  const answer = await runShort({ argv, environment: process.env, limit: LIMIT, largest: 10_000 });
  const wrong = endText(answer.end, LIMIT);
  if (wrong !== undefined) return { unknown: `${wrong}: ${lastSaid(answer, [SECRET])}` };
  if (answer.cut.stdout > 0) return { unknown: `${answer.cut.stdout} bytes are missing at the beginning` };
  return answer.stdout === '' ? { unknown: 'it printed nothing' } : { known: answer.stdout };
}

conforms(
  'adapters/commands/short-command.ts',
  {
    value: () => short(node('console.log(1)')),
    none: () => short(node('')),
    hidden: () => short(['/etc/passwd']),
    partial: () => short(node('process.stdout.write("x".repeat(20_000))')),
    error: () => short(node('console.error("no such table"); process.exit(1)')),
    secrets: () => short(node(LEAKS)),
    hang: () => short(node('setInterval(() => {}, 1000)')),
    nonsense: () => short(node('process.kill(process.pid, "SIGKILL")')),
    huge: () => short(endless),
  },
  { secrets: [SECRET] },
);

async function metric(run: string[]): Promise<Answer> {
  const command = { run, on: 'worker' as const, folder: tmpdir(), timeout: LIMIT };
  const source = {
    kind: 'command' as const,
    command,
    environment: 'staging' as const,
    tools: [],
    window: 60_000,
    field: 'n',
  };
  const answer = await answerOf(() =>
    new CommandReader().read({ source }, { clock: 'real', signal: new AbortController().signal }),
  );
  const read = 'known' in answer ? (answer.known as { noData?: string }) : {};
  return read.noData === undefined ? answer : { none: read.noData };
}

conforms(
  'adapters/metrics/command-metric.ts',
  {
    value: () => metric(node('console.log(\'{"n": 1}\')')),
    none: () => metric(node('console.log(\'{"n": null}\')')),
    hidden: () => metric(['/etc/passwd']),
    partial: () => metric(node('process.stdout.write(\'{"n": \')')),
    error: () => metric(node(LEAKS)),
    hang: () => metric(node('setInterval(() => {}, 1000)')),
    nonsense: () => metric(node(`console.log("${SECRET}")`)),
    huge: () => metric(endless),
  },
  { secrets: [SECRET] },
);

/** The second look tells what is new: the first has nothing to compare with. */
async function logs(run: string[]): Promise<Answer> {
  const command = { run, on: 'worker' as const, folder: tmpdir(), timeout: LIMIT };
  const source = { kind: 'logs' as const, command, environment: 'staging' as const, pattern: 'ERROR', window: 1_000 };
  const reader = new LogReader();
  const look = { clock: 'virtual' as const, at: 0, signal: new AbortController().signal };
  const answer = await answerOf(() => reader.read({ source, unit: 'count' }, look));
  const read = 'known' in answer ? (answer.known as { noData?: string }) : {};
  return read.noData === undefined ? answer : { none: read.noData };
}

conforms(
  'adapters/metrics/log-lines.ts',
  {
    value: () => logs(node('console.log("ERROR", process.hrtime.bigint())')),
    none: { impossible: 'a log may be silent: no line is no error' },
    hidden: () => logs(['/etc/passwd']),
    partial: () => logs(node('console.log("ERROR"); process.exit(1)')),
    error: () => logs(node(LEAKS)),
    hang: () => logs(node('setInterval(() => {}, 1000)')),
    nonsense: { impossible: 'every text is a log' },
    huge: () => logs(endless),
  },
  { secrets: [SECRET] },
);

/** A tool of this name that behaves so, before all others on PATH. */
async function tool(script: string, mode = 0o755): Promise<Answer> {
  const folder = temporaryFolder();
  const file = join(folder, 'surefoot-tool');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, mode);
  const activities = createPrerequisiteActivities({ tools: [folder], toolLimit: LIMIT });
  const input = { tools: ['surefoot-tool'], scripts: [], commands: {} } as never;
  const { facts } = await runActivity(() => activities.checkTools(input));
  const fact = facts.find(({ name }) => name === 'tool:surefoot-tool');
  return fact?.ok ? { known: fact.text } : { unknown: fact?.text ?? '' };
}

conforms('activities/prerequisites.ts (tools)', {
  value: () => tool('echo tool 1.2'),
  none: () => tool(''),
  hidden: () => tool('echo tool 1.2', 0o644),
  partial: () => tool('echo tool; exit 1'),
  error: () => tool('echo no licence >&2; exit 2'),
  hang: () => tool('sleep 60 & wait'),
  nonsense: { impossible: 'whatever it says is its version: that it is there is what is asked' },
  huge: () => tool('yes'),
});
