/** Checks of the team's own as a plan has them: what they become, and what is wrong with them. */
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { OwnCheck } from '../../../src/contract/plan/own-checks.js';
import { stepsByID } from '../../../src/contract/runbook.js';
import type { Phase } from '../../../src/domain/steps.js';
import { comparePlans } from '../../../src/plan/diff/compare-plans.js';
import { loadPlan } from '../../../src/plan/load.js';
import { problemsOf, shippedText, write } from '../plan-files.js';

// biome-ignore lint/suspicious/noExplicitAny: whatever stands in the shipped plan
type Plan = Record<string, any>;

function planWith(
  checks: Partial<Record<Phase, object[]>> | undefined,
  change: (plan: Plan) => void = () => {},
): string {
  const plan = parse(shippedText) as Plan;
  if (checks !== undefined) plan.checks = checks;
  change(plan);
  return write('plan.yaml', stringify(plan, { aliasDuplicateObjects: false }));
}

const resolved = (checks: Parameters<typeof planWith>[0], change?: (plan: Plan) => void) =>
  loadPlan(planWith(checks, change)).resolved;

const sql = (more: object = { value: '= 0' }) => ({ query: 'select count(*) from intervention_plans', ...more });
const one = (more: object, phase: Phase = 'staging') => ({ [phase]: [{ id: 'own', title: 'Our own', ...more }] });

describe('a check', () => {
  test('is made on staging in the phases of staging, and on production in all others, within a minute', () => {
    const { checks } = resolved({ ...one({ sql: sql() }), ...one({ id: 'later', sql: sql() }, 'closing') });
    expect(checks).toMatchObject({
      staging: [{ id: 'own', environment: 'staging', timeout: 60_000, asks: { kind: 'sql' } }],
      closing: [{ id: 'later', environment: 'production', timeout: 60_000 }],
    });
    expect(checks?.staging?.[0]).not.toHaveProperty('onFailure');
  });

  test('waits for people without end, and for a metric as long as its window and a minute', () => {
    const { checks } = resolved({
      staging: [
        { id: 'look', title: 'Does it look right?', confirm: { roles: ['qa'] } },
        { id: 'errors', title: 'Few errors', metric: 'soak-error-rate' },
      ],
    });
    expect(checks?.staging?.[0]).not.toHaveProperty('timeout');
    expect(checks?.staging?.[1]).toMatchObject({ timeout: 120_000, asks: { criterion: { id: 'soak-error-rate' } } });
  });

  test('is a step at the end of its phase, which fails as the phase’s own steps do where it does not say', () => {
    const steps = stepsByID(
      resolved({
        ...one({ sql: sql() }),
        ...one({ id: 'stops', onFailure: 'stop', sql: sql() }, 'approval'),
        ...one({ id: 'back', sql: sql() }, 'production'),
        ...one({ id: 'asks', onFailure: 'ask', sql: sql() }, 'watch'),
        ...one({ id: 'kept', onFailure: 'roll-back', sql: sql({ before: 'at least' }) }, 'closing'),
      }),
    );
    const onFailure = (id: string) => steps.get(id)?.onFailure;
    expect(['own', 'stops', 'back', 'asks', 'kept', 'kept.before'].map(onFailure)).toEqual([
      ...['ask', 'stop', 'rollback', 'ask', 'rollback', 'ask'],
    ]);
    const order = [...steps.keys()];
    expect(order.indexOf('kept.before')).toBeGreaterThan(order.indexOf('production.before'));
    expect(order.indexOf('kept.before')).toBeLessThan(order.indexOf('production.deploy'));
    expect(order.at(-1)).toBe('kept');
    expect(order[order.indexOf('back') - 1]).toBe('production.restart');
  });

  test('has facts that boxes rest on, and a question has the boxes that it settles', () => {
    const { checks, items } = resolved(
      {
        staging: [
          { id: 'page', title: 'A page', http: { path: '/plans', structure: { items: 'array' } } },
          { id: 'look', title: 'Does it look right?', confirm: { roles: ['qa'], items: ['the colours'] } },
        ],
      },
      (plan) => {
        delete plan.document;
        plan.items['9.1'] = { title: 'The page is a list', by: ['page/login', 'page/status', 'page/structure'] };
        plan.items['9.2'] = { title: 'The page is readable', by: 'look/confirmed' };
      },
    );
    expect(items.slice(-2).map(({ off }) => off)).toEqual([undefined, undefined]);
    expect(checks?.staging?.[1]).toMatchObject({ asks: { items: ['the colours', 'The page is readable'] } });
  });

  test('is told of as itself where two plans differ in it', () => {
    const before = resolved({ staging: [{ id: 'own', title: 'Our own', sql: sql() }] });
    const [own] = before.checks?.staging ?? [];
    const expected = { kind: 'sql', query: 'select 1', expect: { value: { comparison: '=', operand: '1' } } } as const;
    const changed = { ...own, asks: expected } as OwnCheck;
    const after = { ...before, checks: { staging: [changed, { ...changed, id: 'new', title: 'New' }] } };
    const { general, steps } = comparePlans(before, after);
    expect(general).toEqual([]);
    expect(steps).toMatchObject([
      { id: 'own', change: 'changed' },
      { id: 'new', change: 'added' },
    ]);
    expect(steps[0]?.differences.map(({ path }) => path)).toEqual([
      'checks.staging[own].asks.query',
      'checks.staging[own].asks.expect.value.operand',
    ]);
    const { checks: _, ...without } = before;
    expect(comparePlans(without, before)).toMatchObject({ general: [], steps: [{ id: 'own', change: 'added' }] });
  });
});

