import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stepsByID } from '../../src/contract/runbook.js';
import { itemStatuses } from '../../src/domain/items.js';
import { loadPlan } from '../../src/plan/load.js';
import { problemsOf, replaceOnce, shippedText, write } from './plan-files.js';

const MINIMAL = 'plans/minimal.yaml';
const MINIMAL_TEXT = readFileSync(MINIMAL, 'utf8');
const minimal = (...edits: [string, string][]) => write('plan.yaml', edits.reduce(replaceOnce, MINIMAL_TEXT));
const told = (file: string) => problemsOf(() => loadPlan(file)).map(({ path, message }) => `${path}: ${message}`);

describe('what a plan may leave out', () => {
  test('is all but the service, its release, production, a deploy command and a health check', () => {
    const { resolved, warnings, advice } = loadPlan(MINIMAL);
    expect([warnings, advice]).toEqual([[], []]);
    expect(MINIMAL_TEXT.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    expect(resolved).toMatchObject({ title: 'greeter', language: 'en', rollback: { onStepFailure: 'code' } });
    const run = [...stepsByID(resolved).values()].flatMap(({ id, off }) => (off === undefined ? [id] : []));
    expect(run).toEqual([
      ...['admission', 'prerequisites.production', 'prerequisites.tools', 'proposal', 'production.before'],
      ...['production.deploy', 'production.health', 'production.smoke', 'watch-15m', 'closing.state'],
    ]);
    expect(told(write('plan.yaml', 'surefoot: 1\nservice: s\n')).map((line) => line.split(':')[0])).toEqual(
      expect.arrayContaining(['release', 'environments', 'commands', 'health']),
    );
  });

  test('can be bound to this machine', () => {
    const { resolved } = loadPlan(MINIMAL, { bindings: 'plans/minimal.bindings.yaml' });
    expect(resolved.environments.production.api).toBe('http://127.0.0.1:8080');
  });

  test('takes the boxes that rest on it along, as not applicable and with the reason', () => {
    const review = /\nreview:\n( {2}.*\n)+/.exec(shippedText)?.[0] ?? '';
    const reports: [string, string] = ['  test-reports: ./test-reports\n', ''];
    const { resolved } = loadPlan(
      write('plan.yaml', [[review, '\n'] as [string, string], reports].reduce(replaceOnce, shippedText)),
    );
    const boxes = itemStatuses(resolved.items, []).filter(({ off }) => off === 'review');
    expect(boxes.map(({ id, state, text }) => [id, state, text])).toEqual([
      ['0.1.2', 'notApplicable', 'review is off in the plan'],
      ['0.1.3', 'notApplicable', 'review is off in the plan'],
      ['0.1.4', 'notApplicable', 'review is off in the plan'],
    ]);
  });

  test('is named by what rests on it, which has to go too', () => {
    const logs: [string, string] = ['smoke:\n', 'logs: { critical: FATAL }\nbackup: {}\nsmoke:\n'];
    const database: [string, string] = ['rollback: code }', 'rollback: full }'];
    expect(told(minimal(logs, database))).toEqual([
      'logs: Needs `commands.logs`, which this plan does not have: name it, or leave this out',
      'backup: Needs `environments.production.database`, which this plan does not have: name it, or leave this out; ' +
        'back up one that is not PostgreSQL’s `by: commands`',
      'criteria.gone.rollback: `full` undoes a migration, and this plan has none: write code',
    ]);
  });

  test('is migrated by its deploy command where it is a database of another kind, as the message says', () => {
    const tool: [string, string] = [
      'smoke:\n',
      'migration: { tool: own, revision: "2", current: { run: [c] }, upgrade: { run: [u] }, downgrade: { run: [d] } }\nsmoke:\n',
    ];
    expect(told(minimal(tool))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^migration: Needs .*; let `commands.deploy` migrate one that/)]),
    );
  });

  test('logs in where there is somebody to log in as, and nowhere else', () => {
    expect(loadPlan(MINIMAL).resolved.smoke).toMatchObject([{ id: 'greets', login: false }]);
    expect(told(minimal(['path: / }', 'path: /, login: true }']))).toEqual([
      'smoke[0].login: The environment has no `login`: name one, or leave this out',
    ]);
  });
});

describe('what is left out and makes deployments weaker', () => {
  const acknowledged = /\nacknowledge:\n( {2}.*\n)+/.exec(MINIMAL_TEXT)?.[0] ?? '';
  const advice = (...edits: [string, string][]) => loadPlan(minimal(...edits)).advice.map(({ path }) => path);

  test('is said once, with the word by which it is acknowledged', () => {
    expect(advice([acknowledged, '\n'])).toEqual([
      'environments.staging',
      'approvals.roles',
      'environments.production',
    ]);
    const said = loadPlan(minimal([acknowledged, '\n'])).advice.map(({ message }) => message);
    expect(said).toEqual([
      expect.stringContaining('`acknowledge.no-staging`'),
      expect.stringContaining('`acknowledge.no-sign-off`'),
      expect.stringContaining('`acknowledge.no-second-place`'),
    ]);
  });

  test('is part of what people sign once it is acknowledged', () => {
    const { resolved, digest } = loadPlan(MINIMAL);
    expect(resolved.acknowledged).toMatchObject({ 'no-sign-off': 'Whoever starts it carries it out.' });
    expect(loadPlan(minimal([acknowledged, '\n'])).digest).not.toBe(digest);
  });

  test('is not to be acknowledged where it is not so', () => {
    const { warnings } = loadPlan(minimal(['acknowledge:\n', 'acknowledge:\n  no-watch: nobody looks\n']));
    expect(warnings.map(({ path }) => path)).toEqual(['acknowledge.no-watch']);
    expect(loadPlan('plans/orders-node.yaml').advice).toEqual([]);
  });
});
