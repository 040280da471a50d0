import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { JsonAnswers } from '../../../src/adapters/application/json-answers.js';

/** A browser that tells of answers, and counts what is fetched of them. */
function browserWith(bodies: Record<string, string> = {}) {
  const events = new EventEmitter();
  const fetched: string[] = [];
  const send = async (_: string, { requestId }: { requestId: string }) => {
    fetched.push(requestId);
    const body = bodies[requestId];
    if (body === undefined) throw new Error('No resource with given identifier found');
    return { body: Buffer.from(body).toString('base64'), base64Encoded: true };
  };
  const answers = new JsonAnswers(Object.assign(events, { send }) as never);
  const answered = (
    requestId: string,
    of: { bytes?: number[]; mimeType?: string; type?: string; url?: string } = {},
  ) => {
    const { bytes = [1], mimeType = 'application/json', type = 'Fetch', url = `http://app/${requestId}` } = of;
    events.emit('Network.responseReceived', { requestId, type, response: { url, mimeType } });
    for (const dataLength of bytes) events.emit('Network.dataReceived', { requestId, dataLength });
    events.emit('Network.loadingFinished', { requestId });
  };
  return { answers, answered, events, fetched };
}

const MB = 1_000_000;

test('answers in JSON are read, and no others', async () => {
  const { answers, answered, fetched } = browserWith({ a: '{"openapi":"3.1.0"}', b: '{}', c: '{}' });
  answered('b', { mimeType: 'text/html' });
  answered('c', { type: 'Preflight' });
  answered('a');
  expect(await answers.read()).toEqual([{ json: { openapi: '3.1.0' } }]);
  expect(fetched).toEqual(['a']);
});

test('one that is huge once it is decoded is not fetched, and one that is broken or not kept is none: each says why', async () => {
  const { answers, answered, events, fetched } = browserWith({ huge: '{}', broken: '{"paths":' });
  answered('huge', { bytes: Array(17).fill(MB) });
  answered('broken');
  answered('gone');
  events.emit('Network.responseReceived', {
    ...{ requestId: 'cut', type: 'Fetch' },
    response: { url: 'http://app/cut', mimeType: 'application/json' },
  });
  events.emit('Network.loadingFailed', { requestId: 'cut' });
  expect(await answers.read()).toEqual([
    { unread: 'it is larger than 16 MB' },
    { unread: 'it is no JSON' },
    { unread: 'the browser has not kept it' },
    { unread: 'it broke off' },
  ]);
  expect(fetched).toEqual(['broken', 'gone']);
});

test('of a page that goes on asking the first answers are read, and it is said how many are left out', async () => {
  const { answers, answered, fetched } = browserWith(
    Object.fromEntries([...Array(1_000).keys()].map((at) => [at, '{}'])),
  );
  for (let at = 0; at < 1_000; at += 1) answered(String(at));
  const read = await answers.read();
  expect(read.filter((answer) => 'json' in answer).length).toBe(50);
  expect(read.at(-1)).toEqual({ unread: '950 more answers came than the 50 that are read' });
  expect(fetched.length).toBe(50);
});

test('many large ones are read up to what all may have together', async () => {
  const { answers, answered, fetched } = browserWith({ a: '{}', b: '{}', c: '{}' });
  for (const name of ['a', 'b', 'c']) answered(name, { bytes: [15 * MB] });
  expect((await answers.read()).at(-1)).toEqual({ unread: 'all are larger than 32 MB together' });
  expect(fetched).toEqual(['a', 'b']);
});

test('what is asked for is the answer that came after it was, and not an older one of the same address', async () => {
  const { answers, answered } = browserWith({ old: '{"old":true}', new: '{"new":true}' });
  const url = 'http://app/plans';
  answered('old', { url });
  const asked = answers.from(url, answers.count);
  setTimeout(() => answered('new', { url }), 10);
  expect(await asked).toEqual({ json: { new: true } });
});
