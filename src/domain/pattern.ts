/**
 * Regular expressions that people write into plans. They are matched by RE2 (https://github.com/google/re2/wiki/Syntax),
 * whose time grows with the length of the text only: a careless one must not stop the worker for minutes.
 */
import { RE2JS, RE2JSSyntaxException } from 're2js';

/** A pattern that can't be used. The message says what to write instead. */
export class PatternError extends Error {
  override name = 'PatternError';
}

/** Whether a text holds what is looked for. */
export type Matches = (text: string) => boolean;

/**
 * Characters of a line that are judged; systems that pass logs on cut at 48 KiB (journald) or less. At the largest
 * pattern such a line takes a second, at an ordinary one less than a millisecond.
 */
export const LONGEST_LINE = 65_536;

/** RE2's own measure. Ordinary patterns have some dozens; each character of a text may cost this many steps. */
const LARGEST_PROGRAM = 1_000;

/** @throws PatternError */
export function matcher(source: string): Matches {
  const compiled = compile(source, 0);
  return (text) => compiled.test(text);
}

/** The whole text must match, line breaks included, as in Prometheus' `=~`. @throws PatternError */
export function wholeMatcher(source: string): Matches {
  const compiled = compile(source, RE2JS.DOTALL);
  return (text) => compiled.testExact(text);
}

/** What the first group of a pattern holds where it first matches; all of it without a group. @throws PatternError */
export function extractor(source: string): (text: string) => string | undefined {
  const compiled = compile(source, 0);
  return (text) => {
    const found = compiled.matcher(text);
    return found.find() ? (found.group(found.groupCount() > 0 ? 1 : 0) ?? undefined) : undefined;
  };
}

/** Why a pattern can't be used, and what to write instead; undefined when it can. */
export function patternProblem(source: string): string | undefined {
  try {
    compile(source, 0);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

function compile(source: string, flags: number): RE2JS {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(spelledAsRe2(source), flags);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) throw new PatternError(syntaxText(error));
    throw error;
  }
  if (compiled.programSize() <= LARGEST_PROGRAM) return compiled;
  throw new PatternError('Is too large to be matched quickly: write + or * instead of {…} with large numbers');
}

/** JavaScript and JSON spell a character as \u00e7, RE2 as \x{00e7}. */
const spelledAsRe2 = (source: string): string =>
  source.replaceAll(/\\(?:u([0-9a-fA-F]{4})|[\s\S])/g, (written, code?: string) => (code ? `\\x{${code}}` : written));

/** What JavaScript and Perl have and RE2 has not, since no engine matches it in linear time. */
const NOT_IN_RE2: [part: RegExp, instead: string][] = [
  [/^\(\?<?[=!]/, 'look-around is not possible: match what stands around it as well, or write several alternatives'],
  [/^\\(\d|k)/, 'back references are not possible: write out what may be repeated'],
  [/^\{\d/, 'a repetition is at most {1000}: write + or *'],
  [/^[+*?}]{2}/, 'possessive and nested repetitions are not possible: write one of * + ? or put a group around'],
];

function syntaxText(error: RE2JSSyntaxException): string {
  const part = error.getPattern() ?? '';
  const known = NOT_IN_RE2.find(([begins]) => begins.test(part));
  if (known) return `Holds \`${part.slice(0, 40)}\`: ${known[1]}`;
  const where = part === '' ? '' : ` (\`${part.slice(0, 40)}\`)`;
  return `Is not a regular expression as RE2 reads it: ${error.getDescription()}${where}`;
}
