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

const SQL = { query: 'select count(*) from intervention_plans', value: '> 0' };
const KINDS = {
  http: { path: '/api/v1/health' },
  sql: SQL,
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

/** The same with other consequences, each in a phase of its own. */
const CONSEQUENCES = planWith('consequences', {
  prerequisites: [{ ...compared('prerequisites'), onFailure: 'stop', sql: SQL }],
  staging: [{ id: 'staging-sql', title: 'The query of staging', onFailure: 'stop', sql: SQL }],
  soak: [{ id: 'soak-sql', title: 'The query after the soak', onFailure: 'stop', sql: SQL }],
  approval: [
    { id: 'approval-sql', title: 'The query before production', onFailure: 'stop', sql: SQL },
    { id: 'approval-confirm', title: 'Is it time?', onFailure: 'stop', timeout: '2h', confirm: KINDS.confirm },
  ],
  production: [{ id: 'production-sql', title: 'The query of production', onFailure: 'ask', sql: SQL }],
  watch: [{ id: 'watch-sql', title: 'The query after the watches', onFailure: 'roll-back', sql: SQL }],
  closing: [
    { ...compared('closing'), onFailure: 'roll-back' },
    { id: 'closing-confirm', title: 'Is it well?', onFailure: 'roll-back', timeout: '2h', confirm: KINDS.confirm },
    { id: 'closing-notes', title: 'Is it told?', confirm: KINDS.confirm },
  ],
});

/** Each title with its plan and the YAML below `scenario:`. */
const SCENARIOS: Record<string, [plan: string, text: string]> = {
  'all hold': [
    PLAN,
    `
expect:
  outcome: succeeded
  items: { 9.1.1: passed, 9.1.2: attested }
  steps: { staging-kept.before: passed, production-kept.before: passed, production-kept: passed }
`,
  ],
  'one fails on staging, and people are asked': [
    PLAN,
    `
world:
  steps: { staging-sql: { fails: value, times: 1 } }
  answers: [{ question: staging-sql, answer: retry }]
expect: { outcome: succeeded, questions: [staging-sql], items: { 9.1.1: passed } }
`,
  ],
  'one fails in production, and production is rolled back unasked': [
    PLAN,
    `
world: { steps: { production-command: { exitCode: 4 } } }
expect: { outcome: rolled-back, rollback: { step: production-command }, not: { questions: [step-failed] } }
`,
  ],
  'one is unknown in production, and people are asked before anything is rolled back': [
    PLAN,
    `
world:
  steps: { production-sql: { failure: PreconditionFailed } }
  answers: [{ question: production-sql, answer: skip, why: looked at by hand }]
expect: { outcome: succeeded, questions: [production-sql], steps: { production-sql: skipped }, not: { rollback: true } }
`,
  ],
  'what is compared with later cannot be read, and people are asked while nothing has changed': [
    PLAN,
    `
world:
  steps: { production-kept.before: { fails: read } }
  answers: [{ question: production-kept.before, answer: abort }]
expect: { outcome: aborted, phase: production, not: { rollback: true, steps: [production.deploy] } }
`,
  ],
  ...Object.fromEntries(
    ['prerequisites-kept', 'staging-sql', 'soak-sql', 'approval-sql'].map((step) => [
      `${step} fails, and the deployment stops unasked`,
      [
        CONSEQUENCES,
        `
world: { steps: { ${step}: { fails: value } } }
expect:
  outcome: aborted
  phase: ${step.split('-')[0]}
  steps: { ${step}: failed }
  not: { rollback: true, questions: [step-failed], steps: [production.backup] }
`,
      ],
    ]),
  ),
  'one that would stop is unknown, and people are asked': [
    CONSEQUENCES,
    `
world:
  steps: { staging-sql: { failure: PreconditionFailed, times: 1 } }
  answers: [{ question: staging-sql, answer: retry }]
expect: { outcome: succeeded, questions: [staging-sql] }
`,
  ],
  'nobody confirms in time, and the deployment stops': [
    CONSEQUENCES,
    `
world: { answers: [{ question: approval-confirm, answer: never }] }
expect: { outcome: aborted, phase: approval, steps: { approval-confirm: failed }, not: { questions: [step-failed] } }
`,
  ],
  'one in production asks because the plan says so': [
    CONSEQUENCES,
    `
world:
  steps: { production-sql: { fails: value } }
  answers: [{ question: production-sql, answer: rollback, option: code, why: customers see it }]
expect: { outcome: rolled-back, questions: [production-sql], rollback: { option: code } }
`,
  ],
  'one after the watches rolls back because the plan says so': [
    CONSEQUENCES,
    `
world: { steps: { watch-sql: { fails: value } } }
expect: { outcome: rolled-back, phase: watch, rollback: { step: watch-sql }, not: { questions: [step-failed] } }
`,
  ],
  'one that compares rolls back at the very end': [
    CONSEQUENCES,
    `
world: { steps: { closing-kept: { fails: before } } }
expect: { outcome: rolled-back, phase: closing, rollback: { step: closing-kept } }
`,
  ],
  'production breaks while somebody is asked at the very end, and is not left alone': [
    CONSEQUENCES,
    `
world:
  metrics: { error-rate: [{ in: production, from: 70m, constant: 50 % }] }
  answers: [{ question: closing-notes, after: 100m }]
expect: { outcome: rolled-back, phase: closing, rollback: { criterion: immediate-errors } }
`,
  ],
  'nobody confirms at the very end, and production goes back': [
    CONSEQUENCES,
    `
world: { answers: [{ question: closing-confirm, answer: never }] }
expect: { outcome: rolled-back, phase: closing, rollback: { step: closing-confirm } }
`,
  ],
};

let rehearsals: Rehearsals;
const named = (title: string) => rehearsals.runs.find((run) => run.scenario.title === title);

beforeAll(async () => {
  const list = Object.entries(SCENARIOS).map(([title, [plan, text]], index) => ({
    ...scenario(`own-${index}`, text.trimStart(), plan),
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
