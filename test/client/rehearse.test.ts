import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { shortPlanText } from '../rehearsal/short-plan.js';
import { surefoot } from './command-line.js';

let folder: string;
let plan: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'surefoot-client-'));
  plan = join(folder, 'plan.yaml');
  writeFileSync(plan, shortPlanText());
  mkdirSync(join(folder, 'scenarios'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): string => {
  const file = join(folder, 'scenarios', name);
  writeFileSync(file, text);
  return file;
};

const DEADLOCKS = `scenario: Deadlocks & a rollback
world: { metrics: { deadlocks: [{ in: watch-5m, from: 1m, constant: 9 }] } }
expect:
  outcome: rolled-back
  rollback: { option: migration }
`;

test('a folder of scenarios: what came otherwise is shown with what happened around it, and is exit code 1', async () => {
  write('deadlocks.yaml', DEADLOCKS);
  write('wrong.yaml', `${DEADLOCKS.replace('option: migration', 'option: full')}`);
  const junit = join(folder, 'junit.xml');
  const { code, out } = await surefoot(
    'rehearse',
    plan,
    '--scenario',
    join(folder, 'scenarios'),
    '--junit',
    junit,
    '--coverage',
  );
  expect(code).toBe(1);
  expect(out).toMatch(/✓ deadlocks {2}rolled-back \(migration, immediate-deadlocks\) after 1 min/);
  expect(out).toMatch(/✗ wrong/);
  expect(out).toMatch(/rollback.option: expected full, but migration/);
  // Five minutes of watching after twenty of soak: the breach, what it led to, and the end, whoever was told of it.
  expect(out).toMatch(/00:2\d:\d\d {2}rollback {3}migration begins: /);
  expect(out).toMatch(/00:2\d:\d\d {2}ended {6}rolled-back/);
  expect(out).toMatch(/1 of 2 as expected/);
  expect(out).toMatch(/criteria and trends broken: 1 of \d+; never: soak-p95/);
  expect(out).toMatch(/phases gone wrong: 1 of 7; never: prerequisites, staging, soak, approval, production, closing/);

  const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(
    readFileSync(junit, 'utf8'),
  );
  expect(testsuites.testsuite).toMatchObject({ tests: '2', failures: '1' });
  const [good, bad] = testsuites.testsuite.testcase;
  expect(good).toMatchObject({
    name: 'deadlocks: Deadlocks & a rollback',
    file: expect.stringContaining('deadlocks.yaml'),
  });
  expect(good.failure).toBeUndefined();
  expect(bad.failure.message).toBe('rollback.option: expected full, but migration');
}, 180_000);

test('--json is one document, and a plan alone is rehearsed in a world in which all is well', async () => {
  const { code, out, err } = await surefoot('rehearse', plan, '--json', '--coverage');
  expect(code, err).toBe(0);
  const { results, passed, failed, coverage } = JSON.parse(out);
  expect({ passed, failed }).toEqual({ passed: 1, failed: 0 });
  expect(results).toEqual([
    expect.objectContaining({
      scenario: 'all-is-well',
      outcome: 'succeeded',
      met: true,
      differences: [],
      virtualSeconds: (20 + 5 + 20 + 20) * 60,
      wallSeconds: expect.any(Number),
      samples: expect.any(Number),
      rollback: null,
    }),
  ]);
  expect(coverage.items.missing).toEqual([]);
}, 180_000);

test('a wrong scenario starts nothing, is told with its place, and is exit code 2', async () => {
  const file = write(
    'wrong.yaml',
    'scenario: x\nworld: { metrics: { eror-rate: [{ constant: 1 }] } }\nexpect: { outcome: succeeded }\n',
  );
  const { code, err } = await surefoot('rehearse', plan, '--scenario', file);
  expect(code).toBe(2);
  expect(err).toContain('1 problem; nothing was started');
  expect(err).toMatch(/wrong\.yaml:2:21 {2}world\.metrics\.eror-rate {2}.*\(did you mean `error-rate`\?\)/);
  expect((await surefoot('rehearse', plan, '--jobs', 'many')).code).toBe(2);
});

test('without a Temporal server it says so, and is exit code 3', async () => {
  vi.stubEnv('TEMPORAL_CLI_PATH', '/bin/false');
  const { code, err } = await surefoot('rehearse', plan);
  expect(code).toBe(3);
  expect(err).toContain('TEMPORAL_CLI_PATH is /bin/false');
});
