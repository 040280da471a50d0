/** What `surefoot init` writes rehearses to the end as it is, and every box is settled. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rehearse } from '../../src/rehearsal/rehearse.js';
import { loadScenario } from '../../src/rehearsal/scenario/scenario.js';
import { FILES, initialize } from '../init/written.js';
import { wrongWith } from '../rehearsal/left-out.js';

/** The files of a service, its checklist, and whether it has staging. */
const SERVICES: [Record<string, string>, string, boolean][] = [
  [FILES, 'plans/eduautismo-checklist.pt.md', true],
  [{}, 'test/fixtures/checklists/saas-release.md', false],
  [{ 'alembic.ini': FILES['alembic.ini'] ?? '' }, 'test/fixtures/checklists/open-source-server.md', true],
  [{}, 'test/fixtures/checklists/pull-request-deploy.md', true],
];

test('with files or without, for each of these checklists', async () => {
  const scenarios = SERVICES.map(([files, checklist, staging], index) => {
    const { plan, scenario } = initialize(
      { ...files, 'docs/release-checklist.md': readFileSync(checklist, 'utf8') },
      { staging },
    );
    return { ...loadScenario(scenario, plan), name: `init-${index}` };
  });
  const rehearsals = await rehearse(scenarios, { jobs: 2 });
  try {
    expect(rehearsals.results.map(({ met }) => met)).toEqual(SERVICES.map(() => true));
    expect(rehearsals.runs.map((played) => wrongWith(played))).toEqual(SERVICES.map(() => []));
  } finally {
    await rehearsals.stop();
  }
}, 600_000);
