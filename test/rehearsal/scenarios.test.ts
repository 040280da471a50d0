/** Scenarios on a real server in virtual time: the deployment's own code, in worlds in which something goes wrong. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import type { RehearsalResult } from '../../src/rehearsal/result.js';
import { scenario, shortPlanText } from './short-plan.js';

/** The plan's people, each with a key. */
function withKeys(): Record<string, object> {
  const roster = Object.entries(parse(shortPlanText()).approvals.roster) as [string, object][];
  const keys = [`ssh-ed25519 ${'A'.repeat(68)}`];
  return Object.fromEntries(roster.map(([id, person]) => [id, { ...person, keys }]));
}

const list = {
  'a rollback on a criterion, timed from the moment the metric crossed its threshold': `
world:
  metrics:
    error-rate: [{ in: watch-1h, from: 4m30s, constant: 12 % }]
expect:
  outcome: rolled-back
  rollback: { option: full, criterion: immediate-errors, within: 2m30s, attempts: 1 }
  told: [{ event: breach, to: [incidents, pager-devops, pager-dba] }]
  steps: { watch-5m: passed, watch-1h: failed, rollback-full.verify: passed }
  not: { steps: [watch-24h], questions: [concern, step-failed] }`,

  'samples come late, and so does the rollback': `
world:
  metrics:
    error-rate: [{ in: watch-1h, late: 3m }, { in: watch-1h, from: 4m30s, constant: 12 % }]
expect:
  outcome: rolled-back
  rollback: { criterion: immediate-errors, within: 5m30s }`,

  'a breach that builds up at the end of a watch is waited for': `
world:
  metrics:
    error-rate: [{ in: watch-1h, from: 18m30s, constant: 12 % }]
expect:
  outcome: rolled-back
  phase: watch
  rollback: { criterion: immediate-errors, within: 2m30s }`,

  'a concern that somebody answers after ten minutes': `
changes: { "watches[1].consider.within": 12m, criteria.consider-cpu.for: 2m, criteria.cpu-1h.for: 19m }
world:
  metrics: { cpu: [{ in: watch-1h, from: 2m, for: 14m, constant: 97 % }] }
  answers: [{ question: consider-cpu, after: 10m, answer: resume, why: it is the reindexing }]
expect:
  outcome: succeeded
  questions: [consider-cpu]
  not: { rollback: true }`,

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

  'an approval after twenty hours, reminded at four and sixteen': `
world:
  answers: [{ question: sign-offs, role: product-owner, after: 20h }]
expect:
  outcome: succeeded
  told: [{ event: question-reminded, to: [backend-team], times: 2 }, question-answered]
  not: { told: [question-escalated] }`,

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

  'a rollback that fails twice, then the backup is restored': `
world:
  metrics: { error-rate: [{ in: watch-1h, from: 5m, constant: 50 % }] }
  steps: { rollback-full.downgrade: { fails: ran, output: connection refused } }
  answers:
    - { question: rollback, answer: retry, after: 10m, time: 1 }
    - { question: rollback, answer: rollback, option: restore, after: 20m, time: 2, why: there is no other way }
expect:
  outcome: rolled-back
  rollback: { option: restore, attempts: 3 }
  told: [{ event: rollback-failed, to: [pager-dba], times: 2 }]`,

  'a rollback that nobody can make': `
world:
  metrics: { error-rate: [{ in: watch-1h, from: 5m, constant: 50 % }] }
  steps: { rollback-full.deploy: { exitCode: 1 } }
expect:
  outcome: rollback-failed
  rollback: { option: full, attempts: 1 }`,

  'somebody rolls production back in the middle of a watch': `
world:
  interventions: [{ does: rollback, option: code, at: watch-1h, after: 12m, who: diego.alves, role: devops, why: customers call }]
expect:
  outcome: rolled-back
  rollback: { option: code }
  steps: { watch-1h: failed }
  not: { steps: [watch-24h] }`,

  'a hold for three hours': `
world:
  interventions: [{ does: hold, at: staging.indexes, for: 3h, who: diego.alves, role: devops, why: an incident elsewhere }]
expect:
  outcome: succeeded
  told: [held, resumed]`,

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

  'a freeze that ends in the night': `
starts: "2026-12-23 09:00"
changes:
  windows.freeze: [{ title: Natal, from: "2026-12-23 08:00", to: "2026-12-27 00:00" }]
  windows.deploy: [{ days: [mon-thu], from: "09:00", to: "16:00" }]
expect:
  outcome: succeeded
  told: [{ event: window-awaited, to: [deploys] }]
  steps: { production.window: passed }`,

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

  'metrics that cannot be asked for some minutes change nothing': `
world:
  faults: [{ outage: all, in: watch-1h, from: 5m, for: 3m }]
  metrics: { down: [{ in: watch-1h, constant: 0 }] }
changes: { criteria.immediate-down.providerError: unknown }
expect:
  outcome: succeeded
  not: { rollback: true, questions: [step-failed] }`,

  'expectations that are wrong': `
world:
  metrics: { deadlocks: [{ in: watch-1h, from: 5m, constant: 9 }] }
expect:
  outcome: succeeded
  rollback: { option: full, within: 30s }
  steps: { watch-24h: passed }
  not: { rollback: true }`.replace('  not: { rollback: true }', '  not: { told: [breach] }'),
};

