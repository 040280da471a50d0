/** Keeps secrets out of what is written: every occurrence, however it is spelled, becomes `***`. */
import { Transform } from 'node:stream';
import { encodingsOf } from './encodings.js';
import { type Spelling, spellingsOf } from './spellings.js';

/** Shorter values are ordinary words; replacing them would garble the text and hide nothing. */
const SHORTEST = 4;
const MASK = '***';

/**
 * The text without the secrets, also where they are written as in URLs, JSON, Python, HTML, SQL or a shell's quotes, or are
 * part of what is written in base64 or hexadecimal, and without each line of one that has several.
 */
export function redact(text: string, secrets: string[]): string {
  return new Search(secrets, AS_THEY_ARE).masked(text, text.length).done;
}

/** The same for a stream of bytes of any length; bytes that are no secret come through unchanged. */
export function redaction(secrets: string[]): Transform {
  // One character for each byte, so that a chunk may end in the middle of a character.
  const search = new Search(secrets, AS_BYTES);
  const { longest } = search;
  let held = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = held + chunk.toString('latin1');
      // What begins so late that it may go on in the next chunk waits for it.
      const masked = search.masked(text, text.length - longest);
      held = masked.left;
      done(null, Buffer.from(masked.done, 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(search.masked(held, held.length).done, 'latin1'));
    },
  });
}

/** How the text that is searched holds characters. */
interface Writing {
  written(text: string): string;
  /** Secrets as they are spelled, each worked out once: what is redacted is often short, and a key is long. */
  known: Map<string, SpelledSecret[]>;
}

/** For each character of a secret its spellings, by what they begin with. */
type SpelledSecret = Map<number, Spelling[]>[];

const AS_THEY_ARE: Writing = { written: (text) => text, known: new Map() };
const AS_BYTES: Writing = { written: (text) => Buffer.from(text, 'utf8').toString('latin1'), known: new Map() };
const MOST_REMEMBERED = 1_000;

class Search {
  private readonly secrets: SpelledSecret[];
  /** Which of them a character may be the beginning of. */
  private readonly byBeginning = new Map<number, SpelledSecret[]>();
  private readonly beginnings: RegExp | undefined;

  constructor(secrets: string[], writing: Writing) {
    this.secrets = [...new Set(secrets.flatMap(withLines))]
      .filter((secret) => secret.length >= SHORTEST)
      .flatMap((secret) => spelled(secret, writing));
    for (const secret of this.secrets)
      for (const code of secret[0]?.keys() ?? []) {
        const others = this.byBeginning.get(code);
        if (others) others.push(secret);
        else this.byBeginning.set(code, [secret]);
      }
    this.beginnings = anyOf([...this.byBeginning.keys()]);
  }

  /** The most characters that one occurrence takes: what streams have to know, and single texts need not. */
  get longest(): number {
    return Math.max(0, ...this.secrets.map(lengthOf));
  }

  /**
   * @param before only what begins before this place is looked at
   * @returns the text up to there, masked, and what is left of it
   */
  masked(text: string, before: number): { done: string; left: string } {
    if (!this.beginnings) return { done: text, left: '' };
    const lower = inLowerCase(text);
    let done = '';
    let at = 0;
    this.beginnings.lastIndex = 0;
    for (;;) {
      const start = this.beginnings.exec(text)?.index;
      if (start === undefined || start >= before) break;
      const possible = this.byBeginning.get(text.charCodeAt(start)) ?? [];
      const end = Math.max(...possible.map((secret) => endOf(secret, { text, lower, start })));
      this.beginnings.lastIndex = Math.max(start + 1, end);
      if (end < 0) continue;
      done += text.slice(at, start) + MASK;
      at = end;
    }
    const upTo = Math.max(at, before);
    return { done: done + text.slice(at, upTo), left: text.slice(upTo) };
  }
}

/** A key's file is printed line by line, and with the line ends of another system. */
function withLines(secret: string): string[] {
  const lines = secret.split(/\r\n|\r|\n/).map((line) => line.trim());
  return lines.length > 1 ? [secret, ...lines] : [secret];
}

/** As it is written, and in each encoding. */
function spelled(secret: string, { written, known }: Writing): SpelledSecret[] {
  const earlier = known.get(secret);
  if (earlier) return earlier;
  const asWritten = (secret.match(/\r\n|./gsu) ?? []).map((character) =>
    /[\r\n]/.test(character) ? lineEnds(written) : spellingsOf(character, written),
  );
  const made = [asWritten, ...encodingsOf(secret, written)].map((characters) => characters.map(byBeginning));
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(secret, made);
  return made;
}

function lineEnds(written: (text: string) => string): Spelling[] {
  const [returns, feeds] = [spellingsOf('\r', written), spellingsOf('\n', written)];
  const both = returns.flatMap((first) =>
    feeds.map((then) => ({
      // A return and a feed are written in the same manner; only numbers have a case.
      text: first.text + then.text,
      anyCase: first.anyCase && then.anyCase,
    })),
  );
  return [...returns, ...feeds, ...both];
}

const byBeginning = (spellings: Spelling[]): Map<number, Spelling[]> =>
  spellings.reduce((groups, spelling) => {
    const beginning = spelling.text.charCodeAt(0);
    return groups.set(beginning, [...(groups.get(beginning) ?? []), spelling]);
  }, new Map<number, Spelling[]>());

/** Where the longest occurrence that starts here ends; -1 where there is none. */
function endOf(secret: SpelledSecret, { text, lower, start }: { text: string; lower: string; start: number }): number {
  let ends = [start];
  for (const spellings of secret) {
    const next: number[] = [];
    for (const end of ends) {
      for (const { text: form, anyCase } of spellings.get(text.charCodeAt(end)) ?? []) {
        const after = end + form.length;
        if ((anyCase ? lower : text).startsWith(form, end) && !next.includes(after)) next.push(after);
      }
    }
    if (next.length === 0) return -1;
    ends = next;
  }
  return Math.max(...ends);
}

function anyOf(codes: readonly number[]): RegExp | undefined {
  if (codes.length === 0) return undefined;
  return new RegExp(`[${codes.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('')}]`, 'g');
}

const lengthOf = (secret: SpelledSecret): number =>
  secret.reduce(
    (sum, spellings) => sum + Math.max(...[...spellings.values()].flat().map(({ text }) => text.length)),
    0,
  );

/** Letters of ASCII only: others may take more or less room in lower case. */
const inLowerCase = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
