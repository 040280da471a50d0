/** Whatever is there of a service, what is written for it is a plan that is taken and rehearses as it is. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadPlan } from '../../src/plan/load.js';
import { rehearse } from '../../src/rehearsal/rehearse.js';
import { loadScenario } from '../../src/rehearsal/scenario/scenario.js';
import { wrongWith } from '../rehearsal/left-out.js';
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

test('it rehearses to the end with its scenario, and every box is settled', async () => {
  const all = { names: Object.keys(FILES), staging: true };
  const services = [
    { ...all, checklist: CHECKLISTS[0] },
    { names: [], checklist: CHECKLISTS[2], staging: false },
  ];
  const scenarios = services.map((service, index) => {
    const { plan, scenario } = write(service);
    return { ...loadScenario(scenario, plan), name: `init-${index}` };
  });
  const rehearsals = await rehearse(scenarios, { jobs: 2 });
  try {
    expect(rehearsals.results.map(({ met }) => met)).toEqual(services.map(() => true));
    const wrong = rehearsals.runs.map((played) => wrongWith(played));
    expect(wrong, JSON.stringify(services)).toEqual(services.map(() => []));
  } finally {
    await rehearsals.stop();
  }
}, 600_000);

test('a named checklist stays where it is, and the plan names it from its own folder', () => {
  const folder = initialize({}).folder;
  const from = join(folder, 'mine.md');
  copyFileSync('plans/orders-checklist.md', from);
  const { plan } = initialize({}, { from });
  expect(loadPlan(plan).resolved.document).toBe(readFileSync(from, 'utf8'));
});
