/** Plan files: read, validated, resolved, identified. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { ResolvedPlan } from '../contract/plan.js';
import { digestOf } from './digest.js';
import { type PlanDocument, readDocument } from './document.js';
import { PlanError, type Problem } from './problems.js';
import type { Sources } from './resolution.js';
import { resolvePlan } from './resolve.js';
import { bindingsSchema, MACHINE_MAPS } from './schema.js';
import { readSections, readWhole } from './sections.js';
import { nearest } from './suggest.js';

export interface LoadOptions {
  /** A bindings file: other hosts, references to credentials and folders for the same plan. */
  bindings?: string;
  /** Shorter durations of the soak and watches, milliseconds, as far as the plan allows them. */
  shorten?: Record<string, number>;
}

export interface LoadedPlan {
  resolved: ResolvedPlan;
  /** sha256 of the canonical JSON of `resolved`, in hexadecimal. */
  digest: string;
  /** The plan file as it was named. */
  file: string;
  /** What is allowed but probably not meant. */
  warnings: Problem[];
}

/**
 * Reads a plan, with other machines by a bindings file where one is given.
 * @throws PlanError with every problem of both files
 */
export function loadPlan(file: string, options: LoadOptions = {}): LoadedPlan {
  const plan = open(file);
  const bindings = options.bindings === undefined ? undefined : open(options.bindings);
  const unread = [...plan.problems, ...(bindings?.problems ?? [])];
  if (plan.document === undefined || (bindings !== undefined && bindings.document === undefined)) {
    throw new PlanError(unread);
  }

  const { sections, problems } = readSections(plan.document);
  const sources: Sources = { plan: plan.document, sections, folder: folderOf(file) };
  if (bindings?.document !== undefined) {
    const bound = readBindings(bindings.document, { plan: plan.document, planFile: file });
    problems.push(...bound.problems);
    if (bound.maps !== undefined) {
      sources.bindings = { document: bindings.document, maps: bound.maps, folder: folderOf(bindings.document.file) };
    }
  }

  const outcome = resolvePlan(sources, { shorten: options.shorten });
  problems.push(...outcome.problems);
  if (problems.length > 0 || outcome.resolved === undefined) throw new PlanError(problems);
  return { resolved: outcome.resolved, digest: digestOf(outcome.resolved), file, warnings: outcome.warnings };
}

type Maps = NonNullable<Sources['bindings']>['maps'];

/** Bindings may give another value to what the plan has, and nothing more. */
function readBindings(
  document: PlanDocument,
  { plan, planFile }: { plan: PlanDocument; planFile: string },
): { maps?: Maps; problems: Problem[] } {
  const { value, problems } = readWhole(document, bindingsSchema);
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

const folderOf = (file: string): string => dirname(resolve(file));

function open(file: string): { document?: PlanDocument; problems: Problem[] } {
  const problem = (message: string, suggestion?: string) => ({
    problems: [{ file, path: '', line: 1, column: 1, message, ...(suggestion === undefined ? {} : { suggestion }) }],
  });
  try {
    if (statSync(file).isDirectory()) return problem('Is a folder; name the plan file in it');
    const bytes = readFileSync(file);
    return readDocument(file, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
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
