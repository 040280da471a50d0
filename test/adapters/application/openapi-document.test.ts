import { expect, test } from 'vitest';
import { describedFields, JsonAnswers, jsonOfPage } from '../../../src/adapters/application/openapi-document.js';

const ENDPOINT = { method: 'GET', path: '/api/v1/plans' };

/** An API with this schema for the endpoint's answer. */
const described = (schema: unknown, schemas: Record<string, unknown> = {}) => ({
  paths: { [ENDPOINT.path]: { get: { responses: { 200: { content: { 'application/json': { schema } } } } } } },
  components: { schemas },
});
const to = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const answer = (body: () => Promise<Buffer>, type = 'application/json; charset=utf-8') => ({
  headers: () => ({ 'content-type': type }),
  body,
});

test('the fields of an answer are those of its schema, wherever that refers to', () => {
  const properties = { items: {}, total: {} };
  expect(describedFields(described({ properties }), ENDPOINT)).toEqual(['items', 'total']);
  expect(describedFields(described(to('A'), { A: to('B'), B: { properties } }), ENDPOINT)).toEqual(['items', 'total']);
});

test.each([
  ['refers to itself', described(to('A'), { A: to('A') })],
  ['refers in a circle', described(to('A'), { A: to('B'), B: to('C'), C: to('A') })],
  ['refers to nothing', described(to('A'))],
  ['has no such endpoint', { paths: {} }],
  ['is no description', 'a text'],
  ['is nothing', undefined],
])('a document that %s says no fields, and comes to an end', (_, document) => {
  expect(describedFields(document, ENDPOINT)).toBeUndefined();
});

test('an answer that is huge, broken or not kept by the browser is no document', async () => {
  const huge = Buffer.alloc(16 * 1024 * 1024 + 1, ' ');
  huge.write('{}');
  expect(JSON.parse(huge.toString())).toEqual({});
  expect(await jsonOfPage(answer(async () => huge))).toBeUndefined();
  expect(await jsonOfPage(answer(async () => Buffer.from('{"paths":')))).toBeUndefined();
  expect(await jsonOfPage(answer(() => Promise.reject(new Error('evicted from the cache'))))).toBeUndefined();
  expect(await jsonOfPage(answer(async () => Buffer.from('{"openapi":"3.1.0"}')))).toEqual({ openapi: '3.1.0' });
});

test('of a page that goes on asking the first answers in JSON are read, and no others', async () => {
  const answers = new JsonAnswers();
  let read = 0;
  const body = async () => {
    read += 1;
    return Buffer.from('{}');
  };
  answers.hear(answer(body, 'text/html'));
  for (let asked = 0; asked < 1_000; asked += 1) answers.hear(answer(body));
  expect((await answers.read()).length).toBe(50);
  expect(read).toBe(50);
});
