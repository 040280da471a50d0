import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bindingsJsonSchema, planJsonSchema, planReference } from '../../src/plan/json-schema.js';

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

const README = 'plans/README.md';
const START = '<!-- reference: generated, do not edit -->';

/** To write them anew: `npx vitest run test/plan/json-schema.test.ts -u`. */
describe('the committed files are what the code says', () => {
  test('plan.schema.json', async () => {
    await expect(json(planJsonSchema())).toMatchFileSnapshot('../../plans/plan.schema.json');
  });

  test('bindings.schema.json', async () => {
    await expect(json(bindingsJsonSchema())).toMatchFileSnapshot('../../plans/bindings.schema.json');
  });

  test('the reference in plans/README.md', async () => {
    const [introduction] = readFileSync(README, 'utf8').split(START);
    await expect(`${introduction}${START}\n\n${planReference()}\n`).toMatchFileSnapshot(`../../${README}`);
  });
});

test('every key of a plan is described', () => {
  const missing: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [key, part] of Object.entries((schema as { properties?: object }).properties ?? {})) {
      if (!(part as { description?: string }).description) missing.push(`${path}.${key}`);
      walk(part, `${path}.${key}`);
    }
    const { items, additionalProperties, oneOf } = schema as Record<string, unknown>;
    walk(items, `${path}[]`);
    walk(additionalProperties, `${path}.*`);
    for (const variant of (oneOf as unknown[]) ?? []) walk(variant, path);
  };
  walk(planJsonSchema(), '');
  expect(missing).toEqual([]);
});
