/**
 * The boxes of a checklist: task list items as GitHub-flavoured Markdown has them
 * (https://github.github.com/gfm/#task-list-items-extension-), in whatever list, quote or depth they stand.
 */
import type { ListItem, Paragraph } from 'mdast';
import { endOfLine, LINE_END, lineOf, parseMarkdown, positionOf, type TextPoint } from '../core/markdown.js';

export interface Box {
  /** Of its brackets, and the last of its list item, with all that stands below it. Lines count from 1. */
  line: number;
  lastLine: number;
  /** The first line of its paragraph, as it is written. */
  title: string;
  ticked: boolean;
  /** Offset of what stands between the brackets. */
  mark: number;
  /** Offset behind the last line of its paragraph, before the line end. */
  end: number;
  /** What a line begins with that belongs to its list item: spaces, and a `>` for each quote around it. */
  indent: string;
  /** What follows in its list item is indented deeper: a list that is put in between would take it in. */
  isFollowedDeeper: boolean;
}

/** Where its brackets begin, and what holds them; both end later. */
interface Found {
  start: TextPoint & { offset: number };
  item: ListItem;
  paragraph: Paragraph;
}

/** Of the text that was read last: each scenario of a suite loads the plan anew, and its document is the same. */
let latest: { text: string; boxes: readonly Box[] } | undefined;

/** Every box of a document, in its order. */
export function boxesIn(text: string): readonly Box[] {
  if (latest?.text !== text) latest = { text, boxes: readBoxes(text) };
  return latest.boxes;
}

function readBoxes(text: string): Box[] {
  const found: Found[] = [];
  parseMarkdown(text, {
    exit: {
      taskListCheck({ start }) {
        const [item, paragraph] = this.stack.slice(-2) as [ListItem, Paragraph];
        found.push({ start, item, paragraph });
      },
    },
  });
  return found.map((one) => boxOf(text, one));
}

function boxOf(text: string, { start, item, paragraph }: Found): Box {
  const { end } = positionOf(paragraph);
  const indent = margin(before(text, start));
  const following = item.children[item.children.indexOf(paragraph) + 1]?.position?.start;
  return {
    line: lineOf(text, start),
    lastLine: lineOf(text, item.position?.end ?? start),
    title: firstLine(text.slice(start.offset + BRACKETS, end)),
    ticked: item.checked === true,
    mark: start.offset + 1,
    end: endOfLine(text, end),
    indent,
    isFollowedDeeper: following !== undefined && columns(margin(before(text, following, true))) > columns(indent),
  };
}

const BRACKETS = '[ ]'.length;

/** What stands before a point in its line; with the spaces that follow, where those do not count as what is there. */
function before(text: string, { offset = 0, column }: TextPoint, withSpaces = false): string {
  const spaces = withSpaces ? (/^[ \t]*/.exec(text.slice(offset))?.[0].length ?? 0) : 0;
  return text.slice(offset - (column - 1), offset + spaces);
}

/** Quotes and spaces alone; a mark of a quote takes a space behind it to itself, written or not. */
const margin = (prefix: string): string => prefix.replace(/>(?![ \t])/g, '> ').replace(/[^>\s]/g, ' ');

/** How many columns a text takes: a tab goes on to the next multiple of four. */
const columns = (text: string): number =>
  [...text].reduce((width, character) => width + (character === '\t' ? 4 - (width % 4) : 1), 0);

/** The first words of a paragraph; they may begin below its brackets, behind the marks of the quotes around them. */
function firstLine(words: string): string {
  const [beside = '', below = ''] = words.split(LINE_END);
  return (beside.trim() || below.replace(/^[ \t>]+/, '').trim()).replaceAll('\t', ' ');
}
