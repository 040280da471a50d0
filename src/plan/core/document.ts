/** A YAML file as a value that remembers where each part of it was written. */
import { dirname, resolve } from 'node:path';
import type { Document, Node, Pair, YAMLError } from 'yaml';
import { isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { formatPath, type Path, type Problem } from './problems.js';

/** Where something was written; line and column count from 1. */
export type WrittenAt = Pick<Problem, 'file' | 'line' | 'column'>;

export interface PlanDocument {
  file: string;
  value: Record<string, unknown>;
  /** The place of a value; of the nearest thing around it when it isn't there. */
  locate(path: Path): WrittenAt;
  /** The place of a key rather than of what it holds. */
  locateKey(path: Path): WrittenAt;
}

/** The folder of the file in which the part at the path is written: relative paths in it start there. */
export const folderAt = (document: PlanDocument, path: Path): string => dirname(resolve(document.locate(path).file));

/** Reads one file's text. Values never appear in the problems: a plan with a mistake may hold a secret by mistake. */
export function readDocument(
  file: string,
  text: string,
  firstLine = 'surefoot: 1',
): { document?: PlanDocument; problems: Problem[] } {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2', merge: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problem = (offset: number, message: string): Problem => ({
    path: formatPath(pathAt(parsed, offset)),
    ...position(offset),
    message,
  });

  const problems = [...parsed.errors, ...parsed.warnings].map((error) => problem(error.pos[0], explain(error)));
  visit(parsed, {
    Pair(_, { key }) {
      // A map of JavaScript would lose it without a word.
      if (!isScalar(key) || key.value !== '__proto__') return;
      problems.push(problem(key.range?.[0] ?? 0, 'Nothing can be named __proto__: take another name'));
    },
    Node(_, node) {
      if (!isAlias(node) && node.anchor === undefined) return;
      problems.push(problem(node.range?.[0] ?? 0, 'Anchors and aliases (& and *) are not read: write the value out'));
    },
  });
  if (problems.length > 0) return { problems };

  if (!isMap(parsed.contents)) {
    const message =
      parsed.contents === null || (isScalar(parsed.contents) && parsed.contents.value === null)
        ? `The file is empty; it starts with "${firstLine}"`
        : `The file is not a map of keys and values; it starts with "${firstLine}"`;
    return { problems: [{ file, path: '', line: 1, column: 1, message }] };
  }

  const value = parsed.toJS() as Record<string, unknown>;
  const locate = (path: Path) => position(offsetOf(parsed, path));
  const locateKey = (path: Path) => position(pairOf(parsed, path)?.key?.range?.[0] ?? offsetOf(parsed, path));
  return { document: { file, value, locate, locateKey }, problems };
}

type Keyed = Pair<Node, Node | null>;

/** The offset of what stands at the path: a value on its key's line itself, a block below its key by the key. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step)) as
        | Keyed
        | undefined;
      if (pair === undefined) return offset;
      node = pair.value;
      const inline = isScalar(pair.value) ? pair.value.value !== null : isCollection(pair.value) && pair.value.flow;
      offset = (inline ? pair.value?.range?.[0] : pair.key.range?.[0]) ?? offset;
    } else if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step];
      if (!isNode(item)) return offset;
      node = item;
      offset = item.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function pairOf(document: Document.Parsed, path: Path): Keyed | undefined {
  const holder = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(holder)) return undefined;
  return holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1))) as
    | Keyed
    | undefined;
}

/** The path of the innermost pair or item around an offset; for syntax errors, as far as the file was understood. */
function pathAt(document: Document, offset: number): Path {
  const path: (string | number)[] = [];
  let node: unknown = document.contents;
  while (isCollection(node)) {
    const items: readonly unknown[] = node.items;
    const index = items.findLastIndex((item) => (startOf(item) ?? Number.POSITIVE_INFINITY) <= offset);
    const item = items[index];
    if (item === undefined) break;
    path.push(isPair(item) ? String(isScalar(item.key) ? item.key.value : item.key) : index);
    node = isPair(item) ? item.value : item;
  }
  return path;
}

function startOf(item: unknown): number | undefined {
  const node = isPair(item) ? item.key : item;
  return isNode(node) ? node.range?.[0] : undefined;
}

function explain(error: YAMLError): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'A tab is used for indentation; YAML takes spaces only';
    case 'DUPLICATE_KEY':
      return 'This key is written twice in the same map; keep one';
    case 'MULTIPLE_DOCS':
      return 'The file holds more than one document ("---"); write one plan a file';
    case 'TAG_RESOLVE_FAILED':
      return 'Tags ("!…") are not read: write a plain value';
    case 'BAD_INDENT':
      return 'The indentation does not fit the lines above';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'A second ": " on the line, or a key where its value should be; put text that holds ": " in quotes';
    default:
      return `Not valid YAML: ${(error.message.split('\n')[0] ?? '').replace(/: .*$/, '')}`;
  }
}
