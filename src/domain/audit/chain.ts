/**
 * A log in which nothing is changed, left out, added or put in another order without being seen (RFC 9162 has the same
 * idea as a tree). Each line says the hash of the one before, and the last is told wholly by those before it. Whoever
 * writes a whole new log, or a new end after fewer lines, writes good hashes, too: what shows that is the head, kept
 * elsewhere. Pure.
 */

/** sha256 of a text's UTF-8, in hexadecimal. */
export type TextHash = (text: string) => string;

/** Plain data with a JSON form. */
type Chainable = object;

/**
 * The log's text, JSON lines: each of the events, then how many they are and the hash of the last of them.
 * @returns `head`: that hash
 */
export function chained(events: readonly Chainable[], hash: TextHash): { text: string; head: string } {
  const lines: string[] = [];
  for (const event of events) {
    lines.push(JSON.stringify({ line: lines.length + 1, previous: headOf(lines, hash), event }));
  }
  const head = headOf(lines, hash);
  return { text: [...lines, endLine(lines.length, head), ''].join('\n'), head };
}

/** Of no lines it is the hash of nothing. */
const headOf = (lines: readonly string[], hash: TextHash): string => hash(lines.at(-1) ?? '');

const endLine = (lines: number, head: string): string => JSON.stringify({ end: true, lines, head });

export type ChainVerdict = { whole: true; lines: number; head: string } | { whole: false; line: number; why: string };

/** @param text a whole log. @returns where it is first seen that it is not what was written, counted from 1 */
export function verifyChain(text: string, hash: TextHash): ChainVerdict {
  const lines = text.split('\n');
  const broken = (line: number, why: string): ChainVerdict => ({ whole: false, line, why });
  if (lines.pop() !== '')
    return broken(lines.length + 1, 'the log does not end with the end of a line: it was cut off');
  const end = lines.pop();
  for (const [index, line] of lines.entries()) {
    const said = readLine(line);
    const why = said ? whyNotNext(said, { at: index + 1, previous: hash(lines[index - 1] ?? '') }) : NO_LINE;
    if (why !== undefined) return broken(index + 1, why);
  }
  const head = headOf(lines, hash);
  if (end === endLine(lines.length, head)) return { whole: true, lines: lines.length, head };
  return broken(
    lines.length + 1,
    'it is not the end of the lines before it: the last of them was changed, or lines were left out or added',
  );
}

const NO_LINE = 'it is no line of such a log';

interface SaidLine {
  line: unknown;
  previous: unknown;
}

function readLine(line: string): SaidLine | undefined {
  try {
    const said: unknown = JSON.parse(line);
    const isLine = typeof said === 'object' && said !== null && 'line' in said && 'previous' in said && 'event' in said;
    return isLine ? said : undefined;
  } catch {
    return undefined;
  }
}

function whyNotNext({ line, previous }: SaidLine, place: { at: number; previous: string }): string | undefined {
  if (line !== place.at) return `it says that it is line ${JSON.stringify(line)}`;
  if (previous === place.previous) return undefined;
  return 'it does not follow the line before it: one of the two was changed';
}
