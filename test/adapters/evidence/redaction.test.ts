/** Secrets are hidden in every spelling in which programs write them, wherever a stream is cut. */
import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact, redaction } from '../../../src/adapters/evidence/redaction.js';

/** As long as a password, with what has to be escaped somewhere more often than chance would have it. */
const secret = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme-composite', minLength: 1, maxLength: 1 }),
      fc.constantFrom(...'\'"\\/&<>%+ $`;=\n\t'),
    ),
    {
      minLength: 6,
      maxLength: 24,
    },
  )
  .map((characters) => characters.join(''))
  // Lone halves of a pair and the zero byte are in no file and no environment variable.
  .filter(
    (value) => !/\p{Surrogate}/u.test(value) && !value.includes('\0') && value.trim() === value && value.length >= 6,
  );

/** Python's own writers; JavaScript's are called here. */
const PYTHON = `
import html, json, shlex, sys, urllib.parse
quote = urllib.parse.quote
print(json.dumps([[
  repr(s)[1:-1], ascii(s)[1:-1], repr(s.encode())[2:-1], json.dumps(s)[1:-1], json.dumps(s, ensure_ascii=False)[1:-1],
  quote(s, safe=""), quote(s), urllib.parse.quote_plus(s), html.escape(s), html.escape(s, quote=False),
  s.encode("ascii", "xmlcharrefreplace").decode(), shlex.quote(s)[1:-1] if shlex.quote(s) != s else s,
] for s in json.load(sys.stdin)]))`;

