/** Shared parts: a plan with the sections of the files that it includes. Each section comes whole from one file. */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { withBoth } from './both-environments.js';
import { type PlanDocument, readDocument } from './core/document.js';
import { openDocument, openText } from './core/open.js';
import { formatPath, type Path, type Problem } from './core/problems.js';
import { planSchema } from './schema.js';
import { readDocumentAs } from './sections.js';

export interface OpenedPlan {
  /** The plan as if it stood in one file; each part knows where it was written. Missing where a file can't be read. */
  document?: PlanDocument;
  /** What was included, as it is named from where the plan was named, in reading order. */
  included: string[];
  problems: Problem[];
}

/** Opens a plan and what it includes, and what that includes. A file that is included twice is read once. */
export function openPlan(file: string): OpenedPlan {
  const { document, problems } = openDocument(file);
  if (document === undefined) return { included: [], problems };
  const including = new Including();
  including.add(document, [identityOf(file)]);
  const [main, ...others] = including.parts;
  const included = others.map((part) => part.file);
  if (main === undefined || !including.isWhole) return { included, problems: including.problems };
  const merged = merge(main, others);
  return { document: withBoth(merged.document), included, problems: [...including.problems, ...merged.problems] };
}

const { surefoot, include } = planSchema.shape;
/** Keys that each file of a plan has for itself: the format that it is written in, and what it includes. */
const OWN = { surefoot: z.looseObject({ surefoot }), include: z.looseObject({ include }) };

class Including {
  readonly parts: PlanDocument[] = [];
  readonly problems: Problem[] = [];
  isWhole = true;
  private readonly read = new Set<string>();

  /** @param way the files that lead here from the plan, and this one, by what they really are */
  add(document: PlanDocument, way: readonly string[]): void {
    // The plan's own format is told with its other sections.
    if (this.parts.push(document) > 1) this.problems.push(...readDocumentAs(document, OWN.surefoot).problems);
    const { value, problems } = readDocumentAs(document, OWN.include);
    this.problems.push(...problems);
    if (value === undefined) this.isWhole = false;
    value?.include?.forEach((name, index) => {
      this.open(name, { document, path: ['include', index], way });
    });
  }

  private open(name: string, from: { document: PlanDocument; path: Path; way: readonly string[] }): void {
    const { document, path, way } = from;
    const refuse = (problem: Pick<Problem, 'message' | 'suggestion'>) =>
      this.problems.push({ path: formatPath(path), ...document.locate(path), ...problem });
    const file = isAbsolute(name) ? name : join(dirname(document.file), name);
    const opened = openText(file);
    if (!('text' in opened)) {
      this.isWhole = false;
      refuse({ ...opened, message: `${file}: ${opened.message}` });
      return;
    }
    const identity = identityOf(file);
    if (way.includes(identity)) {
      refuse({ message: `${file} includes this file in turn, so neither can be read before the other` });
      return;
    }
    if (this.read.has(identity)) return;
    this.read.add(identity);
    const part = readDocument(file, opened.text);
    this.problems.push(...part.problems);
    if (part.document === undefined) this.isWhole = false;
    else this.add(part.document, [...way, identity]);
  }
}

const identityOf = (file: string): string => realpathSync(file);

function merge(main: PlanDocument, others: readonly PlanDocument[]): { document: PlanDocument; problems: Problem[] } {
  const owners = new Map(Object.keys(main.value).map((key) => [key, main]));
  const sections = Object.entries(main.value);
  const problems: Problem[] = [];
  for (const part of others) {
    for (const [key, value] of Object.entries(part.value)) {
      if (Object.hasOwn(OWN, key)) continue;
      const owner = owners.get(key);
      if (owner === undefined) {
        owners.set(key, part);
        sections.push([key, value]);
        continue;
      }
      const { file, line, column } = owner.locateKey([key]);
      const earlier = `\`${key}\` is given at ${file}:${line}:${column} already`;
      const message = `${earlier}; a section comes whole from one file: keep one`;
      problems.push({ path: key, ...part.locateKey([key]), message });
    }
  }
  const ownerOf = ([key]: Path): PlanDocument => owners.get(String(key)) ?? main;
  const document: PlanDocument = {
    file: main.file,
    value: Object.fromEntries(sections),
    locate: (path) => ownerOf(path).locate(path),
    locateKey: (path) => ownerOf(path).locateKey(path),
  };
  return { document, problems };
}
