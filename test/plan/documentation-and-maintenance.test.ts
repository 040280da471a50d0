/** What a plan says of its documentation and of maintenance mode, and which facts follow from it. */
import { expect, test } from 'vitest';
import { stepsByID } from '../../src/contract/runbook.js';
import { loadPlan } from '../../src/plan/load.js';
import { expectOneProblem, SHIPPED } from './plan-files.js';

const { resolved } = loadPlan(SHIPPED);
const factsOf = (changes: Partial<typeof resolved>, step: string) => {
  const { facts, off } = stepsByID({ ...resolved, ...changes }).get(step) ?? {};
  return { facts, off };
};

test('the browser establishes five facts, and none where the plan has no documentation', () => {
  const facts = ['loads', 'listed', 'parameters', 'schema', 'example'];
  expect(factsOf({}, 'staging.swagger')).toEqual({ facts });
  expect(factsOf({ apiDocumentation: undefined }, 'staging.swagger')).toEqual({ facts, off: 'apiDocumentation' });
});

test('what users see in maintenance mode is established where the plan says what that is', () => {
  expect(factsOf({}, 'production.maintenance-on').facts).toEqual(['ran', 'drained', 'message']);
  expect(factsOf({}, 'production.maintenance-off').facts).toEqual(['ran', 'reachable', 'message-gone']);
  const silent = { production: { ...resolved.production, maintenance: { enabled: true, drain: 0 } } };
  expect(factsOf(silent, 'production.maintenance-on').facts).toEqual(['ran', 'drained']);
  expect(factsOf(silent, 'production.maintenance-off')?.facts).toEqual(['ran']);
});

test('the data of the smoke tests are a fact of their own', () => {
  expect(factsOf({}, 'production.smoke')?.facts).toContain('data.data');
});

test('a role that vouches for the documentation must be one of the plan’s', () => {
  expectOneProblem([['  otherwise: [qa]\n', '  otherwise: [¦qas]\n']], {
    path: 'apiDocumentation.otherwise[0]',
    says: 'There is no role `qas`',
    suggestion: 'qa',
  });
});

test('a pattern of a good start must be a regular expression', () => {
  expectOneProblem([["started: '\\bapplication started\\b'", "started: ¦'application (started'"]], {
    path: 'logs.started',
    says: 'Is not a regular expression',
  });
});

test('a pattern that cannot be matched in linear time is refused at its place, with what to write instead', () => {
  expectOneProblem([["started: '\\bapplication started\\b'", "started: ¦'started(?! again)'"]], {
    path: 'logs.started',
    says: 'look-around is not possible: match what stands around it as well',
  });
});
