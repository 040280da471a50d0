/**
 * Reads a raw document by a schema part by part, so that one mistake never hides another: what is right is kept for
 * the checks of meaning, what is wrong becomes a problem, and unknown keys are reported and then left aside.
 */
import { z } from 'zod';
import { KNOWN_KEYS } from './core/basics.js';
import type { PlanDocument } from './core/document.js';
import { formatPath, type Path, type Problem } from './core/problems.js';
import { nearest } from './core/suggest.js';
import { type AuthoredPlan, planSchema } from './schema.js';

/** Maps and lists that are read entry by entry; what is wrong in one leaves the others. */
const DIVIDED = new Set(['commands', 'environments']);

/** A validated plan of which wrong parts are missing. */
export type Sections = {
  [K in keyof AuthoredPlan]?: K extends 'commands' | 'environments'
    ? Partial<AuthoredPlan[K]>
    : AuthoredPlan[K] extends (infer E)[]
      ? (E | undefined)[]
      : AuthoredPlan[K];
};

/** @returns the parts that are right; lists keep holes where a wrong element stood, so that indexes stay true */
export function readSections(document: PlanDocument): { sections: Sections; problems: Problem[] } {
  const reader = new Reader(document);
  const sections: Record<string, unknown> = {};
  reader.unknownKeys([], Object.keys(planSchema.shape));
  for (const [key, schema] of Object.entries(planSchema.shape)) {
    sections[key] = reader.divide(schema, [key]);
  }
  return { sections: sections as Sections, problems: reader.problems };
}

/** Reads a whole document by a schema without dividing it. */
export function readDocumentAs<S extends z.ZodType>(
  document: PlanDocument,
  schema: S,
): { value?: z.output<S>; problems: Problem[] } {
  const reader = new Reader(document);
  const value = reader.parse(schema, []) as z.output<S> | undefined;
  return { value, problems: reader.problems };
}

class Reader {
  readonly problems: Problem[] = [];

  constructor(private readonly document: PlanDocument) {}

  divide(schema: z.ZodType, path: Path): unknown {
    const bare = unwrap(schema);
    const raw = this.raw(path);
    if (bare instanceof z.ZodRecord && isMap(raw)) {
      return Object.fromEntries(
        Object.keys(raw)
          .filter((key) => this.keyIsGood(bare.keyType as z.ZodType, [...path, key]))
          .map((key) => [key, this.parse(bare.valueType as z.ZodType, [...path, key])])
          .filter(([, value]) => value !== undefined),
      );
    }
    if (bare instanceof z.ZodArray && Array.isArray(raw) && raw.length > 0) {
      return raw.map((_, index) => this.parse(bare.element as z.ZodType, [...path, index]));
    }
    if (bare instanceof z.ZodObject && isMap(raw) && DIVIDED.has(String(path[0]))) {
      this.unknownKeys(path, Object.keys(bare.shape));
      return Object.fromEntries(
        Object.entries(bare.shape)
          .map(([key, part]) => [key, this.parse(part as z.ZodType, [...path, key])])
          .filter(([, value]) => value !== undefined),
      );
    }
    return this.parse(schema, path);
  }

  parse(schema: z.ZodType, path: Path): unknown {
    const raw = this.raw(path);
    const first = schema.safeParse(raw);
    if (first.success) return first.data;
    const issues = first.error.issues.flatMap(ofChosen);
    const strangers: Path[] = [];
    const strange = new Set(
      issues.filter(({ code }) => code === 'unrecognized_keys').map((issue) => formatPath(issue.path as Path)),
    );
    for (const issue of issues) {
      // A misspelt alternative is told once, as the misspelling.
      if (issue.code === 'custom' && strange.has(formatPath(issue.path as Path))) continue;
      if (issue.code === 'unrecognized_keys')
        strangers.push(...issue.keys.map((key) => [...(issue.path as Path), key]));
      this.problems.push(...this.explain(issue, path));
    }
    if (strangers.length === 0) return undefined;
    const second = schema.safeParse(without(raw, strangers));
    if (second.success) return second.data;
    const told = new Set(this.problems.map((problem) => `${problem.path} ${problem.message}`));
    const late = second.error.issues
      .flatMap(ofChosen)
      .filter((issue) => issue.code !== 'custom' || !strange.has(formatPath(issue.path as Path)))
      .flatMap((issue) => this.explain(issue, path));
    this.problems.push(...late.filter((problem) => !told.has(`${problem.path} ${problem.message}`)));
    return undefined;
  }

  unknownKeys(path: Path, known: string[]): void {
    const raw = this.raw(path);
    if (!isMap(raw)) return;
    for (const key of Object.keys(raw)) {
      if (!known.includes(key)) this.problems.push(this.stranger([...path, key], known));
    }
  }

