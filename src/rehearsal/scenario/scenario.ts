/** Scenario files: read, validated, held against their plan. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ReleaseValues } from '../../contract/plan/release-values.js';
import { openDocument } from '../../plan/core/open.js';
import { PlanError, type Problem } from '../../plan/core/problems.js';
import { type LoadedPlan, loadPlan } from '../../plan/load.js';
import { readDocumentAs } from '../../plan/sections.js';
import { checkScenario } from './check-scenario.js';
import type { Curve } from './curves.js';
import { type AuthoredScenario, scenarioSchema } from './schema.js';

/** A scenario that can be run. */
export interface Scenario extends Omit<AuthoredScenario, 'plan' | 'scenario'> {
  /** Its file's name, without the extension. */
  name: string;
  title: string;
  /** As it was named. */
  file?: string;
  plan: LoadedPlan;
  /** By metric: of every metric that the plan samples. */
  curves: Map<string, Curve>;
}

/** The world in which all is well, for a plan without scenarios. */
export function happyScenario(planFile: string, release?: ReleaseValues): Scenario {
  const plan = loadPlan(planFile, { release });
  const authored = scenarioSchema.parse({ scenario: 'All is well', expect: { outcome: 'succeeded' } });
  return toScenario(authored, {
    plan,
    name: 'all-is-well',
    curves: checkScenario(authored, plan.resolved, undefined).curves,
  });
}

/**
 * Reads scenarios for one plan.
 * @param places files, and folders whose YAML files are all read
 * @param release what is said of the release, where the plan leaves it open
 * @throws PlanError with every problem of all files
 */
export function loadScenarios(places: readonly string[], planFile: string, release?: ReleaseValues): Scenario[] {
  const problems: Problem[] = [];
  const scenarios: Scenario[] = [];
  // A mistake in the plan itself is told once, not by each scenario.
  const plan = loadPlan(planFile, { release });
  for (const place of places) {
    const files = filesAt(place);
    if (files.length === 0) {
      problems.push({
        file: place,
        path: '',
        line: 1,
        column: 1,
        message: 'Holds no scenario: no file that ends in .yaml',
      });
    }
    for (const file of files) {
      try {
        scenarios.push(loadScenario(file, planFile, { unchanged: plan, release }));
      } catch (error) {
        if (!(error instanceof PlanError)) throw error;
        problems.push(...error.problems);
      }
    }
  }
  if (problems.length > 0) throw new PlanError(problems);
  return withDistinctNames(scenarios);
}

/**
 * @param known `unchanged`: the plan, when it has been loaded already; `release`: what is said of the release
 * @throws PlanError with every problem of the file, and of the plan with the scenario's changes
 */
export function loadScenario(
  file: string,
  planFile: string,
  known: { unchanged?: LoadedPlan; release?: ReleaseValues } = {},
): Scenario {
  const { unchanged, release } = known;
  const { document, problems } = openDocument(file, 'scenario: what happens');
  if (!document) throw new PlanError(problems);
  const { value, problems: wrong } = readDocumentAs(document, scenarioSchema);
  if (!value) throw new PlanError(wrong);
  if (value.plan !== undefined && resolve(dirname(resolve(file)), value.plan) !== resolve(planFile)) {
    const message = 'This scenario is for another plan than the one given';
    wrong.push({ path: 'plan', ...document.locate(['plan']), message });
  }
  if (wrong.length > 0) throw new PlanError(wrong);
  const place = () => ({ path: 'changes', ...document.locateKey(['changes']) });
  const isChanged = Object.keys(value.changes).length > 0;
  const changed = { changes: value.changes, release };
  const plan = isChanged ? changedPlan(planFile, changed, place) : (unchanged ?? loadPlan(planFile, { release }));
  const { curves, problems: unknown } = checkScenario(value, plan.resolved, document);
  if (unknown.length > 0) throw new PlanError(unknown);
  return { ...toScenario(value, { plan, name: basename(file).replace(/\.ya?ml$/, ''), curves }), file };
}

function toScenario(
  { scenario, plan: _, ...authored }: AuthoredScenario,
  more: Pick<Scenario, 'plan' | 'name' | 'curves'>,
): Scenario {
  return { ...authored, title: scenario, ...more };
}

/** The plan with the scenario's changes; what is wrong then is wrong with the changes. */
function changedPlan(
  planFile: string,
  changed: { changes: Record<string, unknown>; release?: ReleaseValues },
  place: () => Omit<Problem, 'message'>,
): LoadedPlan {
  try {
    return loadPlan(planFile, changed);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const problemText = ({ path, message }: Problem) => `The plan would be wrong with this: ${path}: ${message}`;
    throw new PlanError(error.problems.map((problem) => ({ ...place(), message: problemText(problem) })));
  }
}

function filesAt(place: string): string[] {
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) return [place];
  return readdirSync(place)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(place, name));
}

/** A scenario's name is its workflow's ID. */
function withDistinctNames(scenarios: Scenario[]): Scenario[] {
  const taken = new Map<string, number>();
  return scenarios.map((scenario) => {
    const count = (taken.get(scenario.name) ?? 0) + 1;
    taken.set(scenario.name, count);
    return count === 1 ? scenario : { ...scenario, name: `${scenario.name}-${count}` };
  });
}
