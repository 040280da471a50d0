import { appendFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FileRefused,
  fileStream,
  readBytes,
  readBytesSync,
  readText,
  readTextSync,
  whyUnread,
} from '../../src/files/bounded-files.js';
import { temporaryFolder } from '../activities/support.js';

const inFolder = (name: string) => join(temporaryFolder(), name);

/** Both ways of reading, which are to say the same. */
const WAYS: [string, (file: string, largest: number) => Promise<Buffer>][] = [
  ['awaited', readBytes],
  ['at once', async (file, largest) => readBytesSync(file, largest)],
];

describe.each(WAYS)('a file that is read, %s,', (_, read) => {
  test('comes as it is, up to its limit, and not beyond', async () => {
    const file = inFolder('any');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 200 }), async (bytes, largest) => {
        writeFileSync(file, bytes);
        const content = await read(file, largest).catch((error: unknown) => error);
        if (bytes.length <= largest) expect(content).toEqual(Buffer.from(bytes));
        else expect(content).toMatchObject({ kind: 'too large' });
      }),
      { numRuns: 100 },
    );
  });

  test('through a link is the file that it leads to, as secrets that are mounted have it', async () => {
    const [file, link] = [inFolder('content'), inFolder('link')];
    writeFileSync(file, 'geheim');
    symlinkSync(file, link);
    expect(String(await read(link, 10))).toBe('geheim');
  });

  test('of a terabyte is told as too large, with where and how much', async () => {
    const file = inFolder('large');
    writeFileSync(file, '');
    truncateSync(file, 2 ** 40);
    await expect(read(file, 100_000)).rejects.toThrow(`${file} cannot be read: it is larger than 100 KB`);
    await expect(read(file, 16_000_000)).rejects.toThrow(`${file} cannot be read: it is larger than 16 MB`);
  });

  test.each(['/dev/zero', '/dev/null'])('is not %s, which has no end or no size', async (device) => {
    await expect(read(device, 1_000)).rejects.toThrow('it is no file, but a pipe, a device or a socket');
  });

  test('says that it is empty and has more all the same, as the kernel’s own, comes whole or not at all', async () => {
    expect((await read('/proc/self/status', 100_000)).length).toBeGreaterThan(10);
    await expect(read('/proc/self/status', 10)).rejects.toBeInstanceOf(FileRefused);
  });

  test('that is not there, or is a folder, is what the system says', async () => {
    await expect(read(inFolder('nothing'), 10)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(read(temporaryFolder(), 10)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

test('a stream goes on for as long as the file does, or to its last byte', async () => {
  const file = inFolder('log');
  writeFileSync(file, 'x'.repeat(100_000));
  appendFileSync(file, 'end');
  expect((await text(await fileStream(file))).endsWith('xend')).toBe(true);
  expect(await text(await fileStream(file, 4))).toBe('xxxxx');
  await expect(fileStream('/dev/zero')).rejects.toBeInstanceOf(FileRefused);
});

test('a text is the bytes as UTF-8', async () => {
  const file = inFolder('text');
  writeFileSync(file, 'São Paulo');
  expect([await readText(file, 100), readTextSync(file, 100)]).toEqual(['São Paulo', 'São Paulo']);
});

test('why a file is not read is told in brackets by the system’s word, or by what is known', async () => {
  const why = (file: string) => readBytes(file, 1_000).then(String, whyUnread);
  const file = inFolder('file');
  writeFileSync(file, 'x'.repeat(1_001));
  expect(await why(inFolder('nothing'))).toBe('ENOENT');
  expect(await why(file)).toBe('it is larger than 1 KB');
  expect(whyUnread(new Error('anything'))).toBe('unknown reason');
});
