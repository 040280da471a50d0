/** Text of outside origin within Markdown: it is shown as it is, and becomes neither markup nor a link. */

const LONGEST = 1_000;

/** Line breaks, control characters, and those that turn the direction of the text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/** One line without what cannot be seen. */
export const oneLine = (text: string): string => {
  const line = text.replace(UNSEEN, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
};

/** Within a line of its own beginning: CommonMark takes a backslash before every punctuation mark. */
export const inline = (text: string): string =>
  oneLine(text)
    .replace(/[\\`*_{}[\]<>#|~!$@]/g, '\\$&')
    .replaceAll('&', '&amp;')
    // What looks like an address would become a link by itself.
    .replaceAll('://', ':\\//')
    .replace(/\bwww\./gi, (prefix) => `${prefix.slice(0, -1)}\\.`);

/** In a span of code, whose fence is longer than any in the text. */
export function code(text: string): string {
  const line = oneLine(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${space}${line}${space}${fence}`;
}

/** A line within a block of code, which it cannot end. */
export const fenced = (text: string): string =>
  (/^ */.exec(text)?.[0] ?? '') + oneLine(text).replace(/`{3,}|~{3,}/g, (run) => "'".repeat(run.length));
