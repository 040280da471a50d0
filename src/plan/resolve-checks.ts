/** Functional and smoke checks, load tests, indexes. */
import type { EndpointCheck, IndexExpectations, LoadTest, ResolvedPlan } from '../contract/plan.js';
import type { Path } from './problems.js';
import type { Resolution } from './resolution.js';
import type { AuthoredCheck } from './schema.js';

export function resolveChecks(resolution: Resolution, section: 'functional' | 'smoke'): EndpointCheck[] | undefined {
  const checks = resolution.sections[section];
  if (checks === undefined) return undefined;
  checkUnique(resolution, { ids: checks.map((check) => check?.id), path: [section] });
  checks.forEach((check, index) => {
    if (check !== undefined)
      checkSample(resolution, { check, path: [section, index], earlier: checks.slice(0, index) });
  });
  return checks.filter((check) => check !== undefined);
}

interface CheckAt {
  check: AuthoredCheck;
  path: Path;
  earlier: (AuthoredCheck | undefined)[];
}

function checkSample(resolution: Resolution, { check, path, earlier }: CheckAt): void {
  const texts: [Path, string][] = [
    [['path'], check.path],
    ...Object.entries(check.query).map(([key, value]): [Path, string] => [['query', key], value]),
    ...Object.entries(check.each ?? {}).map(([key, value]): [Path, string] => [['each', key], value]),
  ];
  let used = false;
  for (const [place, written] of texts) {
    for (const [placeholder] of written.matchAll(/\{[^{}]*\}/g)) {
      if (placeholder !== '{sample}') {
        resolution.report([...path, ...place], {
          message: `\`${placeholder}\` is not filled in here`,
          suggestion: '{sample}',
        });
      } else if (check.sample === undefined) {
        resolution.report([...path, ...place], 'Uses `{sample}`, but the check takes no `sample` from an earlier one');
      }
      used = true;
    }
  }
  if (check.sample === undefined) return;
  if (!used)
    resolution.report([...path, 'sample'], {
      message: 'Is taken and never used: write `{sample}` in path, query or each',
      key: true,
    });
  const known = earlier.map((other) => other?.id);
  if (!known.includes(check.sample.check) && !known.includes(undefined)) {
    resolution.report([...path, 'sample', 'check'], `There is no earlier check \`${check.sample.check}\` in this list`);
  }
}

export function checkUnique(resolution: Resolution, list: { ids: (string | undefined)[]; path: Path }): void {
  list.ids.forEach((id, index) => {
    if (id !== undefined && list.ids.indexOf(id) !== index) {
      resolution.report([...list.path, index, 'id'], `There is another \`${id}\` in this list; give each its own id`);
    }
  });
}

/** Staging's load tests, their limits, and production's own, which asks the same path. */
export function resolveLoad(
  resolution: Resolution,
):
  | { tests: LoadTest[]; limits: ResolvedPlan['loadLimits']; production?: ResolvedPlan['production']['loadTest'] }
  | undefined {
  const { load, production } = resolution.sections;
  const light = production?.loadTest;
  if (light !== undefined) {
    const from = ['production', 'loadTest', 'approvedBy'];
    resolution.knows(light.approvedBy, { at: ['approvals', 'roles'], label: 'role', from });
  }
  if (load === undefined) return undefined;
  const { path, timeout, limits } = load;
  checkUnique(resolution, { ids: load.tests.map(({ id }) => id), path: ['load', 'tests'] });
  load.tests.forEach((test, index) => {
    checkConcurrency(resolution, { test, path: ['load', 'tests', index] });
  });
  const tests = load.tests.map((test) => ({ ...test, path, timeout }));
  if (light === undefined) return { tests, limits };
  const { enabled, approvedBy, ...test } = light;
  checkConcurrency(resolution, { test, path: ['production', 'loadTest'] });
  return enabled ? { tests, limits, production: { test: { ...test, path, timeout }, approvedBy } } : { tests, limits };
}

function checkConcurrency(
  resolution: Resolution,
  { test, path }: { test: { requests: number; concurrency: number }; path: Path },
): void {
  if (test.concurrency <= test.requests) return;
  resolution.report(
    [...path, 'concurrency'],
    `${test.concurrency} at one time are more than the ${test.requests} requests in all`,
  );
}

export function resolveIndexes(resolution: Resolution): IndexExpectations | undefined {
  const { indexes } = resolution.sections;
  if (indexes === undefined) return undefined;
  const expected = Object.entries(indexes.expected).map(([name, columns]) => ({ name, columns }));
  if (indexes.total !== undefined && indexes.total < expected.length) {
    resolution.report(['indexes', 'total'], `${indexes.total} are fewer than the ${expected.length} expected ones`);
  }
  indexes.queries.forEach(({ uses }, index) => {
    resolution.knows(uses, {
      at: ['indexes', 'expected'],
      label: 'index',
      from: ['indexes', 'queries', index, 'uses'],
    });
  });
  return { ...indexes, expected };
}
