import { expect, test } from 'vitest';
import { describedFields } from '../../../src/adapters/application/openapi-document.js';

const ENDPOINT = { method: 'GET', path: '/api/v1/plans' };

/** An API with this schema for the endpoint's answer. */
const described = (schema: unknown, schemas: Record<string, unknown> = {}) => ({
  paths: { [ENDPOINT.path]: { get: { responses: { 200: { content: { 'application/json': { schema } } } } } } },
  components: { schemas },
});
const to = (name: string) => ({ $ref: `#/components/schemas/${name}` });

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
