/** The plans that people start from: short, and content with themselves. What they do is rehearsed (test/rehearsal/suite.test.ts). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runbookOf, stepsByID } from '../../src/contract/runbook.js';
import { loadPlan } from '../../src/plan/load.js';

const lines = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n').length;

describe.each([
  ['minimal', 40],
  ['web-and-database', 120],
  ['kubernetes', 80],
])('plans/%s.yaml', (name, most) => {
  const file = `plans/${name}.yaml`;
  const bindings = `plans/${name}.bindings.yaml`;

  test(`has at most ${most} lines`, () => {
    expect(lines(file)).toBeLessThanOrEqual(most);
  });

  test('gives no cause for a warning, nor for advice that it does not answer itself', () => {
    const { warnings, advice } = loadPlan(file);
    expect([warnings, advice]).toEqual([[], []]);
  });

  test('is tried on this machine by its bindings, and nothing else is reached', () => {
    const { resolved, warnings } = loadPlan(file, { bindings });
    expect(warnings).toEqual([]);
    expect(JSON.stringify(resolved.environments)).not.toContain('example.com');
    for (const { server } of Object.values(resolved.environments)) expect(server).toEqual({ kind: 'local' });
  });
});

test('the web service is backed up, proven to be reversible, soaked and signed before production', () => {
  const { resolved } = loadPlan('plans/web-and-database.yaml');
  const steps = runbookOf(resolved).flatMap(({ id, off }) => (off === undefined ? [id] : []));
  expect(steps).toEqual([
    ...['admission', 'prerequisites.repository', 'prerequisites.staging', 'prerequisites.production'],
    ...[
      'prerequisites.tools',
      'staging.backup',
      'staging.deploy',
      'staging.health',
      'staging.logs',
      'staging.migration',
    ],
    ...['staging.reversibility', 'staging.functional', 'soak', 'proposal', 'sign-offs', 'production.before'],
    ...[
      'invoices-kept.before',
      'production.backup',
      'production.deploy',
      'production.health',
      'production.logs',
      'production.migration',
    ],
    ...['production.smoke', 'invoices-kept', 'watch-15m', 'watch-4h', 'closing.state'],
  ]);
  expect(stepsByID(resolved).get('sign-offs')?.facts).toEqual(['lead', 'operations']);
});

test('one plan of the web service serves all its releases', () => {
  const { resolved } = loadPlan('plans/web-and-database.yaml', {
    release: { target: 'v5.1.0', branch: 'feature/invoices', previous: 'v5.0.0', revision: '4f1c2d' },
  });
  expect(resolved.release).toMatchObject({ target: 'v5.1.0', branch: 'feature/invoices', previous: 'v5.0.0' });
  expect(resolved.migration?.revision).toBe('4f1c2d');
});
