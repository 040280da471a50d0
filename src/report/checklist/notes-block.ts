/** Where the notes of a report go in a checklist. */
import type { Code, Heading, Paragraph, Root } from 'mdast';
import { endOfLine, LINE_END, lineEndAt, type Place, positionOf } from '../../plan/core/markdown.js';
import type { Words } from '../content/words.js';
import type { ChecklistContext } from './blanks.js';
import type { Edit } from './edits.js';
import { fenced } from './markdown.js';
import { notesOf } from './notes.js';

/**
 * The notes go into the block of code right below `**Notas**:`, behind what people have written there; a document
 * without one gets one at its end.
 */
export function addNotes({ text, root }: { text: string; root: Root }, context: ChecklistContext): Edit {
  const lineEnd = lineEndAt(text, text.length);
  const notes = notesOf(context).map((line) => fenced(line) + lineEnd);
  const block = notesBlock(text, root, context.words);
  if (block) {
    const { start, end } = block;
    const at = PLACEHOLDER.test(text.slice(start, end)) ? start : end;
    return { at, remove: end - at, insert: notes.join('') };
  }
  const open = openBlock(text, root);
  const lines = [
    ...(open === undefined ? [] : [open + lineEnd]),
    lineEnd,
    `\`\`\`${lineEnd}`,
    ...notes,
    `\`\`\`${lineEnd}`,
  ];
  const isInLine = text !== '' && !/[\r\n]$/.test(text);
  return { at: text.length, insert: (isInLine ? lineEnd : '') + lines.join('') };
}

/** `[What people should write here]`, or nothing yet. */
const PLACEHOLDER = /^\s*(?:\[[^[\]]*\]\s*)?$/;

/** What stands between the fences of the document's last block of notes. */
function notesBlock(text: string, root: Root, { labels }: Words): Place | undefined {
  const blocks = root.children.flatMap((node, index) => {
    const next = root.children[index + 1];
    if (next?.type !== 'code' || (node.type !== 'paragraph' && node.type !== 'heading')) return [];
    return labels.notes.includes(labelOf(text, node)) ? [insideOf(text, next)] : [];
  });
  return blocks.findLast((block) => block !== undefined);
}

/** The words of a heading, or of a paragraph's last line: `**Notas**:` is `notas`. */
function labelOf(text: string, node: Paragraph | Heading): string {
  const [first, last] = [node.children[0], node.children.at(-1)];
  if (!first || !last) return '';
  const words = text.slice(positionOf(first).start, positionOf(last).end).split(LINE_END).at(-1) ?? '';
  return words.replace(/[*_:]/g, '').trim().toLowerCase();
}

const FENCE = /^(`{3,}|~{3,})/;

/** @returns nothing for code that is indented, or whose fence is never closed */
function insideOf(text: string, node: Code): Place | undefined {
  const { start, end } = positionOf(node);
  const block = text.slice(start, end);
  const last = block.split(LINE_END).at(-1) ?? '';
  if (unclosedFence(block) !== undefined || !FENCE.test(block)) return undefined;
  const first = endOfLine(text, start);
  return { start: first + (LINE_END.exec(text.slice(first))?.[0].length ?? 0), end: end - last.length };
}

/** The fence that would close a block of code; none when one does, or it has none. */
function unclosedFence(block: string): string | undefined {
  const lines = block.split(LINE_END);
  const fence = FENCE.exec(block)?.[0];
  const last = lines.length > 1 ? (lines.at(-1)?.trim() ?? '') : '';
  const isClosed = fence === undefined || (last.startsWith(fence) && last === fence.charAt(0).repeat(last.length));
  return isClosed ? undefined : fence;
}

/** What closes a block that the document leaves open at its end: what is added must not stand within it. */
function openBlock(text: string, root: Root): string | undefined {
  const last = root.children.at(-1);
  if (!last) return undefined;
  const { start, end } = positionOf(last);
  const block = text.slice(start, end);
  if (last.type === 'code') return unclosedFence(block);
  return last.type === 'html' && block.startsWith('<!--') && !block.includes('-->') ? '-->' : undefined;
}