describe('a plan without checks', () => {
  test('is resolved as before there were any', () => {
    expect(resolved(undefined)).not.toHaveProperty('checks');
  });
});

describe('a request of a name of its own', () => {
  const REQUEST = { title: 'Plans are listed', path: '/plans', structure: { items: 'array' } };

  test('is the same plan as one that is written wherever it is made', () => {
    const written = { id: 'plans', ...REQUEST };
    const both = (more: object) =>
      resolved(undefined, (plan) => {
        Object.assign(plan, { items: {}, confirmations: {}, document: undefined }, more);
        delete plan.rollback.previousChecks;
      });
    const spelled = both({ functional: [written], smoke: [written] });
    const { functional, smoke } = both({ requests: { plans: REQUEST }, functional: ['plans'], smoke: ['plans'] });
    expect({ functional, smoke }).toEqual({ functional: spelled.functional, smoke: spelled.smoke });
  });

  test('is made by a check too, as the check of that name', () => {
    const { checks } = resolved(one({ http: 'plans' }), (plan) => {
      plan.requests = { plans: REQUEST };
    });
    expect(checks?.staging?.[0]?.asks).toMatchObject({
      kind: 'http',
      request: { id: 'own', title: 'Our own', path: '/plans', login: true, status: 200 },
    });
  });

  test('that nothing makes is warned of, and one that is not there is a mistake', () => {
    const unused = planWith(undefined, (plan) => {
      plan.requests = { plans: REQUEST };
    });
    expect(loadPlan(unused).warnings).toMatchObject([{ path: 'requests.plans', message: 'Nothing uses it' }]);
    const missing = planWith(one({ http: 'plan' }), (plan) => {
      plan.requests = { plans: REQUEST };
      plan.smoke.push('plans');
    });
    expect(problemsOf(() => loadPlan(missing))).toMatchObject([
      { path: 'checks.staging[0].http', message: 'There is no request `plan`', suggestion: 'plans' },
    ]);
  });

  test('keeps telling what is wrong with one that is written in place', () => {
    const wrong = planWith(undefined, (plan) => {
      plan.smoke[0].structures = { items: 'array' };
      plan.smoke[1].path = 'plans';
    });
    expect(problemsOf(() => loadPlan(wrong))).toMatchObject([
      { path: 'smoke[0].structures', suggestion: 'structure' },
      { path: 'smoke[1].path', message: 'A path begins with "/"' },
    ]);
  });
});