  private keyIsGood(schema: z.ZodType, path: Path): boolean {
    const result = schema.safeParse(path.at(-1));
    if (result.success) return true;
    this.problems.push(this.problem(path, result.error.issues[0]?.message ?? 'Not a name', { key: true }));
    return false;
  }

  private explain(issue: z.core.$ZodIssue, base: Path): Problem[] {
    const path = [...base, ...(issue.path as Path)];
    switch (issue.code) {
      case 'unrecognized_keys': {
        const known = issue.message.startsWith(KNOWN_KEYS) ? issue.message.slice(KNOWN_KEYS.length).split(' ') : [];
        return issue.keys.map((key) => this.stranger([...path, key], known));
      }
      case 'invalid_value':
      case 'invalid_union': {
        const options = optionsOf(issue);
        const value = this.raw(path);
        if (value === undefined) return [this.missing(path, options)];
        if (options.length === 0) return [this.problem(path, issue.message)];
        const custom = issue.message.startsWith('Invalid') ? undefined : issue.message;
        const message = custom ?? `${show(value)} is not known here; write ${alternatives(options)}`;
        return [
          this.problem(path, message, { suggestion: typeof value === 'string' ? nearest(value, options) : undefined }),
        ];
      }
      case 'invalid_key':
        return [this.problem(path, issue.issues[0]?.message ?? 'Not a name', { key: true })];
      case 'invalid_type': {
        const value = this.raw(path);
        if (value === undefined) return [this.missing(path, [])];
        if (value === null) return [this.problem(path, 'Has no value')];
        if (!issue.message.startsWith('Invalid input')) return [this.problem(path, issue.message)];
        return [this.problem(path, `${NOUNS[issue.expected] ?? issue.expected} is expected, not ${kindOf(value)}`)];
      }
      case 'too_small':
      case 'too_big':
        return [this.problem(path, issue.message.startsWith('Too ') ? 'Is out of range' : issue.message)];
      default:
        return [this.problem(path, issue.message)];
    }
  }

  private stranger(path: Path, known: string[]): Problem {
    const key = String(path.at(-1));
    const list = known.length > 0 ? `; known here: ${known.join(', ')}` : '';
    const suggestion = nearest(key, known);
    return this.problem(path, `\`${key}\` is not a known key${suggestion === undefined ? list : ''}`, {
      key: true,
      suggestion,
    });
  }

  private missing(path: Path, options: string[]): Problem {
    const hint = options.length > 0 ? `; write ${alternatives(options)}` : '';
    return this.problem(path, `\`${path.at(-1)}\` is missing${hint}`);
  }

  private problem(path: Path, message: string, more: { key?: boolean; suggestion?: string } = {}): Problem {
    const place = more.key === true ? this.document.locateKey(path) : this.document.locate(path);
    const problem: Problem = { path: formatPath(path), ...place, message };
    if (more.suggestion !== undefined) problem.suggestion = more.suggestion;
    return problem;
  }

  private raw(path: Path): unknown {
    let value: unknown = this.document.value;
    for (const step of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Record<string | number, unknown>)[step];
    }
    return value;
  }
}

/** Of alternatives of which one alone is of the kind that was written: what is wrong with that one. */
function ofChosen(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || !('errors' in issue)) return [issue];
  const isOtherKind = ({ code, path }: z.core.$ZodIssue) => code === 'invalid_type' && path.length === 0;
  const [chosen, ...others] = issue.errors.filter((branch) => !branch.some(isOtherKind));
  if (chosen === undefined || others.length > 0) return [issue];
  return chosen.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
}

const NOUNS: Record<string, string> = {
  string: 'Text',
  object: 'A map of keys and values',
  record: 'A map of keys and values',
  array: 'A list',
  number: 'A number',
  int: 'A whole number',
  boolean: 'true or false',
};

const alternatives = (options: string[]) =>
  options.length < 2 ? options.join('') : `${options.slice(0, -1).join(', ')} or ${options.at(-1)}`;

function optionsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options))
    return issue.options.filter((option) => option !== undefined).map(String);
  return [];
}

const show = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? JSON.stringify(value)
    : capital(kindOf(value));

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema;
}

function without(value: unknown, strangers: Path[]): unknown {
  const copy = structuredClone(value);
  for (const path of strangers) {
    let holder: unknown = copy;
    for (const step of path.slice(0, -1)) holder = (holder as Record<string | number, unknown>)[step];
    delete (holder as Record<string | number, unknown>)[path.at(-1) as string];
  }
  return copy;
}
