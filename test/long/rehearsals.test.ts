/** More scenarios as those of `test/rehearsal`: each comes out as it says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Rehearsals } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import { rehearseAll, shortPlanText } from '../rehearsal/short-plan.js';

/** The plan's people, each with a key. */
function withKeys(): Record<string, object> {
  const roster = Object.entries(parse(shortPlanText()).approvals.roster) as [string, object][];
  const keys = [`ssh-ed25519 ${'A'.repeat(68)}`];
  return Object.fromEntries(roster.map(([id, person]) => [id, { ...person, keys }]));
}

const list = {
  'samples come late, and so does the rollback': `
world:
  metrics:
    error-rate: [{ in: watch-1h, late: 3m }, { in: watch-1h, from: 4m30s, constant: 12 % }]
expect:
  outcome: rolled-back
  rollback: { criterion: immediate-errors, within: 5m30s }`,

  'a concern that nobody answers ends as the plan says': `
changes:
  "watches[1].consider": { within: 5m, otherwise: rollback }
  criteria.consider-cpu.for: 2m
  criteria.cpu-1h.for: 19m
world:
  metrics: { cpu: [{ in: watch-1h, from: 2m, constant: 97 % }] }
  answers: [{ question: concern, answer: never }]
expect:
  outcome: rolled-back
  rollback: { option: code, criterion: consider-cpu }`,

  'a watch without data is put to people, and production is guarded until they answer': `
world:
  metrics: { latency-p95: [{ in: watch-1h, noData: the exporter is gone }] }
  answers: [{ question: watch-1h, answer: skip, after: 2h, why: seen by hand }]
expect:
  outcome: succeeded
  questions: [step-failed]
  steps: { watch-1h: skipped }
  not: { rollback: true }`,

  'a breach while people think is acted on': `
world:
  metrics:
    latency-p95: [{ in: watch-1h, for: 21m, noData: the exporter is gone }, { in: watch-1h, from: 40m, constant: 11 s }]
  answers: [{ question: watch-1h, answer: skip, after: 2h, why: seen by hand }]
expect:
  outcome: rolled-back
  rollback: { option: code, criterion: immediate-latency, within: 1m }`,

  'an approver who never answers': `
patience: 30h
world:
  answers: [{ question: sign-offs, role: qa, answer: never }]
expect:
  outcome: waiting
  phase: approval
  waiting: sign-offs
  told: [{ event: question-reminded, times: 3 }, { event: question-escalated, to: [incidents, pager-devops], times: 1 }]
  not: { steps: [production.backup], told: [deploying] }`,

  'sign-offs that have to be signed': `
changes: { approvals.signed: true, approvals.roster: ${JSON.stringify(withKeys())} }
expect:
  outcome: succeeded`,

  'a rejection': `
world:
  answers: [{ question: sign-offs, role: qa, answer: reject, after: 1h, why: the filters are wrong }]
expect:
  outcome: rejected
  not: { rollback: true, steps: [production.backup] }`,

  'a step that fails once, and is tried again': `
world:
  steps: { staging.deploy: { exitCode: 2, output: no space left on device, times: 1 } }
  answers: [{ question: staging.deploy, answer: retry, after: 15m }]
expect:
  outcome: succeeded
  questions: [step-failed]
  told: [{ event: step-failed, to: [incidents] }]
  steps: { staging.deploy: passed }`,

  'a migration that takes too long is rolled back': `
world:
  migration: { production: { takes: 45s } }
expect:
  outcome: rolled-back
  phase: production
  rollback: { option: full, step: production.migration }
  steps: { production.migration: failed }`,

  'a migration that cannot be undone: only the code goes back': `
changes: { rollback.irreversible: allow }
world:
  migration: { downgrade: loses }
  metrics: { error-rate: [{ in: watch-5m, from: 10s, constant: 50 % }] }
expect:
  outcome: rolled-back
  rollback: { option: code }`,

  'what users have written is not dropped': `
world:
  migration: { adds: { tables: [review_notes] }, written: { review_notes: 12 } }
  metrics: { error-rate: [{ in: watch-1h, from: 5m, constant: 50 % }] }
expect:
  outcome: rolled-back
  rollback: { option: code, criterion: immediate-errors }`,

  'a rollback that nobody can make': `
world:
  metrics: { error-rate: [{ in: watch-1h, from: 5m, constant: 50 % }] }
  steps: { rollback-full.deploy: { exitCode: 1 } }
expect:
  outcome: rollback-failed
  rollback: { option: full, attempts: 1 }`,

  'a hold before the first watch: production is watched all the same': `
world:
  interventions: [{ does: hold, at: production.smoke, who: diego.alves, role: devops, why: lunch }]
  metrics: { error-rate: [{ in: production, from: 10m, constant: 50 % }] }
expect:
  outcome: rolled-back
  rollback: { option: full, criterion: immediate-errors }
  not: { told: [resumed], steps: [watch-5m] }`,

  'a hold that nobody ends': `
patience: 1h
world:
  interventions: [{ does: hold, at: production.smoke, who: diego.alves, role: devops, why: lunch }]
expect:
  outcome: waiting
  waiting: hold`,

  'a window that is overridden': `
starts: "2026-11-27 20:00"
changes: { windows.deploy: [{ days: [mon-thu], from: "09:00", to: "16:00" }] }
world:
  answers: [{ question: window, answer: override, role: tech-lead, after: 30m, why: it cannot wait }]
expect:
  outcome: succeeded
  questions: [window]`,

  'the release does not answer its health check': `
world:
  health: { production: { never: true } }
expect:
  outcome: rolled-back
  rollback: { step: production.health }`,
};

let rehearsals: Rehearsals;

beforeAll(async () => {
  rehearsals = await rehearseAll(list);
}, 400_000);

afterAll(() => rehearsals?.stop(), 30_000);

test.each(Object.keys(list))('%s', (title) => {
  const result = rehearsals.results.find((one) => one.title === title);
  const text = result && `${JSON.stringify(result.differences)}\n${timelineText(result.timeline)}`;
  expect(result?.differences, text).toEqual([]);
});