let rehearsals: Rehearsals;
const results = new Map<string, RehearsalResult>();

beforeAll(async () => {
  const scenarios = Object.entries(list).map(([title, text], index) => ({
    ...scenario(`s${index + 1}`, text.trimStart()),
    title,
  }));
  rehearsals = await rehearse(scenarios, { jobs: 3 });
  for (const result of rehearsals.results) results.set(result.title, result);
}, 400_000);

afterAll(() => rehearsals?.stop(), 30_000);

test.each(Object.keys(list).slice(0, -1))('%s', (title) => {
  const result = results.get(title) as RehearsalResult;
  const text = `${JSON.stringify(result.differences)}\n${timelineText(result.timeline)}`;
  expect(result.differences, text).toEqual([]);
});

const happenings = (title: keyof typeof list, what: string) =>
  (results.get(title)?.timeline ?? [])
    .filter((happening) => happening.what === what)
    .map(({ at, text }) => [at / 60_000, text]);

test('reminders and the late answer stand at their own times', () => {
  const title = 'an approval after twenty hours, reminded at four and sixteen';
  const asked = 20;
  expect(happenings(title, 'told').filter(([, text]) => String(text).includes('remind of'))).toEqual(
    [4, 16].map((hours) => [asked + hours * 60, expect.stringContaining('backend-team: remind of')]),
  );
  expect(happenings(title, 'decided').filter(([, text]) => String(text).includes('product-owner'))).toEqual([
    [asked + 20 * 60, expect.stringContaining('approve sign-offs by')],
  ]);
});

test('a breach near the end of a watch costs a tick a minute, not one a millisecond', () => {
  const result = results.get('a breach that builds up at the end of a watch is waited for');
  expect(result?.rollback).toMatchObject({ detectedWithin: 150, sinceFirstSample: 120 });
  expect(result?.samples).toBeLessThan(1_000);
});

test('somebody who acts in a watch acts at that time', () => {
  const [first] = happenings('somebody rolls production back in the middle of a watch', 'rollback');
  expect(first?.[0]).toBe(20 + 5 + 12);
});

test('a freeze lasts as long as the calendar says', () => {
  // From Wednesday nine o'clock to Monday nine o'clock.
  const { virtualSeconds } = results.get('a freeze that ends in the night') as RehearsalResult;
  expect(virtualSeconds).toBe(5 * 86_400 + (5 + 20 + 20) * 60);
});

test('what came otherwise is told with what was expected, and when', () => {
  const result = results.get('expectations that are wrong') as RehearsalResult;
  expect(result.met).toBe(false);
  expect(result.differences.map(({ what, expected, actual }) => [what, expected, actual])).toEqual([
    ['outcome', 'succeeded', expect.stringMatching(/^rolled-back \(/)],
    ['rollback.option', 'full', 'migration'],
    ['rollback.within', '30 s', 'after 1 min'],
    ['steps.watch-24h', 'passed', 'not begun'],
    ['not.told', 'no breach', expect.stringContaining('a criterion that calls for a rollback is broken')],
  ]);
});
