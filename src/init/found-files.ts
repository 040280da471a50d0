/** Looks into a service's folder for what a plan can be made from; changes nothing. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { readBytesSync } from '../files/bounded-files.js';
import { boxesIn } from '../plan/checklist/boxes.js';
import { isTooDeep } from '../plan/core/markdown.js';
import { SETTINGS } from './migrations.js';
import { plain } from './placed-boxes.js';
import {
  type Found,
  readCommands,
  readCompose,
  readMigrationSettings,
  readOpenapi,
  readPackage,
  readRules,
  readScripts,
  serviceName,
} from './read-files.js';

export interface FoundFiles {
  found: Found;
  /** Files that something was taken from, from the folder. */
  read: string[];
  /** Files that are there and can't be read, with the reason: what they say is not known. */
  unread: { file: string; reason: string }[];
  isRepository: boolean;
  /** The file of Prometheus rules, from the folder. */
  rules?: string;
  checklist?: Checklist;
}

export interface Checklist {
  file: string;
  text: string;
}

/** By their names at the top of the folder; what an earlier one says counts. */
const READERS: [string, (text: string) => Found][] = [
  ['package.json', readPackage],
  ['docker-compose.yml', readCompose],
  ['docker-compose.yaml', readCompose],
  ['compose.yaml', readCompose],
  ['compose.yml', readCompose],
  ...SETTINGS.map((name): [string, typeof readMigrationSettings] => [name, readMigrationSettings]),
  ['openapi.json', readOpenapi],
];

/** Bytes; a checklist that is longer can't travel with a deployment. */
const LARGEST = 100_000;
const LARGEST_DOCUMENT = 5_000_000;
const DEEPEST = 2;
const MOST_FILES = 500;
/** Below that a list of boxes is a note. */
const FEWEST_BOXES = 3;

/** @param from the checklist, where it was named */
export function lookAround(folder: string, from?: string): FoundFiles {
  const around: FoundFiles = { found: {}, read: [], unread: [], isRepository: existsSync(join(folder, '.git')) };
  for (const [name, reader] of READERS) take(around, { folder, name, reader });
  const files = filesBelow(folder);
  takeScripts(around, { folder, files });
  for (const name of files.filter((file) => /\.ya?ml$/.test(file))) {
    if (around.found.alerts !== undefined) break;
    if (!/alert|rule|prometheus|monitor/i.test(name)) continue;
    take(around, { folder, name, reader: readRules });
    if (around.found.alerts !== undefined) around.rules = name;
  }
  around.checklist = from === undefined ? checklistIn(folder, files) : readChecklist(from);
  // What the service's own files say of it counts before what people have written of it.
  if (around.checklist) around.found = { ...said(readCommands(around.checklist.text)), ...around.found };
  around.found.service ??= serviceName(basename(resolve(folder)));
  return around;
}

/** What could not be called as a command is no script: it may be a page about deploying. */
function takeScripts(around: FoundFiles, { folder, files }: { folder: string; files: readonly string[] }): void {
  const isExecutable = (name: string) => (statSync(join(folder, name)).mode & 0o100) !== 0;
  const scripts = said(readScripts(files.filter(isExecutable)));
  around.read.push(...Object.values(scripts).map((script) => String(script).replace(/^\.\//, '')));
  around.found = { ...scripts, ...around.found };
}

interface Taken {
  folder: string;
  name: string;
  reader: (text: string) => Found;
}

function take(around: FoundFiles, { folder, name, reader }: Taken): void {
  const file = join(folder, name);
  if (!existsSync(file)) return;
  try {
    const found = said(reader(readText(file, LARGEST_DOCUMENT)));
    if (Object.keys(found).length > 0) around.read.push(name);
    around.found = { ...found, ...around.found };
  } catch (error) {
    around.unread.push({ file: name, reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : '' });
  }
}

/** What was found, without what was not. */
const said = (found: Found): Found =>
  Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Found;

/** @throws when it is no file of text, or too large */
function readText(file: string, largest: number): string {
  const stats = statSync(file);
  if (!stats.isFile()) throw new Error('is no file');
  if (stats.size > largest) throw new Error(`has more than ${largest / 1_000} KB`);
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readBytesSync(file, largest));
}

/** @throws when it can't be one: no text, too long, too deep, without a box */
function readChecklist(file: string): Checklist {
  const text = readText(file, LARGEST);
  if (isTooDeep(text)) throw new Error('begins a line with more than 100 quotes and lists within each other');
  if (boxesIn(text).length === 0) throw new Error('holds no box: a line of a list that begins with [ ]');
  return { file, text };
}

/** The one with the most boxes among those whose names say that they are about releases. */
function checklistIn(folder: string, files: readonly string[]): Checklist | undefined {
  const candidates = files
    .filter((name) => /\.md$/i.test(name) && /check-?_?list|deploy|release|implant|go-?live/.test(plain(name)))
    .flatMap((name) => tryChecklist(join(folder, name)));
  const counted = candidates.map((checklist) => ({ checklist, boxes: boxesIn(checklist.text).length }));
  const [most] = counted.filter(({ boxes }) => boxes >= FEWEST_BOXES).toSorted((one, other) => other.boxes - one.boxes);
  return most?.checklist;
}

function tryChecklist(file: string): Checklist[] {
  try {
    return [readChecklist(file)];
  } catch {
    return [];
  }
}

/** Files of the folder and of those right below, in a fixed order; neither packages nor what is hidden. */
function filesBelow(folder: string): string[] {
  const files: string[] = [];
  const walk = (place: string, depth: number): void => {
    for (const entry of readdirSync(place, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (files.length >= MOST_FILES) return;
      const path = join(place, entry.name);
      const isLookedInto = entry.name === '.github' || (!entry.name.startsWith('.') && entry.name !== 'node_modules');
      if (entry.isFile()) files.push(relative(folder, path));
      else if (entry.isDirectory() && depth < DEEPEST && isLookedInto) walk(path, depth + 1);
    }
  };
  walk(folder, 0);
  return files;
}
