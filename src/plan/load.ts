/** Plan files: read, validated, resolved, identified. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { digestOf } from './core/digest.js';
import { type PlanDocument, readDocument } from './core/document.js';
import { MACHINE_MAPS } from './core/machine-maps.js';
import { PlanError, type Problem } from './core/problems.js';
import type { Sources } from './core/resolution.js';
import { nearest } from './core/suggest.js';
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
}

export interface LoadedPlan {
  resolved: ResolvedPlan;
  /** sha256 of the canonical JSON of `resolved`, in hexadecimal. */
  digest: string;
  /** The plan file as it was named. */
  file: string;
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
  const plan = openDocument(file);
  const bindings = options.bindings === undefined ? undefined : openDocument(options.bindings);
  const unread = [...plan.problems, ...(bindings?.problems ?? [])];
  if (plan.document === undefined || (bindings !== undefined && bindings.document === undefined)) {
    throw new PlanError(unread);
  }

  for (const [path, value] of Object.entries(options.changes ?? {})) change(plan.document.value, path, value);
  const { sections, problems } = readSections(plan.document);
  const sources: Sources = { plan: plan.document, sections, folder: folderOf(file) };
  if (bindings?.document !== undefined) {
    const bound = readBindings(bindings.document, { plan: plan.document, planFile: file });
    problems.push(...bound.problems);
    if (bound.maps !== undefined) {
      sources.bindings = { document: bindings.document, maps: bound.maps, folder: folderOf(bindings.document.file) };
    }
  }

  const outcome = resolvePlan(sources, { shorten: options.shorten, isReadable: problems.length === 0 });
  problems.push(...outcome.problems);
  if (problems.length > 0 || outcome.resolved === undefined) throw new PlanError(problems);
  return {
    resolved: outcome.resolved,
    digest: digestOf(outcome.resolved),
    file,
    warnings: outcome.warnings,
    advice: outcome.advice,
  };
}

type Maps = NonNullable<Sources['bindings']>['maps'];

/** Bindings may give another value to what the plan has, and nothing more. */
function readBindings(
  document: PlanDocument,
  { plan, planFile }: { plan: PlanDocument; planFile: string },
): { maps?: Maps; problems: Problem[] } {
  const { value, problems } = readDocumentAs(document, bindingsSchema);
  if (value === undefined) return { problems };
  if (value.plan !== undefined && resolve(folderOf(document.file), value.plan) !== resolve(planFile)) {
    const message = 'These bindings are for another plan than the one given';
    problems.push({ file: document.file, path: 'plan', ...document.locate(['plan']), message });
  }
  for (const map of MACHINE_MAPS) {
    const section = plan.value[map];
    const known = typeof section === 'object' && section !== null ? Object.keys(section) : [];
    for (const name of Object.keys(value[map])) {
      if (known.includes(name)) continue;
      const suggestion = nearest(name, known);
      const message = `The plan has no \`${name}\` in \`${map}\`, and bindings only replace what is there`;
      problems.push({
        file: document.file,
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

const folderOf = (file: string): string => dirname(resolve(file));

/** A YAML file, or why it can't be read. `firstLine`: what such a file starts with. */
export function openDocument(file: string, firstLine?: string): { document?: PlanDocument; problems: Problem[] } {
  const problem = (message: string, suggestion?: string) => ({
    problems: [{ file, path: '', line: 1, column: 1, message, ...(suggestion === undefined ? {} : { suggestion }) }],
  });
  try {
    if (statSync(file).isDirectory()) return problem('Is a folder; name the plan file in it');
    const bytes = readFileSync(file);
    return readDocument(file, new TextDecoder('utf-8', { fatal: true }).decode(bytes), firstLine);
  } catch (error) {
    if (error instanceof TypeError) return problem('Is not a text file in UTF-8');
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return problem('There is no such file', neighbour(file));
    if (code === 'EACCES' || code === 'EPERM') return problem('May not be read by this user');
    return problem(`Can’t be read (${code ?? 'unknown reason'})`);
  }
}

/** The file that was probably meant, next to the one that isn't there. */
function neighbour(file: string): string | undefined {
  try {
    const files = readdirSync(dirname(file)).filter((name) => /\.ya?ml$/.test(name));
    const near = nearest(basename(file), files);
    return near === undefined ? undefined : file.slice(0, file.length - basename(file).length) + near;
  } catch {
    return undefined;
  }
}
