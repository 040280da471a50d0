/** What a rollback is given of the plan stands in two histories, and is written while production waits for its first command. */
import { expect, test } from 'vitest';
import { rollbackPlan } from '../../src/contract/messages.js';
import { loadPlan } from '../../src/plan/load.js';
import { SHIPPED } from '../plan/plan-files.js';

test('a rollback is given what it works with, and neither boxes nor people', () => {
  const { resolved } = loadPlan(SHIPPED);
  const given = rollbackPlan(resolved);
  expect(given).toMatchObject({ service: resolved.service, commands: resolved.commands, rollback: resolved.rollback });
  expect(Object.keys(given)).not.toEqual(expect.arrayContaining(['items']));
  expect(Object.keys(given)).not.toEqual(expect.arrayContaining(['notifications']));
  const bytes = (value: unknown) => JSON.stringify(value).length;
  expect(bytes(given)).toBeLessThan(bytes(resolved) / 3);
});
