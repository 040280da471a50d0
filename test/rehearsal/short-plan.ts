/** The shipped plan with short watches, so that a rehearsal of it takes seconds; and scenarios for it, written inline. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { loadScenario, type Scenario } from '../../src/rehearsal/scenario/scenario.js';
import { shippedText } from '../plan/plan-files.js';

/** Twenty ticks each: of a minute in `soak`, `watch-1h` and `watch-24h`, of fifteen seconds in `watch-5m`. */
export function shortPlanText(): string {
  const plan = parse(shippedText);
  Object.assign(plan.soak, { duration: '20m', tick: '1m', trends: [] });
  const durations: Record<string, object> = {
    'watch-5m': { duration: '5m', tick: '15s' },
    'watch-1h': { duration: '20m', tick: '1m', trends: [] },
    'watch-24h': { duration: '20m', tick: '1m', trends: [] },
  };
  for (const watch of plan.watches) Object.assign(watch, durations[watch.id]);
  for (const criterion of Object.values(plan.criteria) as { minimumSamples: number }[]) criterion.minimumSamples = 2;
  const needsTrend = (by: string) => Object.keys(plan.trends).some((id) => by.endsWith(`/${id}`));
  for (const [id, { by }] of Object.entries(plan.items) as [string, { by: string | string[] }][]) {
    if ([by].flat().some(needsTrend)) delete plan.items[id];
  }
  delete plan.trends;
  // Its boxes are fewer than the document's.
  delete plan.document;
  return stringify(plan);
}

const folder = mkdtempSync(join(tmpdir(), 'surefoot-scenarios-'));
const planFile = join(folder, 'plan.yaml');
writeFileSync(planFile, shortPlanText());

export { planFile as SHORT };

/** A scenario by its name and the YAML below `scenario:`. */
export function scenario(name: string, text: string, plan = planFile): Scenario {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, `scenario: ${name}\n${text}`);
  return loadScenario(file, plan);
}

/** Plays scenarios, each by its title and the YAML below `scenario:`. */
export function rehearseAll(list: Record<string, string>): Promise<Rehearsals> {
  const scenarios = Object.entries(list).map(([title, text], index) => ({
    ...scenario(`s${index + 1}`, text.trimStart()),
    title,
  }));
  return rehearse(scenarios, { jobs: 3 });
}
