/** The pages for people, and the code in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { nodesIn, parseMarkdown } from '../../src/plan/core/markdown.js';

export const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'plans/README.md',
  'scenarios/README.md',
  ...readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

interface Block {
  /** Page and line, for whoever has to put it right. */
  place: string;
  language: string;
  text: string;
  /** The HTML comment right before it, which says what it is where it does not say so itself. */
  comment?: string;
}

interface Code {
  /** Blocks between fences, in their order. */
  blocks: Block[];
  /** Code within sentences and tables, with its place. */
  inline: Pick<Block, 'place' | 'text'>[];
}

const COMMENT = /^<!-- (.+) -->$/;

export const codeIn = (page: string): Code => codeOf(readFileSync(page, 'utf8'), page);

export function codeOf(markdown: string, page: string): Code {
  const found: Code = { blocks: [], inline: [] };
  let comment: string | undefined;
  for (const { node } of nodesIn(parseMarkdown(markdown))) {
    const place = `${page}:${node.position?.start.line}`;
    if (node.type === 'code') found.blocks.push({ place, language: node.lang ?? '', text: node.value, comment });
    if (node.type === 'inlineCode') found.inline.push({ place, text: node.value });
    comment = node.type === 'html' ? COMMENT.exec(node.value)?.[1] : undefined;
  }
  return found;
}
