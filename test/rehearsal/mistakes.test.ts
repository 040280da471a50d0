import { expect, test } from 'vitest';
import { loadScenario, loadScenarios } from '../../src/rehearsal/scenario/scenario.js';
import { problemsOf, SHIPPED, unmark, write } from '../plan/plan-files.js';

type Case = [sentence: string, text: string, expected: { path: string; says: RegExp; suggestion?: string }];

const scenario = (rest: string) => `scenario: A mistake\n${rest}`;
const world = (rest: string) => scenario(`world:\n${rest}\nexpect: { outcome: succeeded }\n`);
const expecting = (rest: string) => scenario(`expect:\n  outcome: succeeded\n${rest}\n`);

const cases: Case[] = [
  ['an empty file', '¦', { path: '', says: /starts with "scenario: what happens"/ }],
  [
    'an unknown key',
    scenario('¦wrld: {}\nexpect: { outcome: succeeded }\n'),
    { path: 'wrld', says: /not a known key/, suggestion: 'world' },
  ],
  ['nothing expected', '¦scenario: A mistake\n', { path: 'expect', says: /`expect` is missing/ }],
  [
    'an outcome that there is not',
    scenario('expect: { outcome: ¦rolledback }\n'),
    { path: 'expect.outcome', says: /not known here/, suggestion: 'rolled-back' },
  ],
  [
    'an unknown metric',
    world('  metrics:\n    ¦eror-rate: [{ constant: 1 }]'),
    { path: 'world.metrics.eror-rate', says: /no sampled metric/, suggestion: 'error-rate' },
  ],
  [
    'a value in a unit of another kind',
    world('  metrics:\n    error-rate: [{ constant: ¦12 ms }]'),
    { path: 'world.metrics.error-rate[0].constant', says: /no value of `error-rate`; write a number in %/ },
  ],
  [
    'a curve of two shapes',
    world('  metrics:\n    cpu: [¦{ constant: 1, leak: { from: 1, perHour: 2 } }]'),
    { path: 'world.metrics.cpu[0]', says: /at most one of constant, ramp/ },
  ],
  [
    'a curve that says nothing',
    world('  metrics:\n    cpu: [¦{ in: soak, from: 3m }]'),
    { path: 'world.metrics.cpu[0]', says: /Says nothing about the value/ },
  ],
  [
    'an unknown place of a curve',
    world('  metrics:\n    cpu: [{ in: ¦watch-2h, constant: 1 }]'),
    { path: 'world.metrics.cpu[0].in', says: /no watch or environment/, suggestion: 'watch-1h' },
  ],
  [
    'an unknown step',
    world('  steps:\n    ¦production.migrations: { takes: 3s }'),
    { path: 'world.steps.production.migrations', says: /no step/, suggestion: 'production.migration' },
  ],
  [
    'an unknown fact of a step',
    world('  steps:\n    production.health: { fails: ¦stats }'),
    {
      path: 'world.steps.production.health.fails',
      says: /no fact of `production.health` called/,
      suggestion: 'status',
    },
  ],
  [
    'an exit code where no command runs',
    world('  steps:\n    production.smoke: { exitCode: ¦1 }'),
    { path: 'world.steps.production.smoke.exitCode', says: /Runs no command/ },
  ],
  [
    'a watch that is to fail as a step',
    world('  steps:\n    ¦watch-1h: { takes: 3s }'),
    { path: 'world.steps.watch-1h', says: /write metrics, answers/ },
  ],
  [
    'an unknown question',
    world('  answers:\n    - { question: ¦sign-ofs }'),
    { path: 'world.answers[0].question', says: /no question/, suggestion: 'sign-offs' },
  ],
  [
    'a person who is not on the roster',
    world('  answers:\n    - { question: sign-offs, who: ¦ana.sousa }'),
    { path: 'world.answers[0].who', says: /no person/, suggestion: 'ana.souza' },
  ],
  [
    'a person without the role',
    world('  answers:\n    - { question: sign-offs, who: ana.souza, role: ¦qa }'),
    { path: 'world.answers[0].role', says: /ana.souza does not have the role qa/ },
  ],
  [
    'a fault that is two',
    world('  faults:\n    - ¦{ restart: soak, outage: all }'),
    { path: 'world.faults[0]', says: /exactly one of restart, outage, network/ },
  ],
  [
    'an outage of nothing known',
    world('  faults:\n    - { outage: ¦[prometeus] }'),
    { path: 'world.faults[0].outage', says: /no metric or kind of source/ },
  ],
  [
    'an expected criterion that there is not',
    expecting('  rollback: { criterion: ¦imediate-errors }'),
    { path: 'expect.rollback.criterion', says: /no criterion/, suggestion: 'immediate-errors' },
  ],
  [
    'a criterion in a watch that does not have it',
    expecting('  criteria: { ¦watch-5m/consider-errors: healthy }'),
    { path: 'expect.criteria.watch-5m/consider-errors', says: /no criterion/ },
  ],
  [
    'an unknown event',
    expecting('  told: [¦breech]'),
    { path: 'expect.told[0]', says: /no event/, suggestion: 'breach' },
  ],
  [
    'an unknown channel',
    expecting('  told: [{ event: breach, to: ¦[incident] }]'),
    { path: 'expect.told[0].to', says: /no channel/, suggestion: 'incidents' },
  ],
  ['an unknown item', expecting('  items: { ¦"9.9.9": passed }'), { path: 'expect.items.9.9.9', says: /no item/ }],
  [
    'a rollback that is and is not expected',
    expecting('  rollback: { option: full }\n  not: { ¦rollback: true }'),
    { path: 'expect.not.rollback', says: /A rollback is expected above/ },
  ],
  [
    'a change that makes the plan wrong',
    scenario('¦changes: { production.restart: maybe }\nexpect: { outcome: succeeded }\n'),
    { path: 'changes', says: /The plan would be wrong with this: production.restart: true or false/ },
  ],
  [
    'another plan',
    scenario('plan: ¦other.yaml\nexpect: { outcome: succeeded }\n'),
    { path: 'plan', says: /for another plan/ },
  ],
];

test.each(cases)('%s is told with its place', (_, marked, { path, says, suggestion }) => {
  const { text, place } = unmark(marked);
  const problems = problemsOf(() => loadScenario(write('mistake.yaml', text), SHIPPED));
  expect(problems.map((problem) => [problem.path, problem.line, problem.column])).toEqual([
    [path, place?.line, place?.column],
  ]);
  expect(problems[0]?.message).toMatch(says);
  if (suggestion !== undefined) expect(problems[0]?.suggestion).toBe(suggestion);
});

test('mistakes in several files are told together, and a folder without scenarios is one', () => {
  const one = write('one.yaml', 'scenario: x\n');
  const folder = write('nothing.txt', '').replace(/\/nothing.txt$/, '');
  expect(problemsOf(() => loadScenarios([one, folder, 'absent.yaml'], SHIPPED)).map(({ message }) => message)).toEqual([
    '`expect` is missing',
    'Holds no scenario: no file that ends in .yaml',
    'There is no such file',
  ]);
});
