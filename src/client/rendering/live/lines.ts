/** Lines as a terminal can show them: none is wider than it, and nothing but paint is an escape sequence. Pure. */
import { inert } from '../../../domain/inert.js';
import type { Colors } from '../marks.js';

export type PaintName = keyof Colors;

export interface PaintedText {
  text: string;
  paint?: PaintName;
}

export type Line = readonly PaintedText[];

/** What a terminal is like. */
export interface TerminalStyle {
  columns: number;
  rows: number;
  colors: Colors;
  /** false: it shows ASCII only. */
  isUnicode: boolean;
}

/** What is shown in the place of signs that an ASCII terminal has not. */
const IN_ASCII: Readonly<Record<string, string>> = {
  '✓': '+',
  '✗': 'x',
  '▸': '>',
  '↷': '~',
  '·': '-',
  '…': '...',
  '→': '->',
  '–': '-',
  '—': '-',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '▁': '_',
  '▂': '.',
  '▃': ':',
  '▄': '-',
  '▅': '=',
  '▆': '+',
  '▇': '*',
  '█': '#',
};

const BEYOND_ASCII = /[^ -~]/gu;

/** Letters keep their base: `validação` is `validacao`. What has no likeness is a question mark. */
const inAscii = (text: string): string =>
  text.normalize('NFC').replace(BEYOND_ASCII, (sign) => {
    if (/\p{M}/u.test(sign)) return '';
    return IN_ASCII[sign] ?? (sign.normalize('NFKD').replace(BEYOND_ASCII, '') || '?');
  });

/** A text of any origin on one line, as this terminal can show it. */
export function shownText(text: string, isUnicode: boolean): string {
  const line = inert(text).replace(/[\t\n]+/g, ' ');
  return isUnicode ? line : inAscii(line);
}

/** Columns that a text takes, or more: what is not known to be narrow counts as wide. */
export function widthOf(text: string): number {
  let width = 0;
  for (const sign of text) width += signWidth(sign);
  return width;
}

/** Makes the sign before it an emoji, which is wide. */
const EMOJI_SELECTOR = '\ufe0f';

function signWidth(sign: string): number {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x300 || sign === EMOJI_SELECTOR) return 1;
  if (/[\p{M}\p{Cf}]/u.test(sign)) return 0;
  if (code < 0x1100) return 1;
  return code >= 0x2000 && code < 0x2c00 && !/\p{Emoji_Presentation}/u.test(sign) ? 1 : 2;
}

/** As much of a text as fits. */
function beginningOf(text: string, columns: number): string {
  let end = 0;
  let width = 0;
  for (const sign of text) {
    width += signWidth(sign);
    if (width > columns) break;
    end += sign.length;
  }
  return text.slice(0, end);
}

/** One line as it is written: shown as far as it fits, in its paint. */
export function writtenLine(line: Line, { columns, colors, isUnicode }: TerminalStyle): string {
  const spans = line.map(({ text, paint }) => ({ text: shownText(text, isUnicode), paint }));
  const isWhole = spans.reduce((sum, { text }) => sum + widthOf(text), 0) <= columns;
  const mark = isWhole ? '' : beginningOf(shownText('…', isUnicode), columns);
  let left = columns - widthOf(mark);
  let written = '';
  for (const { text, paint } of spans) {
    const shown = beginningOf(text, left);
    left -= widthOf(shown);
    if (shown !== '') written += paint ? colors[paint](shown) : shown;
    if (shown !== text) break;
  }
  return written + mark;
}

/** Words one after the other, as many on a line as fit. A word that is wider than the terminal stands alone. */
function inLines(words: readonly string[], columns: number): string[] {
  const made: string[] = [];
  for (const word of words) {
    const last = made.at(-1);
    const longer = `${last} ${word}`;
    if (last === undefined || widthOf(longer) > columns) made.push(word);
    else made[made.length - 1] = longer;
  }
  return made;
}

/** @param most lines; the last of them is cut off where it says more */
export function wrappedText(
  { text, paint }: PaintedText,
  style: TerminalStyle,
  { indent = 0, most = 3 }: { indent?: number; most?: number } = {},
): Line[] {
  const words = shownText(text, style.isUnicode).split(' ').filter(Boolean);
  const all = inLines(words, Math.max(style.columns - indent, 1));
  const kept = all.length > most ? [...all.slice(0, most - 1), all.slice(most - 1).join(' ')] : all;
  return kept.map((line) => [{ text: ' '.repeat(indent) }, { text: line, ...(paint ? { paint } : {}) }]);
}

/** A command that is typed or copied: where it goes on, a line ends as a shell wants it, and nothing of it is left out. */
export function wrappedCommand(command: string, style: TerminalStyle, indent: number): Line[] {
  const words = shownText(command, style.isUnicode).split(' ').filter(Boolean);
  const lines = inLines(words, Math.max(style.columns - indent - ' \\'.length, 1));
  return lines.map((line, at) => [
    { text: ' '.repeat(indent) },
    { text: at < lines.length - 1 ? `${line} \\` : line, paint: 'cyan' },
  ]);
}

/** Pieces beside each other, as many on a line as fit. */
export function wrappedPieces(pieces: readonly Line[], style: TerminalStyle): Line[] {
  const lines: PaintedText[][] = [];
  const width = (line: Line) => line.reduce((sum, { text }) => sum + widthOf(shownText(text, style.isUnicode)), 0);
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last && width(last) + 2 + width(piece) <= style.columns) last.push({ text: '  ' }, ...piece);
    else lines.push([...piece]);
  }
  return lines;
}