const MISTAKES: Record<string, [checks: object, path: string, says: RegExp, change?: (plan: Plan) => void]> = {
  'nothing is asked': [one({}), 'checks.staging[0]', /exactly one of http, sql, command, metric, confirm/],
  'two things are asked': [
    one({ sql: sql(), metric: 'soak-error-rate' }),
    'checks.staging[0]',
    /exactly one of http, sql, command, metric, confirm/,
  ],
  'a phase is none': [{ stagings: [] }, 'checks.stagings', /Not a phase; write one of prerequisites, staging, /],
  'there is nothing to roll back yet': [
    one({ onFailure: 'roll-back', sql: sql() }),
    'checks.staging[0].onFailure',
    /nothing to roll back: write ask or stop/,
  ],
  'production would be left as it is': [
    one({ onFailure: 'stop', sql: sql() }, 'production'),
    'checks.production[0].onFailure',
    /leave it, unwatched, on a release that has failed a check/,
  ],
  'there is no staging': [
    one({ environment: 'staging', sql: sql() }, 'closing'),
    'checks.closing[0].environment',
    /There is no `environments.staging` where it could be made/,
    ({ environments }) => delete environments.staging,
  ],
  'there is no database': [
    one({ sql: sql() }, 'closing'),
    'checks.closing[0].sql',
    /Needs `environments.production.database`/,
    ({ environments }) => delete environments.production.database,
  ],
  'there is no soak': [one({ sql: sql() }, 'soak'), 'checks.soak', /Needs `soak`/, (plan) => delete plan.soak],
  'the query writes': [
    one({ sql: { ...sql(), query: 'delete from plans' } }),
    'checks.staging[0].sql.query',
    /Only SELECT/,
  ],
  'nothing is expected of a query': [
    one({ sql: sql({}) }),
    'checks.staging[0].sql',
    /exactly one of value, rows, before/,
  ],
  'a value is expected in no way that is known': [
    one({ sql: sql({ value: '0' }) }),
    'checks.staging[0].sql.value',
    /Write comparison and value, for example "= 0"/,
  ],
  'a text is to be more than another': [
    one({ sql: sql({ value: '> much' }) }),
    'checks.staging[0].sql.value',
    /"much" is no number, which alone can be more or less/,
  ],
  'a comparison is none': [
    one({ sql: sql({ before: 'the same' }) }),
    'checks.staging[0].sql.before',
    /Write unchanged, at least/,
  ],
  'nothing has been deployed yet': [
    one({ sql: sql({ before: 'unchanged' }) }, 'approval'),
    'checks.approval[0].sql.before',
    /Nothing has been deployed to production by then/,
  ],
  'a sample has no earlier request': [
    one({ http: { path: '/plans/{sample}' } }),
    'checks.staging[0].http.path',
    /takes no `sample` from an earlier one/,
  ],
  'a command is filled in with what is not there': [
    one({ command: { run: ['./check.sh', '{revision}'], in: 'application', on: 'server' } }),
    'checks.staging[0].command.run[1]',
    /`\{revision\}` is not filled in here; known: \{environment\}, \{version\}/,
  ],
  'a field has no value': [
    one({ command: { run: ['./check.sh'], in: 'application', on: 'server', field: 'queue.length' } }),
    'checks.staging[0].command',
    /both/,
  ],
  'a criterion is not there': [
    one({ metric: 'soak-errors-rate' }),
    'checks.staging[0].metric',
    /There is no criterion/,
  ],
  'a metric has no time': [
    one({ metric: 'soak-error-rate', timeout: '30s' }),
    'checks.staging[0].timeout',
    /no longer than the window of `error-rate`/,
  ],
  'rows would be counted that nobody has counted before': [
    one({ metric: 'rows-lost' }, 'production'),
    'checks.production[0].metric',
    /write an `sql` check with `before: at least`/,
    ({ metrics, criteria }) => {
      metrics.lost = {
        ...{ title: 'Lost', unit: 'count', source: 'postgres', window: '1m' },
        read: { lostRows: { table: 'intervention_plans' } },
      };
      criteria['rows-lost'] = { title: 'Lost', metric: 'lost', breach: '> 0 count', for: '0s', tier: 'consider' };
    },
  ],
  'a role is nobody’s': [
    one({ confirm: { roles: ['cook'] } }),
    'checks.staging[0].confirm.roles[0]',
    /There is no role `cook`/,
  ],
  'a step of the plan has that name': [
    one({ id: 'soak', sql: sql() }),
    'checks.staging[0].id',
    /There is another step `soak`/,
  ],
};

test.each(Object.entries(MISTAKES))('that %s is one mistake, told where it is', (_, [checks, path, says, change]) => {
  const problems = problemsOf(() =>
    loadPlan(planWith(checks as Parameters<typeof planWith>[0], (plan) => change?.(plan))),
  ).filter((problem) => problem.path.startsWith('checks'));
  expect(problems).toMatchObject([{ path, message: expect.stringMatching(says) }]);
});
