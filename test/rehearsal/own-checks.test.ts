/** Checks of the team's own, as a deployment comes to them: each kind in each phase, and what follows when one fails. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { runbookOf } from '../../src/contract/runbook.js';
import { PHASES, type Phase } from '../../src/domain/steps.js';
import { judgeExpectations } from '../../src/rehearsal/judge.js';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { scenario, shortPlanText } from './short-plan.js';

const KINDS = {
  http: { path: '/api/v1/health' },
  sql: { query: 'select count(*) from intervention_plans', value: '> 0' },
  command: { run: ['./check.sh', '{environment}', '{version}'], in: 'application', on: 'server', exitCode: [0, 3] },
  metric: 'soak-error-rate',
  confirm: { roles: ['qa'] },
};

/** One of each kind, named by its phase. */
const eachKind = (phase: Phase) =>
  Object.entries(KINDS).map(([kind, asks]) => ({
    id: `${phase}-${kind}`,
    title: `${kind} in ${phase}`,
    [kind]: asks,
    ...(kind === 'confirm' ? { timeout: '4h' } : {}),
  }));

const compared = (phase: Phase) => ({
  id: `${phase}-kept`,
  title: `Nothing is lost by ${phase}`,
  sql: { query: 'select count(*) from intervention_plans', before: 'at least' },
});

const folder = mkdtempSync(join(tmpdir(), 'surefoot-own-checks-'));

function planWith(name: string, checks: Partial<Record<Phase, object[]>>): string {
  const plan = parse(shortPlanText());
  plan.checks = checks;
  plan.items['9.1.1'] = { title: 'The query of staging', by: 'staging-sql/value' };
  plan.items['9.1.2'] = { title: 'Somebody has looked at it', by: 'closing-confirm/confirmed' };
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(plan, { aliasDuplicateObjects: false }));
  return file;
}

const checks = Object.fromEntries(
  PHASES.map((phase) => [
    phase,
    [...eachKind(phase), ...(phase === 'staging' || phase === 'production' ? [compared(phase)] : [])],
  ]),
);
const PLAN = planWith('plan', checks);

/** Each title with the YAML below `scenario:`. */
const SCENARIOS = {
  'all hold': `
expect:
  outcome: succeeded
  items: { 9.1.1: passed, 9.1.2: attested }
  steps: { staging-kept.before: passed, production-kept.before: passed, production-kept: passed }
`,
  'one fails on staging, and people are asked': `
world:
  steps: { staging-sql: { fails: value, times: 1 } }
  answers: [{ question: staging-sql, answer: retry }]
expect: { outcome: succeeded, questions: [staging-sql], items: { 9.1.1: passed } }
`,
  'one fails in production, and production is rolled back': `
world: { steps: { production-command: { exitCode: 4 } } }
expect: { outcome: rolled-back, rollback: { step: production-command } }
`,
  'one is unknown in production, and people are asked before anything is rolled back': `
world:
  steps: { production-sql: { failure: PreconditionFailed } }
  answers: [{ question: production-sql, answer: skip, why: looked at by hand }]
expect: { outcome: succeeded, questions: [production-sql], steps: { production-sql: skipped }, not: { rollback: true } }
`,
};

let rehearsals: Rehearsals;
const named = (title: string) => rehearsals.runs.find((run) => run.scenario.title === title);

beforeAll(async () => {
  const list = Object.entries(SCENARIOS).map(([title, text], index) => ({
    ...scenario(`own-${index}`, text.trimStart(), PLAN),
    title,
  }));
  rehearsals = await rehearse(list, { jobs: 2 });
}, 600_000);
afterAll(() => rehearsals?.stop());

test.each(Object.keys(SCENARIOS))('%s', (title) => {
  const run = named(title);
  expect(run && judgeExpectations(run)).toEqual([]);
});

test('they run in the order of the plan, at the end of their phase', () => {
  const run = named('all hold');
  const steps = run?.ledger.steps.map(({ id }) => id) ?? [];
  const planned = runbookOf(run?.scenario.plan.resolved as never).filter(
    ({ off, id }) => off === undefined && id !== 'admission',
  );
  expect(steps).toEqual(planned.map(({ id }) => id));
});
