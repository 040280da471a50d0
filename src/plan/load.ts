/** Plan files: read, validated, resolved, identified. */
import { resolve } from 'node:path';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { RELEASE_VALUES, type ReleaseValues } from '../contract/plan/release-values.js';
import { digestOf } from './core/digest.js';
import { folderAt, type PlanDocument } from './core/document.js';
import { MACHINE_MAPS } from './core/machine-maps.js';
import { openDocument } from './core/open.js';
import { formatPath, PlanError, type Problem } from './core/problems.js';
import type { Sources } from './core/resolution.js';
import { nearest } from './core/suggest.js';
import { openPlan } from './include.js';
import { resolvePlan } from './resolve.js';
import { bindingsSchema } from './schema.js';
import { readDocumentAs, readSections } from './sections.js';

export interface LoadOptions {
  /** A bindings file: other hosts, references to credentials and folders for the same plan. */
  bindings?: string;
  /** Shorter durations of the soak and watches, milliseconds, as far as the plan allows them. */
  shorten?: Record<string, number>;
  /** Other values for keys of the plan, by their paths as problems name them: `watches[0].tick`. For rehearsals. */
  changes?: Record<string, unknown>;
  /** What of the release has been said or found out, where the plan leaves it open. */
  release?: ReleaseValues;
}

export interface LoadedPlan {
  resolved: ResolvedPlan;
  /** sha256 of the canonical JSON of `resolved`, in hexadecimal; nobody's to agree on while values are open. */
  digest: string;
  /** The plan file as it was named. */
  file: string;
  /** The files that it includes, and those include, in reading order. */
  included: string[];
  /** What is allowed but probably not meant. */
  warnings: Problem[];
  /** What is left out and makes deployments weaker, as far as the plan does not acknowledge it. */
  advice: Problem[];
}

/**
 * Reads a plan, with other machines by a bindings file where one is given.
 * @throws PlanError with every problem of both files
 */
export function loadPlan(file: string, options: LoadOptions = {}): LoadedPlan {
  const plan = openPlan(file);
  const bindings = options.bindings === undefined ? undefined : openDocument(options.bindings);
  const unread = [...plan.problems, ...(bindings?.problems ?? [])];
  if (plan.document === undefined || (bindings !== undefined && bindings.document === undefined)) {
    throw new PlanError(unread);
  }

  for (const [path, value] of Object.entries(options.changes ?? {})) change(plan.document.value, path, value);
  const contradicted = fillIn(plan.document, options.release ?? {});
  const { sections, problems } = readSections(plan.document);
  problems.unshift(...plan.problems, ...contradicted);
  const sources: Sources = { plan: plan.document, sections };
  if (bindings?.document !== undefined) {
    const bound = readBindings(bindings.document, { plan: plan.document, planFile: file });
    problems.push(...bound.problems);
    if (bound.maps !== undefined) sources.bindings = { document: bindings.document, maps: bound.maps };
  }

  const outcome = resolvePlan(sources, { shorten: options.shorten, isReadable: problems.length === 0 });
  problems.push(...outcome.problems);
  if (problems.length > 0 || outcome.resolved === undefined) throw new PlanError(onceEach(problems));
  const { resolved, warnings, advice } = outcome;
  return { resolved, digest: digestOf(resolved), file, included: plan.included, warnings, advice };
}

/** What the plan fixes stays as it is: another value for it is a mistake. */
function fillIn({ value: sections, locate }: PlanDocument, values: ReleaseValues): Problem[] {
  const problems: Problem[] = [];
  for (const value of RELEASE_VALUES) {
    const said = values[value];
    if (said === undefined) continue;
    const path = [value === 'revision' ? 'migration' : 'release', value] as const;
    const section = sections[path[0]];
    const report = (message: string) => problems.push({ path: formatPath(path), ...locate(path), message });
    if (typeof section !== 'object' || section === null) {
      report(`There is no \`${path[0]}\` for which ${said} could be the ${value}`);
    } else if (!Object.hasOwn(section, value)) {
      (section as Record<string, unknown>)[value] = said;
    } else if ((section as Record<string, unknown>)[value] !== said) {
      report(
        `Is fixed here, so it can’t be ${said}: leave --${value} out, or take it out here to say it for each deployment`,
      );
    }
  }
  return problems;
}

/** What is written once for both environments is wrong in each, and told once. */
function onceEach(problems: readonly Problem[]): Problem[] {
  const told = new Map<string, Problem>();
  for (const problem of problems) {
    const { file, line, column, message } = problem;
    const place = `${file}:${line}:${column} ${message}`;
    if (!told.has(place)) told.set(place, problem);
  }
  return [...told.values()];
}

type Maps = NonNullable<Sources['bindings']>['maps'];

/** Bindings may give another value to what the plan has, and nothing more. */
function readBindings(
  document: PlanDocument,
  { plan, planFile }: { plan: PlanDocument; planFile: string },
): { maps?: Maps; problems: Problem[] } {
  const { value, problems } = readDocumentAs(document, bindingsSchema);
  if (value === undefined) return { problems };
  if (value.plan !== undefined && resolve(folderAt(document, ['plan']), value.plan) !== resolve(planFile)) {
    const message = 'These bindings are for another plan than the one given';
    problems.push({ path: 'plan', ...document.locate(['plan']), message });
  }
  for (const map of MACHINE_MAPS) {
    const section = plan.value[map];
    const known = typeof section === 'object' && section !== null ? Object.keys(section) : [];
    for (const name of Object.keys(value[map])) {
      if (known.includes(name)) continue;
      const suggestion = nearest(name, known);
      const message = `The plan has no \`${name}\` in \`${map}\`, and bindings only replace what is there`;
      problems.push({
        path: `${map}.${name}`,
        ...document.locateKey([map, name]),
        message,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
  }
  return { maps: { hosts: value.hosts, credentials: value.credentials, folders: value.folders }, problems };
}

/** Puts a value where the path says; what is not there on the way is made. */
function change(document: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  let holder = document;
  for (const step of steps.slice(0, -1)) {
    const next = holder[step];
    holder[step] = typeof next === 'object' && next !== null ? next : {};
    holder = holder[step] as Record<string, unknown>;
  }
  holder[steps.at(-1) ?? ''] = structuredClone(value);
}
