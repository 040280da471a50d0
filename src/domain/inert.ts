/**
 * Text of outside origin as it may be shown anywhere: it moves no cursor, sets no title or clipboard, clears nothing, and
 * does not turn the direction of what stands beside it (CWE-150; Trojan Source, CVE-2021-42574).
 */

const ESC = String.raw`\u001b`;
const BEL = String.raw`\u0007`;
/** Strings: operating system commands (titles, links, the clipboard), device controls and the like; ended by ST or BEL. */
const STRING = String.raw`(?:${ESC}[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^${BEL}${ESC}\u009c]*(?:${BEL}|${ESC}\\|\u009c)?`;
/** Control sequences: colours, the cursor, the screen. */
const CONTROL = String.raw`(?:${ESC}\[|\u009b)[0-?]*[ -/]*[@-~]?`;
const OTHER = `${ESC}[ -/]*[0-~]?`;

/** Escape sequences (ECMA-48), as far as they are there where they are cut off. In linear time. */
const SEQUENCES = new RegExp(`${STRING}|${CONTROL}|${OTHER}`, 'g');

/** Other control characters but tab and line feed, and those that are not seen and turn the text around them. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\ufeff]/gu;

/** What begins a new line somewhere: a carriage return alone would let the next words overwrite the last ones. */
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g;

export const inert = (text: string): string => text.replace(SEQUENCES, '').replace(LINE_ENDS, '\n').replace(UNSEEN, '');

/** Whether a text is shown as it is. */
export const isInert = (text: string): boolean => inert(text) === text;

/** The same for every text in plain data: what came over a wire that others can write to. */
export function inertValues<Value>(value: Value): Value;
export function inertValues(value: unknown): unknown {
  if (typeof value === 'string') return inert(value);
  if (Array.isArray(value)) return value.map((each) => inertValues(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inertValues(each)]));
}
