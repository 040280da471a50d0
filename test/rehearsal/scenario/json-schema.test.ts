import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scenarioJsonSchema } from '../../../src/rehearsal/scenario/json-schema.js';
import { loadScenarios } from '../../../src/rehearsal/scenario/scenario.js';
import { SHIPPED } from '../../plan/plan-files.js';

/** To write it anew: `npx vitest run test/rehearsal/scenario/json-schema.test.ts -u`. */
test('the committed scenario.schema.json is what the code says', async () => {
  const text = `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../../scenarios/scenario.schema.json');
});

test('every key of a scenario is described', () => {
  const missing: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [key, part] of Object.entries((schema as { properties?: object }).properties ?? {})) {
      if (!(part as { description?: string }).description) missing.push(`${path}.${key}`);
      walk(part, `${path}.${key}`);
    }
    const { items, additionalProperties, anyOf } = schema as Record<string, unknown>;
    walk(items, `${path}[]`);
    walk(additionalProperties, `${path}.*`);
    for (const variant of (anyOf as unknown[]) ?? []) walk(variant, path);
  };
  walk(scenarioJsonSchema(), '');
  expect(missing).toEqual([]);
});

test('every shipped scenario is right, and says which plan it is for', () => {
  const files = readdirSync('scenarios/eduautismo');
  const scenarios = loadScenarios(['scenarios/eduautismo'], SHIPPED);
  expect(scenarios).toHaveLength(files.length);
});
