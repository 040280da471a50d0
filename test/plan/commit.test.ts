/** Which commit is deployed and proven: what a plan may say of it, and where a branch would be deployed by its name alone. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { shownCommands } from '../../src/client/rendering/plan-commands.js';
import { stepsByID } from '../../src/contract/runbook.js';
import { comparePlans } from '../../src/plan/diff/compare-plans.js';
import { loadPlan } from '../../src/plan/load.js';
import { expectOneProblem, problemsOf, replaceOnce, shippedText, write } from './plan-files.js';

const HEALTH = 'health: { path: /health, within: 300s, commit: { field: commit } }';
const DEPLOY = '"{version}", "{commit}"]';
const MINIMAL = readFileSync('plans/minimal.yaml', 'utf8');
const TAG = 'release: { target: v2.0.0, previous: v1.9.0 }';
const BRANCH = 'release: { target: main, previous: v1.9.0 }';

const shipped = (...edits: [string, string][]) => loadPlan(write('plan.yaml', edits.reduce(replaceOnce, shippedText)));
const minimal = (...edits: [string, string][]) => write('plan.yaml', edits.reduce(replaceOnce, MINIMAL));
const byNameAlone: [string, string][] = [
  [HEALTH, 'health: { path: /health, within: 300s }'],
  [DEPLOY, '"{version}"]'],
];
const reason: [string, string] = [
  'notifications:\n',
  'acknowledge: { no-proof-of-commit: nobody pushes }\nnotifications:\n',
];

test('a branch that is deployed by its name alone is told of at its place, with what to write, or the word for it', () => {
  const { advice } = shipped(...byNameAlone);
  expect(advice).toMatchObject([{ path: 'release.target', line: 47 }]);
  expect(advice[0]?.message).toContain('`health.commit`');
  expect(advice[0]?.message).toContain('`{commit}` to `commands.deploy`');
  expect(advice[0]?.message).toContain('`acknowledge.no-proof-of-commit`');
  expect(loadPlan(minimal([TAG, BRANCH])).advice.map(({ path }) => path)).toEqual(['release.target']);
});

test.each<[string, [string, string][]]>([
  ['the deploy command is told which commit', byNameAlone.slice(0, 1)],
  ['it is read which commit runs', byNameAlone.slice(1)],
  ['people have said why that is good enough', [...byNameAlone, reason]],
])('nothing is told where %s', (_, edits) => {
  const { advice, warnings } = shipped(...edits);
  expect([advice, warnings]).toEqual([[], []]);
});

test('a reason why no commit is proven is out of place where one is, and not where only the repository knows', () => {
  expect(shipped(reason).warnings.map(({ path }) => path)).toEqual(['acknowledge.no-proof-of-commit']);
  const ways: [string, string][] = [
    ['target: main', 'target: release/5.1'],
    ['  target: main\n', ''],
  ];
  for (const way of ways) expect(shipped(...byNameAlone, reason, way)).toMatchObject({ advice: [], warnings: [] });
});

test('without a repository nothing tells which commit is to run', () => {
  const file = minimal(
    ['"{version}"]', '"{version}", "{commit}"]'],
    ['within: 1m }', 'within: 1m, commit: { field: commit } }'],
  );
  expect(problemsOf(() => loadPlan(file)).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'commands.deploy.run[2]: Nothing tells which commit that is: name `release.repository`, or leave it out',
    'health.commit: Needs `release.repository`, which tells the commit that is to run: name it, or leave this out',
  ]);
});

test('without an answer there is no commit in it', () => {
  const written = 'health: { port: 80, within: 2m, version: none, commit: ¦{ header: x-commit } }';
  expectOneProblem([[HEALTH, written]], { path: 'health.commit', says: 'write `commit: { command: … }`' });
});

test('only what deploys, and checks of the team’s own, are told the commit', () => {
  expectOneProblem([['run: [./restart_service.sh]', 'run: [./restart_service.sh, ¦"{commit}"]']], {
    path: 'commands.restartService.run[1]',
    says: '`{commit}` is not filled in here',
  });
  const { resolved } = shipped(['"{version}", "{commit}"]', '"{commit}"]']);
  expect(resolved.commands.deploy.run).toEqual(['./deploy.sh', '{environment}', '{commit}']);
});

test('a command that prints it is filled in for each environment, finds its tools, and is shown among the commands', () => {
  const commit = 'commit: { command: { run: [./commit, "{environment}"], in: scripts } }';
  const { resolved } = shipped([HEALTH, `health: { path: /health, within: 300s, ${commit} }`]);
  const { health, tools } = resolved.environments.production;
  const metrics = resolved.watches.flatMap((watch) => watch.metrics.map(({ source }) => source));
  // Not at each tick.
  expect(JSON.stringify(metrics.filter(({ kind }) => kind === 'health'))).not.toContain('./commit');
  expect(health).toMatchObject({ commit: { command: { run: ['./commit', 'production'] } }, tools });
  expect(shownCommands(resolved)).toContainEqual(
    expect.objectContaining({ name: 'staging.commit', run: ['./commit', 'staging'] }),
  );
});

test('staging, production and closing establish it, boxes can rest on it, and a difference stands at these steps', () => {
  const [proven, unproven] = [shipped().resolved, shipped(...byNameAlone).resolved];
  for (const id of ['staging.health', 'production.health', 'closing.state']) {
    expect(stepsByID(proven).get(id)?.facts).toContain('commit');
    expect(stepsByID(unproven).get(id)).toMatchObject({ without: { commit: 'health.commit' } });
  }
  const changed = comparePlans(unproven, proven).steps.map(({ id }) => id);
  expect(changed).toEqual(
    expect.arrayContaining([
      'staging.deploy',
      'staging.health',
      'production.deploy',
      'production.health',
      'closing.state',
    ]),
  );
});
