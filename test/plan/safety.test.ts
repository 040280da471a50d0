/** What a plan and its bindings cannot be made to do: no words for a shell, no other commands, no unsigned approvals. */
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadPlan } from '../../src/plan/load.js';
import { planSchema } from '../../src/plan/schema.js';
import { expectOneProblem, problemsOf, SHIPPED, shippedText, write } from './plan-files.js';

describe('versions, branches and revisions', () => {
  const target = /^ {2}target: .*$/m.exec(shippedText)?.[0] ?? '';
  const branch = /^ {2}branch: .*$/m.exec(shippedText)?.[0] ?? '';

  test.each(['--upload-pack', '-rf', '--force'])('that a program would take for an option are refused: %s', (text) => {
    expectOneProblem([[target, `  target: ¦"${text}"`]], {
      path: 'release.target',
      says: 'a command would take it for an option',
    });
    expectOneProblem([[branch, `  branch: ¦"${text}"`]], {
      path: 'release.branch',
      says: 'a command would take it for an option',
    });
  });

  test.each(['main; rm -rf /', '$(id)', '`id`', 'a b', 'a|b', 'a>b', 'a&b', "a'b", 'a*', 'a\\nb', '{environment}'])(
    'that a shell would read are refused, though no shell reads them: %s',
    (text) => {
      expectOneProblem([[target, `  target: ¦${JSON.stringify(text)}`]], {
        path: 'release.target',
        says: 'Holds other characters',
      });
      expectOneProblem([[branch, `  branch: ¦${JSON.stringify(text)}`]], {
        path: 'release.branch',
        says: 'Holds other characters',
      });
    },
  );
});

describe('bindings', () => {
  const machines = ['hosts', 'credentials', 'folders'];
  const others = Object.keys(planSchema.shape).filter((section) => !['surefoot', ...machines].includes(section));

  test.each(others)('can not change %s: whoever provides machines decides nothing', (section) => {
    const file = write('bindings.yaml', stringify({ surefoot: 1, [section]: {} }));
    expect(problemsOf(() => loadPlan(SHIPPED, { bindings: file }))).toMatchObject([
      { path: section, message: expect.stringContaining('not a known key') },
    ]);
  });
});

describe('signed approvals', () => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@example.com';
  const signed = shippedText.replace(/^approvals:\n/m, 'approvals:\n  signed: true\n');
  const withKeys = signed.replaceAll(/(roles: \[[a-z, -]+\]) }/g, `$1, keys: ["${key}"] }`);

  test('are resolved with the keys of the roster', () => {
    const { approvals } = loadPlan(write('plan.yaml', withKeys)).resolved;
    expect(approvals.signed).toBe(true);
    expect(approvals.roster.map(({ keys }) => keys)).toEqual(approvals.roster.map(() => [key]));
  });

  test('need a key for everybody on the roster, who could approve nothing without one', () => {
    const problems = problemsOf(() => loadPlan(write('plan.yaml', signed)));
    expect(problems.map(({ path }) => path)).toEqual(
      loadPlan(SHIPPED).resolved.approvals.roster.map(({ id }) => `approvals.roster.${id}`),
    );
    expect(problems[0]?.message).toContain('has no key: add `keys: ["ssh-ed25519 AAAA…"]`');
  });

  test.each([
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['options before the key', `cert-authority ${key}`],
    ['a file', '~/.ssh/id_ed25519.pub'],
    ['two lines', `${key}\\nmallory ${key}`],
  ])('take public keys only, not %s', (_, text) => {
    const problems = problemsOf(() => loadPlan(write('plan.yaml', withKeys.replace(`"${key}"`, `"${text}"`))));
    expect(new Set(problems.map(({ path }) => path))).toEqual(new Set(['approvals.roster.ana.souza.keys[0]']));
  });

  test('are another plan than unsigned ones: turning them off changes the digest', () =>
    expect(loadPlan(write('plan.yaml', withKeys)).digest).not.toBe(
      loadPlan(write('plan.yaml', withKeys.replace('  signed: true\n', ''))).digest,
    ));
});

test('a resolved plan names every secret that it refers to, and nothing else of them', () => {
  const { resolved } = loadPlan(SHIPPED);
  expect(resolved.secrets).toEqual(
    [
      'PAGERDUTY_DBA_ROUTING_KEY',
      'PAGERDUTY_DEVOPS_ROUTING_KEY',
      'PROD_DATABASE_PASSWORD',
      'PROD_TEST_PASS',
      'SCRATCH_DATABASE_PASSWORD',
      'SLACK_TOKEN',
      'STAGING_DATABASE_PASSWORD',
      'STAGING_TEST_PASS',
    ].map((name) => `env:${name}`),
  );
  const { secrets: _, ...rest } = resolved;
  const used = JSON.stringify(rest).match(/env:[A-Z_]+/g) ?? [];
  expect(resolved.secrets).toEqual([...new Set(used)].sort());
});
