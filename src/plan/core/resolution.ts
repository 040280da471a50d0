/** The state of one resolving: names to look up, what was used, and the problems found so far. */
import { isAbsolute, resolve } from 'node:path';
import type { SecretReference, Server } from '../../contract/plan/environment.js';
import { folderAt, type PlanDocument } from './document.js';
import { MACHINE_MAPS, type MachineMap } from './machine-maps.js';
import { formatPath, type Path, type Problem } from './problems.js';
import { nearest } from './suggest.js';

export type MachineMaps = Partial<Record<MachineMap, Record<string, string>>>;

/** A plan's validated parts, and the bindings that replace entries of its machine maps. */
export interface Sources<Sections extends MachineMaps = MachineMaps> {
  plan: PlanDocument;
  sections: Sections;
  bindings?: { document: PlanDocument; maps: Record<MachineMap, Record<string, string>> };
}

type Said = string | { message: string; suggestion?: string; key?: boolean };

/** @typeParam Sections those that a resolver reads: it is given no others */
export class Resolution<Sections extends MachineMaps = MachineMaps> {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** What makes deployments weaker than they could be. */
  readonly advice: Problem[] = [];
  private readonly used = new Set<string>();
  /** Every reference to a secret that was asked for. */
  readonly secrets = new Set<SecretReference>();

  constructor(readonly sources: Sources<Sections>) {}

  get sections(): Sections {
    return this.sources.sections;
  }

  /** What is used in many places is told once. */
  report(path: Path, said: Said): void {
    const problem = this.problem(path, said);
    const isTold = this.problems.some((told) => told.path === problem.path && told.message === problem.message);
    if (!isTold) this.problems.push(problem);
  }

  warn(path: Path, said: Said): void {
    this.warnings.push(this.problem(path, said));
  }

  advise(path: Path, said: Said): void {
    this.advice.push(this.problem(path, said));
  }

  /** Whether a name is a key of a section; reports it otherwise. A key whose entry is wrong is known all the same. */
  knows(name: string, section: { at: Path; label: string; from: Path }): boolean {
    const names = this.names(section.at);
    this.used.add(`${formatPath(section.at)} ${name}`);
    const isAbsent = names === undefined && !this.has(section.at);
    if (!isAbsent && (names === undefined || names.includes(name))) return true;
    const suggestion = nearest(name, names ?? []);
    const list = isAbsent
      ? `: the plan has no \`${formatPath(section.at)}\``
      : names !== undefined && names.length > 0
        ? `; known: ${names.join(', ')}`
        : `: \`${formatPath(section.at)}\` is empty`;
    this.report(section.from, {
      message: `There is no ${section.label} \`${name}\`${suggestion === undefined ? list : ''}`,
      suggestion,
    });
    return false;
  }

  /** An entry of a machine map by its name, from the bindings where they have it. */
  entry(map: MachineMap, name: string, from: Path): { value: string; path: Path; folder: string } | undefined {
    const label = { hosts: 'host', credentials: 'credential', folders: 'folder' }[map];
    if (!this.knows(name, { at: [map], label, from })) return undefined;
    return this.value(map, name);
  }

  value(map: MachineMap, name: string): { value: string; path: Path; folder: string } | undefined {
    const path = [map, name];
    const value = own(this.sources.bindings?.maps[map], name) ?? own(this.sections[map], name);
    return value === undefined ? undefined : { value, path, folder: folderAt(this.documentOf(path), path) };
  }

  secret(name: string, from: Path): SecretReference {
    const entry = this.entry('credentials', name, from);
    if (entry === undefined) return '';
    const isFile = entry.value.startsWith('file:');
    const reference = isFile ? `file:${resolve(entry.folder, entry.value.slice('file:'.length))}` : entry.value;
    this.secrets.add(reference);
    return reference;
  }

  /** A folder on the worker's machine. */
  folder(name: string, from: Path): string {
    const entry = this.entry('folders', name, from);
    if (entry === undefined) return '';
    if (entry.value.startsWith('~')) this.report(entry.path, '"~" is not filled in: write the folder in full');
    return resolve(entry.folder, entry.value);
  }

  /** A folder on a server: as it is over SSH, where only an absolute one means anything. */
  folderOn(server: Server | undefined, name: string, from: Path): string {
    if (server === undefined || server.kind === 'local') return this.folder(name, from);
    const entry = this.entry('folders', name, from);
    if (entry !== undefined && !isAbsolute(entry.value)) {
      this.report(entry.path, 'Is used on a server over SSH, so it must be absolute: write it with a leading "/"');
    }
    return entry?.value ?? '';
  }

  /** Whether something is written there, right or wrong. */
  has(path: Path): boolean {
    return this.written(path) !== undefined;
  }

  /** Keys of a map as written, right or wrong; undefined when there is no such map. */
  names(path: Path): string[] | undefined {
    const value = this.written(path);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
  }

  private written(path: Path): unknown {
    let value: unknown = this.sources.plan.value;
    for (const step of path) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as Record<string | number, unknown>)[step];
    }
    return value;
  }

  /** Warns of every entry that nothing refers to. */
  warnOfUnused(): void {
    for (const section of [...MACHINE_MAPS, 'providers', 'requests', 'metrics', 'criteria', 'trends']) {
      for (const name of this.names([section]) ?? []) {
        if (!this.used.has(`${section} ${name}`)) this.warn([section, name], { message: 'Nothing uses it', key: true });
      }
    }
  }

  private problem(path: Path, said: Said): Problem {
    const { message, suggestion, key } = typeof said === 'string' ? { message: said } : (said as Exclude<Said, string>);
    const document = this.documentOf(path);
    const place = key === true ? document.locateKey(path) : document.locate(path);
    const problem: Problem = { path: formatPath(path), ...place, message };
    if (suggestion !== undefined) problem.suggestion = suggestion;
    return problem;
  }

  private documentOf([section, name]: Path): PlanDocument {
    const { plan, bindings } = this.sources;
    const map = MACHINE_MAPS.find((candidate) => candidate === section);
    const bound = map !== undefined && own(bindings?.maps[map], String(name)) !== undefined;
    return bound && bindings !== undefined ? bindings.document : plan;
  }
}

export function own<V>(map: Record<string, V> | undefined, name: string): V | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}
