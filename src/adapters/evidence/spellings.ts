/** One character in all the ways in which programs write it down: URLs, JSON, Python, HTML, SQL, shells. */

/** How a character may stand in a text; hexadecimal digits in either case. */
export interface Spelling {
  text: string;
  /** Compared without regard to the case of letters; `text` is in lower case then. */
  anyCase: boolean;
}

const ESCAPES: Record<string, string> = {
  '\0': '0',
  '\u0007': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\u000b': 'v',
  '\f': 'f',
  '\r': 'r',
  '\u001b': 'e',
};
const ENTITIES: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };

/** What HTML writes before the digits of a character's number: PHP pads them. */
const PADDINGS = ['', '0', '00', '000'];

/**
 * @param written how the text that is searched holds characters: as they are, or as the bytes of UTF-8
 * @returns at least the character itself, in no order
 */
export function spellingsOf(character: string, written: (text: string) => string): Spelling[] {
  return [
    ...exactly(character)
      .map((text) => written(text))
      .map((text) => ({ text, anyCase: false })),
    ...numbered(character),
  ];
}

function exactly(character: string): string[] {
  const forms = [character];
  const letter = ESCAPES[character];
  if (letter !== undefined) forms.push(`\\${letter}`);
  // A backslash before punctuation is what JSON, shells and patterns write; letters and digits mean something else then.
  else if (/^[^\p{L}\p{N}\s]$/u.test(character)) forms.push(`\\${character}`);
  if (character === ' ') forms.push('+', '\\ ');
  if (character === "'") forms.push("''", "'\\''", `'"'"'`);
  if (character === '"') forms.push('""');
  const entity = ENTITIES[character];
  if (entity !== undefined) forms.push(`&${entity};`);
  return forms;
}

function numbered(character: string): Spelling[] {
  const code = character.codePointAt(0) ?? 0;
  const bytes = [...Buffer.from(character, 'utf8')].map((byte) => hex(byte, 2));
  const units = [...Array(character.length).keys()].map((at) => hex(character.charCodeAt(at), 4));
  const forms = [
    bytes.map((byte) => `%${byte}`).join(''),
    bytes.map((byte) => `\\x${byte}`).join(''),
    units.map((unit) => `\\u${unit}`).join(''),
    `\\u${hex(code, 8)}`,
    `\\u{${hex(code, 1)}}`,
    ...(code < 256 ? [`\\x${hex(code, 2)}`] : []),
    ...PADDINGS.flatMap((zeros) => [`&#${zeros}${code};`, `&#x${zeros}${hex(code, 1)};`]),
  ];
  return [...new Set(forms)].map((text) => ({ text, anyCase: true }));
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
