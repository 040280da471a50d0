/** A first plan for a service: from what is there and what people answer to files that nobody had before. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { boxesIn } from '../plan/checklist/boxes.js';
import type { Answers } from './compose-plan.js';
import type { FoundFiles } from './found-files.js';
import { type MadeFiles, makeFiles, PLAN_FILE, resolvedFrom } from './make-files.js';
import { placedBoxes, plain } from './placed-boxes.js';

/** What is taken where nobody answers. */
export function usualAnswers({ found }: FoundFiles): Answers {
  const service = found.service ?? 'service';
  return {
    service,
    production: `https://${service}.example.com`,
    staging: `https://${service}.staging.example.com`,
    health: found.health ?? '/health',
    deploy: [found.deployScript ?? './deploy.sh', '{environment}', '{version}'],
  };
}

export interface InitFolders {
  /** The service's folder, and the one that the files are for. */
  folder: string;
  out: string;
}

/** @throws PlanError when what would be written is no plan */
export function prepare(around: FoundFiles, answers: Answers, { folder, out }: InitFolders): MadeFiles {
  const { checklist, found, isRepository, rules } = around;
  const text = checklist?.text ?? '';
  const subject = {
    answers,
    found,
    boxes: placedBoxes(text),
    language: languageOf(text),
    paths: { service: pathFrom(out, folder), rules },
    isRepository,
  };
  const made = makeFiles(subject, checklist && pathFrom(out, checklist.file));
  resolvedFrom(made.files[PLAN_FILE] ?? '', join(out, PLAN_FILE));
  return made;
}

/** As it is written in a file of the folder: with forward slashes, and never empty. */
function pathFrom(folder: string, place: string): string {
  const path = relative(resolve(folder), resolve(place)).split(sep).join('/');
  return path === '' ? '.' : path;
}

/** Words that one language has and the other does not. */
const PORTUGUESE = /\b(nao|sem|de|da|do|em|para|com|producao|erros?|feito|banco)\b/g;
const ENGLISH = /\b(the|no|of|is|in|to|for|with|and|are|on)\b/g;

/** By what its boxes are written in. */
function languageOf(checklist: string): 'en' | 'pt-BR' {
  const words = plain(
    boxesIn(checklist)
      .map(({ title }) => title)
      .join('\n'),
  );
  const count = (pattern: RegExp) => words.match(pattern)?.length ?? 0;
  return count(PORTUGUESE) > count(ENGLISH) ? 'pt-BR' : 'en';
}

/** Those of the files that are there already: nothing is written over them. */
export const alreadyThere = (names: readonly string[], out: string): string[] =>
  names.map((name) => join(out, name)).filter((file) => existsSync(file));

/** @throws when a file has come to be there meanwhile, or the folder can't be written */
export function writeFiles(files: Record<string, string>, out: string): string[] {
  return Object.entries(files).map(([name, text]) => {
    const file = join(out, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
    return file;
  });
}
