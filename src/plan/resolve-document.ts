/** The team's own checklist: read whole, so that a report is made from history alone, and held against the items. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Box, boxesIn } from '../domain/document.js';
import type { Item } from '../domain/items.js';
import type { MachineMaps, Resolution as ResolutionOf } from './resolution.js';
import { nearest } from './suggest.js';

type Resolution = ResolutionOf<MachineMaps & { document?: string }>;

/** Bytes. The document travels with each deployment and with its rollbacks, through Temporal and its history. */
const LARGEST = 100_000;
/** Boxes that are told one by one when nothing settles them. */
const MOST_TOLD = 5;

/** @returns the document's text; items and boxes match one to one, or the problems say where they do not */
export function resolveDocument(resolution: Resolution, items: readonly Item[]): string | undefined {
  const { document: name } = resolution.sections;
  if (name === undefined) return undefined;
  const text = read(resolution, resolve(resolution.sources.folder, name));
  if (text !== undefined) holdAgainst(resolution, { name, items, boxes: boxesIn(text) });
  return text;
}

function read(resolution: Resolution, file: string): string | undefined {
  const refuse = (message: string) => void resolution.report(['document'], message);
  try {
    const { size } = statSync(file);
    if (size > LARGEST) {
      const kilobytes = (bytes: number) => `${Math.round(bytes / 1_000)} KB`;
      return refuse(
        `Has ${kilobytes(size)}, and travels with each deployment: at most ${kilobytes(LARGEST)}. Leave out what is not the checklist`,
      );
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError) return refuse('Is not a text file in UTF-8');
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return refuse('There is no such file: write its path from the folder of this file');
    }
    return refuse(`Can’t be read (${code ?? 'unknown reason'})`);
  }
}

/** Told are the boxes that no item settles, and the items that are no box, with the box that was probably meant. */
function holdAgainst(
  resolution: Resolution,
  { name, items, boxes }: { name: string; items: readonly Item[]; boxes: readonly Box[] },
): void {
  const common = longestCommon(
    items.map(({ title }) => title),
    boxes.map(({ title }) => title),
  );
  const strangers = items.filter((_, index) => !common.some(([item]) => item === index));
  const open = new Set(boxes.filter((_, index) => !common.some(([, box]) => box === index)));
  for (const { id, title } of strangers) {
    const meant = [...open].find(
      (box) =>
        box.title ===
        nearest(
          title,
          [...open].map((one) => one.title),
        ),
    );
    if (meant) open.delete(meant);
    const what = meant ? `Is not the box in line ${meant.line} of ${name}` : `Is no box of ${name}, at least not here`;
    const message = `${what}: items have its boxes’ own words, in its order`;
    resolution.report(['items', id, 'title'], { message, suggestion: meant?.title });
  }
  const unsettled = [...open];
  for (const { title, line } of unsettled.slice(0, MOST_TOLD)) {
    resolution.report(['document'], `No item settles the box “${title}” (line ${line} of ${name})`);
  }
  const more = unsettled.length - MOST_TOLD;
  if (more > 0) resolution.report(['document'], `No item settles ${more} more boxes of ${name}`);
}

/** The longest common subsequence of two lists, as pairs of positions: what is the same in the same order. */
function longestCommon(one: readonly string[], other: readonly string[]): [number, number][] {
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint32Array(other.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = one.length - 1; row >= 0; row -= 1) {
    for (let column = other.length - 1; column >= 0; column -= 1) {
      const best =
        one[row] === other[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      (lengths[row] as Uint32Array)[column] = best;
    }
  }
  const pairs: [number, number][] = [];
  for (let row = 0, column = 0; row < one.length && column < other.length; ) {
    if (one[row] === other[column]) pairs.push([row++, column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}
