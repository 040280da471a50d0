import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { jsonOf, NoAnswer, request } from '../../../src/adapters/http/http.js';
import { PATIENCE } from '../../../src/adapters/http/patient-request.js';
import { scrape } from '../../../src/adapters/metrics/prometheus/scrape.js';
import { type Handler, serve } from '../../helpers/server.js';

const BODY = Buffer.from(JSON.stringify({ text: 'Manutenção', total: 3 }));
const answering =
  (body: Buffer, coding: string | string[]): Handler =>
  (_, response) =>
    void response.setHeaders(new Map([['content-encoding', coding]])).end(body);
const read = (url: string, timeout = 2_000) => request({ url, timeout });
const failureOf = async (url: string) => {
  const error = await read(url).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NoAnswer);
  return (error as NoAnswer).message;
};

describe('an encoded answer', () => {
  test.each<[string, string | string[], Buffer]>([
    ['gzip', 'gzip', gzipSync(BODY)],
    ['gzip by its old name, in capitals', 'X-GZIP', gzipSync(BODY)],
    ['deflate', 'deflate', deflateSync(BODY)],
    ['deflate without zlib’s header', 'deflate', deflateRawSync(BODY)],
    ['Brotli', 'br', brotliCompressSync(BODY)],
    ['two encodings', 'br, gzip', gzipSync(brotliCompressSync(BODY))],
    ['two headers', ['br', 'gzip'], gzipSync(brotliCompressSync(BODY))],
    ['one that is none', 'identity', BODY],
  ])('is read: %s', async (_, coding, body) => {
    const server = await serve(answering(body, coding));
    expect(jsonOf(await read(server.url))).toEqual({ text: 'Manutenção', total: 3 });
  });

  test('a page of metrics is read from it', async () => {
    const server = await serve(answering(gzipSync('requests_total 5\n'), 'gzip'));
    expect(
      (await scrape(server.url, { signal: new AbortController().signal, patience: PATIENCE })).get(
        'requests_total',
      )?.[0]?.value,
    ).toBe(5);
  });

  test('an empty one is empty', async () => {
    const server = await serve(answering(Buffer.alloc(0), 'gzip'));
    expect((await read(server.url)).body).toBe('');
  });

  test('one that unfolds without end is too large, however small it comes', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    const server = await serve(answering(bomb, 'gzip'));
    expect(await failureOf(server.url)).toBe('answer too large once it is decoded');
    server.handle = answering(bomb, Array(100).fill('gzip'));
    expect(await failureOf(server.url)).toBe('the answer is in an encoding that is not understood');
    server.handle = answering(gzipSync(bomb), 'gzip, gzip');
    expect(await failureOf(server.url)).toBe('answer too large once it is decoded');
  });

  test.each([
    ['cut off', 'gzip', gzipSync(BODY).subarray(0, 20)],
    ['not what it says', 'gzip', BODY],
    ['not Brotli', 'br', BODY],
    ['not deflate', 'deflate', BODY],
  ])('one that is %s is no answer', async (_, coding, body) => {
    const server = await serve(answering(body, coding));
    expect(await failureOf(server.url)).toBe('the answer could not be decoded: it is broken or cut off');
  });

  test('one in an encoding that nobody knows is no answer', async () => {
    const server = await serve(answering(BODY, 'pack200'));
    expect(await failureOf(server.url)).toBe('the answer is in an encoding that is not understood');
  });
});
