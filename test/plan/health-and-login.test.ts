/** A service as it is: its health check and its login in a plan, and what does not go together. */
import { expect, test } from 'vitest';
import { stepsByID } from '../../src/contract/runbook.js';
import { loadPlan } from '../../src/plan/load.js';
import { expectOneProblem, replaceOnce, shippedText, write } from './plan-files.js';

const HEALTH = /^health:.*(?:\n {2}.*)*$/m.exec(shippedText)?.[0] ?? '';
const LOGIN = /login: \{ path: .*staging-test \}/.exec(shippedText)?.[0] ?? '';

const planWith = (edits: [string, string][]) => loadPlan(write('plan.yaml', edits.reduce(replaceOnce, shippedText)));

test('the shipped plan says where the commit is told, and nothing else of how its health is read', () => {
  const { environments } = loadPlan('plans/eduautismo-performance.yaml').resolved;
  expect(environments.production.health).toEqual({ commit: { field: 'commit' } });
  expect(environments.production.login).not.toHaveProperty('kind');
});

test('a port, a command for the version of each environment, and a metric that reads it the same way', () => {
  const { resolved } = planWith([
    [
      HEALTH,
      'health: { port: 9000, within: 2m, version: { command: { run: [./running, "{environment}"], in: scripts } } }',
    ],
  ]);
  const reading = resolved.environments.production.health;
  expect(reading).toMatchObject({ by: { port: 9000 }, version: { command: { run: ['./running', 'production'] } } });
  const sources = resolved.watches.flatMap(({ metrics }) => metrics.map(({ source }) => source));
  expect(sources.find(({ kind }) => kind === 'health')).toMatchObject({ as: reading });
});

test.each<[string, string, string]>([
  ['a path and a port', '¦health: { path: /health, port: 80, within: 2m }', 'Write exactly one of path, port, command'],
  ['no way at all', '¦health: { within: 2m }', 'Write exactly one of path, port, command'],
])('%s is refused', (_, written, says) => {
  expectOneProblem([[HEALTH, written.replace('¦health: ', 'health: ¦')]], { path: 'health', says });
});

test('without an answer there is no version in it', () => {
  const written = 'health: { port: 80, within: 2m, version: ¦{ field: version } }';
  expectOneProblem([[HEALTH, written]], { path: 'health.version', says: 'write `version: { command: … }`' });
});

test('a service without a version: what proves a deploy is in the plan, and boxes cannot rest on more', () => {
  const facts = (written: string) => {
    const { resolved, advice } = planWith([[HEALTH, `health: { ${written}, within: 2m }`]]);
    const steps = stepsByID(resolved);
    const of = (id: string) => [steps.get(id)?.facts.includes('version'), steps.get(id)?.without?.version];
    const advised = advice.some(({ message }) => message.includes('acknowledge.no-proof-of-release'));
    return {
      health: of('production.health'),
      found: of('prerequisites.production'),
      end: of('closing.state'),
      advised,
    };
  };
  const [told, untold] = [
    [true, undefined],
    [false, 'health.version'],
  ];
  const runs = 'version: { runs: { run: [./runs, "{version}", "{environment}"], in: scripts } }';
  expect(facts(`path: /health, ${runs}`)).toEqual({ health: told, found: told, end: told, advised: false });
  const started = 'path: /health, version: none, startedAt: { header: x-started }';
  expect(facts(started)).toEqual({ health: told, found: untold, end: untold, advised: false });
  expect(facts('port: 80, version: none')).toEqual({ health: untold, found: untold, end: untold, advised: true });
});

test('a command that says whether a version runs has to be told which', () => {
  const written = 'health: { path: /health, within: 2m, version: { runs: { run: ¦[./runs], in: scripts } } }';
  expectOneProblem([[HEALTH, written]], { path: 'health.version.runs.run', says: 'Holds no `{version}`' });
});

test('commands of the health check find the tools of their environment', () => {
  const { resolved } = planWith([
    [HEALTH, 'health: { command: { run: [up], in: scripts }, version: none, within: 2m }'],
  ]);
  const { health, tools } = resolved.environments.production;
  expect(tools).not.toHaveLength(0);
  expect(health?.tools).toEqual(tools);
});

test('an unknown placeholder of a command is found', () => {
  const written =
    'health: { path: /health, within: 2m, version: { command: { run: [./v, ¦"{version}"], in: scripts } } }';
  const expected = { path: 'health.version.command.run[1]', says: '`{version}` is not filled in here' };
  expectOneProblem([[HEALTH, written]], expected);
});

test.each<[string, string, object]>([
  ['a form', 'kind: form, path: /token, username: a, password: staging-test', { kind: 'form', path: '/token' }],
  ['basic', 'kind: basic, username: a, password: staging-test', { kind: 'basic', username: 'a' }],
  [
    'a token',
    'kind: token, token: staging-test, send: { header: X-Key }',
    { kind: 'token', send: { header: 'X-Key' } },
  ],
  ['a command', 'kind: command, command: { run: [./t], in: scripts }', { kind: 'command' }],
])('a login by %s', (_, written, login) => {
  const { resolved } = planWith([[LOGIN, `login: { ${written} }`]]);
  expect(resolved.environments.staging?.login).toMatchObject(login);
});

test('a cookie is sent back as it came', () => {
  const written =
    'login: { path: /l, username: a, password: staging-test, token: { cookie: s }, send: ¦{ header: X } }';
  const expected = { path: 'environments.staging.login.send', says: 'A cookie is sent back as a cookie' };
  expectOneProblem([[LOGIN, written]], expected);
});
