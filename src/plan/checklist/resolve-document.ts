/** The team's own checklist: read whole, so that a report is made from history alone, and held against the items. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Item } from '../../domain/items.js';
import { FileRefused, readBytesSync, whyUnread } from '../../files/bounded-files.js';
import { folderAt } from '../core/document.js';
import { isTooDeep } from '../core/markdown.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';
import { nearest } from '../core/suggest.js';
import { type Box, boxesIn } from './boxes.js';

type Resolution = ResolutionOf<MachineMaps & { document?: string }>;

/** Bytes. The document travels with each deployment and with its rollbacks, through Temporal and its history. */
const LARGEST = 100_000;
/** Boxes that are told one by one when nothing settles them. */
const MOST_TOLD = 5;

/**
 * @returns the document's text; items and boxes match one to one, or the problems say where they do not. An item of which
 *   only the beginning is written then has its box's words
 */
export function resolveDocument(resolution: Resolution, items: readonly Item[]): string | undefined {
  const { document: name } = resolution.sections;
  if (name === undefined) return undefined;
  const refuse = (message: string) => void resolution.report(['document'], message);
  const text = read(resolve(folderAt(resolution.sources.plan, ['document']), name), refuse);
  if (text === undefined) return undefined;
  if (isTooDeep(text)) return refuse('Begins a line with more than 100 quotes and lists within each other');
  holdAgainst(resolution, { name, items, boxes: boxesIn(text) });
  return text;
}

type Refuse = (message: string) => undefined;

function read(file: string, refuse: Refuse): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readBytesSync(file, LARGEST));
  } catch (error) {
    if (error instanceof TypeError) return refuse('Is not a text file in UTF-8');
    if (error instanceof FileRefused) return refuse(error.kind === 'no file' ? NO_FILE : tooLarge(file));
    const code = whyUnread(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return refuse('There is no such file: write its path from the folder of this file');
    }
    return refuse(`Can’t be read (${code})`);
  }
}

const NO_FILE = 'Is no file: a checklist is read again for each deployment';

function tooLarge(file: string): string {
  const kilobytes = (size: number) => `${Math.round(size / 1_000)} KB`;
  // Some say that they are empty, and never end.
  const size = Math.max(statSync(file).size, LARGEST + 1);
  return `Has ${kilobytes(size)}, and travels with each deployment: at most ${kilobytes(LARGEST)}. Leave out what is not the checklist`;
}

/** Told are the boxes that no item settles, and the items that are no box, with the box that was probably meant. */
function holdAgainst(
  resolution: Resolution,
  { name, items, boxes }: { name: string; items: readonly Item[]; boxes: readonly Box[] },
): void {
  const common = longestCommon(items, boxes, isBox);
  const strangers = items.filter((_, index) => !common.some(([item]) => item === index));
  const open = new Set(boxes.filter((_, index) => !common.some(([, box]) => box === index)));
  for (const { id, title } of strangers) {
    const meant = boxNamed(title, [...open]);
    if (meant) open.delete(meant);
    resolution.report(['items', id, 'title'], strange(title, { name, boxes, meant }));
  }
  for (const [item, box] of common) spellOut(resolution, { name, item: items[item], box: boxes[box], boxes });
  const unsettled = [...open];
  for (const { title, line } of unsettled.slice(0, MOST_TOLD)) {
    resolution.report(['document'], `No item settles the box “${title}” (line ${line} of ${name})`);
  }
  const more = unsettled.length - MOST_TOLD;
  if (more > 0) resolution.report(['document'], `No item settles ${more} more boxes of ${name}`);
}

/** Whether these are its words, or their beginning with what stands for the rest. */
const isBox = ({ title }: Pick<Item, 'title'>, box: Box): boolean =>
  title === box.title || (title.endsWith(REST) && box.title.startsWith(title.slice(0, -REST.length)));

const REST = '…';

function spellOut(
  resolution: Resolution,
  { name, item, box, boxes }: { name: string; item?: Item; box?: Box; boxes: readonly Box[] },
): void {
  if (!item || !box || item.title === box.title) return;
  const others = boxes.filter((other) => isBox(item, other) && other.title !== box.title);
  // A box that is put in between would be settled by what settles the next one.
  if (others.length > 0) {
    const lines = others.map(({ line }) => line).join(', ');
    resolution.report(['items', item.id, 'title'], `Begins the boxes in lines ${lines} of ${name}, too: write more`);
  }
  item.title = box.title;
}

/** The box that was probably meant. */
function boxNamed(title: string, boxes: readonly Box[]): Box | undefined {
  const named = nearest(
    title,
    boxes.map((box) => box.title),
  );
  return boxes.find((box) => box.title === named);
}

function strange(title: string, { name, boxes, meant }: { name: string; boxes: readonly Box[]; meant?: Box }) {
  const rule = 'items have its boxes’ own words, in its order';
  if (meant?.title === title) return `Is the box in line ${meant.line} of ${name}, at another place: ${rule}`;
  if (meant) return { message: `Is not the box in line ${meant.line} of ${name}: ${rule}`, suggestion: meant.title };
  const settled = boxNamed(title, boxes);
  const near = settled ? `; the nearest, “${settled.title}” in line ${settled.line}, is another item` : '';
  return `Is no box of ${name}, at least not here: ${rule}${near}`;
}

/** The longest common subsequence of two lists, as pairs of positions: what is the same in the same order. */
function longestCommon<One, Other>(
  one: readonly One[],
  other: readonly Other[],
  isSame: (one: One, other: Other) => boolean,
): [number, number][] {
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint32Array(other.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  const same = (row: number, column: number): boolean => isSame(one[row] as One, other[column] as Other);
  for (let row = one.length - 1; row >= 0; row -= 1) {
    for (let column = other.length - 1; column >= 0; column -= 1) {
      const best = same(row, column) ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      (lengths[row] as Uint32Array)[column] = best;
    }
  }
  const pairs: [number, number][] = [];
  let row = 0;
  let column = 0;
  while (row < one.length && column < other.length) {
    if (same(row, column)) {
      pairs.push([row, column]);
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}
