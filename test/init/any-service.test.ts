/** Whatever is there of a service, what is written for it is a plan that is taken as it is; test/long rehearses it. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadPlan } from '../../src/plan/load.js';
import { FILES, initialize } from './written.js';

const CHECKLISTS = [
  'plans/eduautismo-checklist.pt.md',
  'plans/orders-checklist.md',
  ...[
    'saas-release',
    'open-source-server',
    'pull-request-deploy',
    'migracao-de-banco.pt',
    'boxes-as-people-write-them',
    'times-in-bold',
  ].map((name) => `test/fixtures/checklists/${name}.md`),
];

const anyService = fc.record({
  names: fc.subarray(Object.keys(FILES)),
  checklist: fc.option(fc.constantFrom(...CHECKLISTS), { nil: undefined }),
  staging: fc.boolean(),
});

const write = ({ names, checklist, staging }: { names: string[]; checklist?: string; staging: boolean }) => {
  const files = Object.fromEntries(names.map((name) => [name, FILES[name] ?? '']));
  return initialize(checklist ? { ...files, 'docs/release-checklist.md': readFileSync(checklist, 'utf8') } : files, {
    staging,
  });
};

test('what is written is a plan without a mistake or a warning, here and with its bindings', () => {
  fc.assert(
    fc.property(anyService, (service) => {
      const { plan, bindings } = write(service);
      expect(loadPlan(plan).warnings).toEqual([]);
      expect(loadPlan(plan, { bindings }).warnings).toEqual([]);
    }),
    { numRuns: 25 },
  );
}, 120_000);

test('a named checklist stays where it is, and the plan names it from its own folder', () => {
  const folder = initialize({}).folder;
  const from = join(folder, 'mine.md');
  copyFileSync('plans/orders-checklist.md', from);
  const { plan } = initialize({}, { from });
  expect(loadPlan(plan).resolved.document).toBe(readFileSync(from, 'utf8'));
});

test('where a repository tells commits, the plan says how a branch is held to one; where none does, there is none to hold to', () => {
  const textFor = (names: string[]) => readFileSync(write({ names, staging: true }).plan, 'utf8');
  expect(textFor(['.git/HEAD'])).toMatch(/# .*"\{commit\}".*\(health\.commit\)\.\n +deploy:/);
  expect(textFor([])).not.toContain('{commit}');
});
