/** GitHub-flavoured Markdown (https://github.github.com/gfm/) with places: offsets count UTF-16 units of the text. */
import type { Parents, Root, RootContent } from 'mdast';
import { type Extension, fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { codeIndented } from 'micromark-core-commonmark';
import { gfm } from 'micromark-extension-gfm';

/** The specification has no footnotes. */
const WITHOUT_FOOTNOTES = {
  disable: { null: ['gfmFootnoteDefinition', 'gfmFootnoteCall', 'gfmPotentialFootnoteCall'] },
};

/**
 * Only a paragraph keeps a list that begins with another number than 1 from beginning right below it. The parser (2.0)
 * counts indented code as a paragraph there, unless it is told so as tables once told it.
 */
const interruptible: typeof codeIndented = {
  name: 'interruptibleCode',
  tokenize(effects, ok, nok) {
    this._gfmTableDynamicInterruptHack = true;
    const ended =
      (then: typeof ok): typeof ok =>
      (code) => {
        this._gfmTableDynamicInterruptHack = false;
        return then(code);
      };
    return codeIndented.tokenize.call(this, effects, ended(ok), ended(nok));
  },
};
const INDENTED_CODE = { flowInitial: { [-2]: interruptible, [-1]: interruptible, 32: interruptible } };

const BYTE_ORDER_MARK = '\ufeff';

/** @param listener hears of tokens while the tree is built */
export function parseMarkdown(text: string, listener: Extension = {}): Root {
  return fromMarkdown(withoutMark(text), {
    extensions: [gfm(), WITHOUT_FOOTNOTES, INDENTED_CODE],
    mdastExtensions: [gfmFromMarkdown(), listener],
  });
}

/**
 * Whether a line begins with more than 100 quotes and lists within each other. The parser goes a level deeper for each,
 * and ends where the stack does.
 */
export const isTooDeep = (text: string): boolean => /^(?:[ \t]*(?:>|(?:[*+-]|\d{1,9}[.)])[ \t])){101}/m.test(text);

/** The parser skips a byte order mark without counting it; a line break is as long, and means nothing there. */
const withoutMark = (text: string): string => (text.startsWith(BYTE_ORDER_MARK) ? `\n${text.slice(1)}` : text);

/** Every node below this one in the document's order, with those around it, the outermost first. */
export function* nodesIn(parent: Parents, around: readonly Parents[] = []): Generator<Placed> {
  const within = [...around, parent];
  for (const node of parent.children) {
    yield { node, within, ...positionOf(node) };
    if ('children' in node) yield* nodesIn(node, within);
  }
}

export interface Placed extends Place {
  node: RootContent;
  within: readonly Parents[];
}

/** From the first character of a node to behind its last. */
export interface Place {
  start: number;
  end: number;
}

/** Every node that was parsed has a place. */
export const positionOf = ({ position }: Pick<RootContent, 'position'>): Place => ({
  start: position?.start.offset as number,
  end: position?.end.offset as number,
});

export type TextPoint = NonNullable<Root['position']>['start'];

/** Counts from 1. */
export const lineOf = (text: string, { line }: TextPoint): number => line - Number(text.startsWith(BYTE_ORDER_MARK));

/** What ends a line, as Markdown has it. */
export const LINE_END = /\r\n|\r|\n/;

/** Where the line that goes on at this offset ends, before its line end. */
export function endOfLine(text: string, offset: number): number {
  const length = text.slice(offset).search(LINE_END);
  return length < 0 ? text.length : offset + length;
}

/** The line end at or behind this offset; at the document's end, what its lines end with. */
export const lineEndAt = (text: string, offset: number): string =>
  LINE_END.exec(text.slice(offset))?.[0] ?? LINE_END.exec(text)?.[0] ?? '\n';
