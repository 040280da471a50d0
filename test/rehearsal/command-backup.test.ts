/** Backups by commands in rehearsals: proven before production is touched, and the last resort where the plan has it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPlan } from '../../src/plan/load.js';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import { rehearsedSteps } from '../../src/rehearsal/scenario/plan-names.js';
import { planWithBackup } from '../plan/backup/commands-plan.js';
import { scenario } from './short-plan.js';

const PLAN = planWithBackup();
const WITHOUT_RESTORE = planWithBackup((text) => text.replace(/^ {2}restore: .*\n/m, ''));

const FAILS_ON_THE_WAY_BACK = `
  steps:
    production.smoke: { fails: greets.status }
    rollback-code.deploy: { exitCode: 1, output: disk full }
`;
const list = {
  'it is proven, and production goes on': [
    PLAN,
    `
expect:
  outcome: succeeded
  steps: { production.backup: passed }`,
  ],

  'what is restored on trial answers otherwise: production is not touched': [
    PLAN,
    `
world:
  steps: { production.backup: { fails: contents, output: "orders 6, not orders 7 as in the database" } }
expect:
  outcome: aborted
  phase: production
  not: { rollback: true, steps: [production.deploy] }`,
  ],

  'nobody knows how a command of it ended: somebody is asked': [
    PLAN,
    `
world:
  steps: { production.backup: { failure: OutcomeUnknown, times: 1 } }
  answers: [{ question: production.backup, answer: retry, after: 5m }]
expect:
  outcome: succeeded
  questions: [production.backup]`,
  ],

  'a rollback fails, and the backup is put in place': [
    PLAN,
    `
world:${FAILS_ON_THE_WAY_BACK}
  answers: [{ question: rollback, answer: rollback, option: restore, why: there is no other way }]
expect:
  outcome: rolled-back
  rollback: { option: restore, attempts: 2 }
  steps: { rollback-restore.restore: passed }`,
  ],

  'a rollback fails, and there is no command that puts the backup in place': [
    WITHOUT_RESTORE,
    `
world:${FAILS_ON_THE_WAY_BACK}
  answers: [{ question: rollback, answer: never }]
expect:
  outcome: waiting`,
  ],
} satisfies Record<string, [plan: string, text: string]>;

let rehearsals: Rehearsals;
beforeAll(async () => {
  const scenarios = Object.entries(list).map(([title, [plan, text]], index) => ({
    ...scenario(`commands-${index}`, text.trimStart(), plan),
    title,
  }));
  rehearsals = await rehearse(scenarios, { jobs: 3 });
}, 400_000);
afterAll(() => rehearsals?.stop(), 30_000);

test.each(Object.keys(list))('%s', (title) => {
  const result = rehearsals.results.find((one) => one.title === title);
  expect(result?.differences, timelineText(result?.timeline ?? [])).toEqual([]);
});

test('without such a command it is not offered, and no scenario can name it', () => {
  const last = rehearsals.runs.find(({ scenario: { title } }) => title.includes('no command that puts'));
  expect(last?.ledger.production.backup).toBeUndefined();
  expect(last?.ledger.questions.map(({ text }) => text)).toEqual([
    expect.stringMatching(/Ways back: code; the plan has no command that puts its backup in place/),
  ]);
  const steps = (file: string) => [...rehearsedSteps(loadPlan(file).resolved).keys()];
  expect(steps(PLAN)).toContain('rollback-restore.restore');
  expect(steps(WITHOUT_RESTORE).filter((id) => id.startsWith('rollback-restore'))).toEqual([]);
});
