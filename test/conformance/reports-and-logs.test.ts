/** Test reports and logs: real files and real commands. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { LogReader } from '../../src/adapters/metrics/log-lines.js';
import { judgeTestResults, readTestResults } from '../../src/adapters/review/junit.js';
import type { SourceOf } from '../../src/contract/plan/metrics.js';
import { answerOf, conforms } from './reader.js';

const COMMIT = 'a'.repeat(40);

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'surefoot-conformance-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function reported(text: string | undefined, { isFolder = false } = {}) {
  const place = await folder();
  const file = isFolder ? place : join(place, 'junit.xml');
  if (text !== undefined) await writeFile(file, text);
  const finding = judgeTestResults(await readTestResults(file), { commit: COMMIT, minimum: 95 });
  return finding.ok ? { known: finding.text } : { unknown: finding.text };
}

const suite = (tests: string, attributes = '') =>
  `<testsuite${attributes}><properties><property name="commit" value="${COMMIT}"/></properties>${tests}</testsuite>`;
const passing = (count: number) => '<testcase name="t"/>'.repeat(count);

conforms('adapters/review/junit.ts', {
  value: () => reported(suite(passing(3))),
  none: () => reported(undefined),
  hidden: () => reported(undefined, { isFolder: true }),
  partial: () => reported(suite(passing(3), ' tests="10"')),
  error: () => reported(suite(passing(3)).slice(0, -5)),
  hang: { impossible: 'a file of this machine is read' },
  nonsense: () => reported('<html><body>Sign in</body></html>'),
  huge: () => reported(`<!-- ${' '.repeat(65 * 1024 * 1024)} -->`),
});

/** The log that a script prints, looked at twice. */
function logged(script: string, { timeout = 5_000 } = {}) {
  const source: SourceOf<'logs'> = {
    kind: 'logs',
    command: { run: [process.execPath, '-e', script], on: 'worker', folder: tmpdir(), timeout },
    environment: 'staging',
    window: 60_000,
    pattern: 'CRITICAL',
  };
  const look = { clock: 'virtual', signal: new AbortController().signal } as const;
  const logs = new LogReader();
  return answerOf(async () => {
    const reading = await logs.read({ source, unit: 'count' }, look);
    if ('noData' in reading) throw new Error(reading.noData);
    return reading.value;
  });
}

const SECRET = 'row-of-somebody-else';

conforms(
  'adapters/metrics/log-lines.ts',
  {
    value: () => logged('console.log("CRITICAL", Date.now())'),
    none: { impossible: 'a log without a new line is the value 0; that a command prints nothing is a quiet log' },
    hidden: () => logged(`process.stderr.write("${SECRET}: Permission denied"); process.exit(13)`),
    partial: () => logged(`console.log("${SECRET}"); process.kill(process.pid, "SIGKILL")`),
    error: () => logged(`console.error("${SECRET}"); process.exit(1)`),
    hang: () => logged('setInterval(() => {}, 1000)', { timeout: 300 }),
    nonsense: () => logged(`console.log("x".repeat(70000) + Date.now() + "${SECRET}")`),
    huge: () => logged('const line = "x".repeat(1023) + "\\n"; for (;;) process.stdout.write(line.repeat(1024))'),
  },
  { secrets: [SECRET] },
);
