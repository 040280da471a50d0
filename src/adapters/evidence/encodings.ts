/** A secret within what is encoded as a whole: base64 of both alphabets (RFC 4648), in lines too, and hexadecimal. */
import { type Spelling, spellingsOf } from './spellings.js';

/** Bytes. What is left of shorter ones in base64 could be any word. */
const SHORTEST_ENCODED = 6;

/** The other alphabet's sign for the same six bits. */
const OF_URLS: Record<string, string> = { '+': '-', '/': '_' };

/** Encoders break lines, JSON writes that down, and some put signs between bytes. */
const BREAKS = ['\n', '\r\n', '\\n'];
const BETWEEN_BYTES = [' ', ':', ...BREAKS];

/**
 * @param written how the text that is searched holds characters
 * @returns each encoding, as the spellings of each of its characters
 */
export function encodingsOf(secret: string, written: (text: string) => string): Spelling[][][] {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < SHORTEST_ENCODED) return [];
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  const inHexadecimal = pairs.map((pair, at) =>
    [...new Set([pair, pair.toUpperCase()])].flatMap((form) => after(at === 0 ? [] : BETWEEN_BYTES, form)),
  );
  const inBase64 = [0, 1, 2].map((before) =>
    [...certain(bytes, before)].map((sign, at) =>
      [sign, OF_URLS[sign] ?? []]
        .flat()
        .flatMap((form) => [...spelledOut(form, written), ...after(at === 0 ? [] : BREAKS, form)]),
    ),
  );
  return [inHexadecimal, ...inBase64];
}

/** The signs that stand for the secret alone, whatever else is encoded before and after it. @param before bytes, modulo 3 */
function certain(bytes: Buffer, before: number): string {
  const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

/** Letters and digits stand for themselves wherever base64 is written. */
const spelledOut = (form: string, written: (text: string) => string): Spelling[] =>
  /\w/.test(form) ? [] : spellingsOf(form, written);

/** By itself, or with what stands between it and the one before: what follows the last one is not the secret's. */
const after = (between: readonly string[], form: string): Spelling[] =>
  ['', ...between].map((first) => ({ text: first + form, anyCase: false }));
