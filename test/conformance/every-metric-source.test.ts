/** A metric source that is registered is put through every situation by its port. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRIC_SOURCES } from '../../src/adapters/metrics/metric-sources.js';
import { PLANNED_SOURCES } from '../../src/plan/metrics/sources/registry.js';

const kinds = Object.keys(METRIC_SOURCES);

const suites = readdirSync('test/conformance')
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => [
    ...readFileSync(`test/conformance/${file}`, 'utf8').matchAll(/\bmetricSourceConforms\(\s*\{ kind: '([^']+)'/g),
  ])
  .map(([, kind]) => kind);

test.each(kinds)('%s has a suite', (kind) => {
  expect(suites).toContain(kind);
});

test('plans can name each source that can be read, and no other', () => {
  expect(Object.keys(PLANNED_SOURCES).sort()).toEqual([...kinds].sort());
});
