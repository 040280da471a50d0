/** Functional and smoke checks, load tests, indexes. */
import type { ApiDocumentation, EndpointCheck, LoadTest } from '../../contract/plan/application.js';
import type { Environment } from '../../contract/plan/environment.js';
import type { IndexExpectations } from '../../contract/plan/migration.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Path } from '../core/problems.js';
import { type MachineMaps, own, type Resolution as ResolutionOf } from '../core/resolution.js';
import { nearest } from '../core/suggest.js';
import type {
  AuthoredCheck,
  AuthoredDocumentation,
  AuthoredIndexes,
  AuthoredLoad,
  AuthoredProductionLoadTest,
} from './schema.js';

export interface RequestSections extends MachineMaps {
  requests?: Record<string, Omit<AuthoredCheck, 'id'>>;
}

interface CheckSections extends RequestSections {
  functional?: (string | AuthoredCheck | undefined)[];
  smoke?: (string | AuthoredCheck | undefined)[];
  apiDocumentation?: AuthoredDocumentation;
  load?: AuthoredLoad;
  indexes?: AuthoredIndexes;
  production?: { loadTest?: AuthoredProductionLoadTest };
  rollback?: { previousChecks?: string[] };
  /** What the load test of production must not be felt in. */
  watches?: ({ criteria: string[] } | undefined)[];
  criteria?: Record<string, { metric: string; tier: string }>;
}
type Resolution = ResolutionOf<CheckSections>;

/** @param environment where they are made: with its test user, where it has one and a check does not say otherwise */
export function resolveChecks(
  resolution: Resolution,
  section: 'functional' | 'smoke',
  environment: Pick<Environment, 'login'> | undefined,
): EndpointCheck[] | undefined {
  const checks = resolution.sections[section]?.map((written, index) =>
    typeof written === 'string' ? requestNamed(resolution, { name: written, from: [section, index] }) : written,
  );
  if (checks === undefined) return undefined;
  checkUnique(resolution, { ids: checks.map((check) => check?.id), path: [section] });
  checks.forEach((check, index) => {
    if (check !== undefined)
      checkSample(resolution, { check, path: [section, index], earlier: checks.slice(0, index) });
  });
  if (section === 'smoke') checkPrevious(resolution, checks);
  checks.forEach((check, index) => {
    if (check?.login !== true || environment === undefined || environment.login !== undefined) return;
    resolution.report([section, index, 'login'], 'The environment has no `login`: name one, or leave this out');
  });
  const hasLogin = environment?.login !== undefined;
  return checks.flatMap((check) => (check === undefined ? [] : [{ ...check, login: check.login ?? hasLogin }]));
}

/** A request that is written under a name of its own, as if it stood where it is named. */
export function requestNamed(
  resolution: ResolutionOf<RequestSections>,
  { name, from }: { name: string; from: Path },
): AuthoredCheck | undefined {
  if (!resolution.knows(name, { at: ['requests'], label: 'request', from })) return undefined;
  const request = own(resolution.sections.requests, name);
  return request && { id: name, ...request };
}

function checkPrevious(resolution: Resolution, smoke: (AuthoredCheck | undefined)[]): void {
  const ids = smoke.map((check) => check?.id);
  resolution.sections.rollback?.previousChecks?.forEach((id, index) => {
    if (ids.includes(id) || ids.includes(undefined)) return;
    const suggestion = nearest(
      id,
      ids.flatMap((known) => known ?? []),
    );
    const message = `There is no check \`${id}\` in \`smoke\``;
    resolution.report(['rollback', 'previousChecks', index], { message, suggestion });
  });
}

export function resolveDocumentation(resolution: Resolution): ApiDocumentation | undefined {
  const { apiDocumentation } = resolution.sections;
  apiDocumentation?.otherwise.forEach((role, index) => {
    const from = ['apiDocumentation', 'otherwise', index];
    resolution.knows(role, { at: ['approvals', 'roles'], label: 'role', from });
  });
  return apiDocumentation;
}

interface CheckAt {
  check: AuthoredCheck;
  path: Path;
  earlier: (AuthoredCheck | undefined)[];
}

/** Every `{sample}` has one, and every sample is of an earlier check. */
export function checkSample(resolution: ResolutionOf, { check, path, earlier }: CheckAt): void {
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
  if (timeout < Math.max(limits.p95, limits.p99)) {
    const message =
      'Is shorter than the limits of `p95` and `p99`: a request that is given up would pass as a fast one';
    resolution.report(['load', 'timeout'], message);
  }
  load.tests.forEach((test, index) => {
    checkConcurrency(resolution, { test, path: ['load', 'tests', index] });
  });
  const tests = load.tests.map((test) => ({ ...test, path, timeout }));
  if (light === undefined) return { tests, limits };
  const { enabled, approvedBy, impact, ...test } = light;
  checkConcurrency(resolution, { test, path: ['production', 'loadTest'] });
  const inProduction = { test: { ...test, path, timeout }, approvedBy, impact: impactOf(resolution, impact) };
  return enabled ? { tests, limits, production: inProduction } : { tests, limits };
}

/** What shows whether users feel production's load test: the criteria that the last watch has just held it against. */
function impactOf(resolution: Resolution, written: string[] | undefined): string[] {
  const { watches, criteria } = resolution.sections;
  const last = watches?.at(-1)?.criteria ?? [];
  written?.forEach((id, index) => {
    const from = ['production', 'loadTest', 'impact', index];
    if (!resolution.knows(id, { at: ['criteria'], label: 'criterion', from })) return;
    if (!last.includes(id)) resolution.report(from, `The last watch does not hold production against \`${id}\``);
  });
  return written ?? last.filter((id) => criteria?.[id]?.tier !== 'consider');
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
  indexes.queries.forEach(({ uses, sql, parameters = [] }, index) => {
    const highest = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
    if (highest !== parameters.length) {
      const from = ['indexes', 'queries', index, 'parameters'];
      resolution.report(
        parameters.length > 0 ? from : from.slice(0, -1),
        `The query has ${highest} parameters ($1 and so on), and \`parameters\` has ${parameters.length} values`,
      );
    }
    resolution.knows(uses, {
      at: ['indexes', 'expected'],
      label: 'index',
      from: ['indexes', 'queries', index, 'uses'],
    });
  });
  return { ...indexes, expected };
}