function spelledByPython(secrets: string[]): string[][] {
  const { stdout, stderr, status } = spawnSync('python3', ['-c', PYTHON], {
    input: JSON.stringify(secrets),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, PYTHONUTF8: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const spelledHere = (value: string): string[] => [
  value,
  value.replaceAll('\n', '\r\n'),
  encodeURIComponent(value),
  encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
  new URLSearchParams({ value }).toString().slice('value='.length),
  [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  JSON.stringify(value).slice(1, -1),
  JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
  value.replaceAll("'", "''"),
  value.replaceAll('"', '""'),
  value.replaceAll(/[\\'"]/g, '\\$&'),
  value.replaceAll(/[&<>"']/g, (character) => `&#0${character.charCodeAt(0)};`),
  value.replaceAll(/./gsu, (character) => `&#x${character.codePointAt(0)?.toString(16).toUpperCase()};`),
];

async function streamed(bytes: Buffer, secrets: string[], sizes: number[]): Promise<string> {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return text(Readable.from(chunks).pipe(redaction(secrets)));
}

describe('redaction', () => {
  test('hides 500 random secrets in 25 spellings, in a text and in a stream cut anywhere', async () => {
    const secrets = fc.sample(secret, { numRuns: 500, seed: 20261126 });
    const sizes = fc.sample(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }), {
      numRuns: secrets.length,
      seed: 20261126,
    });
    const byPython = spelledByPython(secrets);
    let tried = 0;
    for (const [position, value] of secrets.entries()) {
      for (const spelling of [...spelledHere(value), ...(byPython[position] ?? [])]) {
        const line = `before ${spelling} after`;
        expect(redact(line, [value]), JSON.stringify({ value, spelling })).toBe('before *** after');
        const seen = await streamed(Buffer.from(line), [value], sizes[position] ?? [1]);
        expect(seen, JSON.stringify({ value, spelling, sizes: sizes[position] })).toBe('before *** after');
        tried += 2;
      }
    }
    expect(tried).toBe(25_000);
  }, 60_000);

  test('hides 200 random secrets within what is written in base64 or hexadecimal, wherever they stand in it', async () => {
    const secrets = fc.sample(secret, { numRuns: 200, seed: 20261127 });
    const around = fc.sample(fc.tuple(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 20 })), {
      numRuns: secrets.length,
      seed: 20261127,
    });
    let tried = 0;
    for (const [position, value] of secrets.entries()) {
      const [before, after] = (around[position] ?? []).map((bytes) => Buffer.from(bytes)) as [Buffer, Buffer];
      for (const whole of [0, 1, 2].map((more) =>
        Buffer.concat([Buffer.alloc(more), before, Buffer.from(value), after]),
      )) {
        const start = whole.length - after.length - Buffer.byteLength(value);
        const end = whole.length - after.length;
        const [first, last] = [Math.ceil((start * 8) / 6), Math.floor((end * 8) / 6)];
        for (const [encoded, from, to] of [
          [whole.toString('base64'), first, last],
          [whole.toString('base64url'), first, last],
          [whole.toString('hex'), start * 2, end * 2],
          [whole.toString('hex').toUpperCase(), start * 2, end * 2],
        ] as const) {
          const hidden = `${encoded.slice(0, from)}***${encoded.slice(to)}`;
          expect(redact(encoded, [value]), JSON.stringify({ value, encoded })).toBe(hidden);
          expect(await streamed(Buffer.from(encoded), [value], [7, 3, 40])).toBe(hidden);
          tried += 2;
        }
      }
    }
    expect(tried).toBe(4_800);
  }, 60_000);

  test.each([
    ['lines of an encoder', (encoded: string) => encoded.replaceAll(/.{11}/g, '$&\n')],
    ['lines within JSON', (encoded: string) => JSON.stringify(encoded.replaceAll(/.{11}/g, '$&\n'))],
    ['a URL', encodeURIComponent],
  ])('hides a secret in base64 in %s', (_, write) => {
    const value = 'correct-horse?battery>staple~~~';
    const text = write(Buffer.from(`user:${value}\n`).toString('base64'));
    expect(redact(text, [value]).replaceAll(/\W/g, '').length).toBeLessThan(14);
  });

  test('hides bytes in hexadecimal however they are kept apart, and leaves what stands around them', () => {
    const pairs = [...Buffer.from('geheim')].map((byte) => byte.toString(16));
    for (const between of ['', ' ', ':', '\n'])
      expect(redact(`a ${pairs.join(between)} b\nc`, ['geheim'])).toBe('a *** b\nc');
    expect(redact(`a ${Buffer.from('geheim').toString('base64')}\nc`, ['geheim'])).toBe('a ***\nc');
  });

  test('takes no word for what is left of a short secret in base64', () => {
    expect(redact('aGlk ZGVu hide', ['hide'])).toBe('aGlk ZGVu ***');
  });

  test('hides the whole of the longer of two secrets, also where a chunk ends with the shorter', async () => {
    const secrets = ['hunter', 'hunter-2026'];
    expect(redact('hunter-2026 hunter', secrets)).toBe('*** ***');
    for (let size = 1; size < 20; size++) {
      expect(await streamed(Buffer.from('x hunter-2026 hunter y'), secrets, [size])).toBe('x *** *** y');
    }
  });

  test('hides each line of a key, whatever is printed before the lines', async () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----\n';
    const printed = key.replaceAll(/^/gm, '  | ');
    expect(redact(printed, [key])).not.toMatch(/MIIE|Bgkq/);
    expect(redact(key.replaceAll('\n', '\r\n'), [key])).not.toMatch(/MIIE|Bgkq/);
    expect(await streamed(Buffer.from(printed), [key], [7])).not.toMatch(/MIIE|Bgkq/);
  });

  test('leaves a text without secrets as it is, and takes no time for one that only begins like them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (anything) => {
        fc.pre(!anything.includes('geheimnis'));
        expect(redact(anything, ['geheimnis', 'a\\b\\c\\d'])).toBe(anything);
      }),
    );
    const hostile = 'geheimnis-'.repeat(200_000);
    expect(redact(hostile, ['geheimnis-2026'])).toBe(hostile);
    const slashes = '\\'.repeat(20_000);
    expect(redact(slashes, [`${'\\'.repeat(8)}x`])).toBe(slashes);
  }, 20_000);
});
