/** Scenarios on a real server in virtual time: the deployment's own code, in worlds in which something goes wrong. More: test/long. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rehearsals } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import type { RehearsalResult } from '../../src/rehearsal/result.js';
import { rehearseAll } from './short-plan.js';

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

  'an approval after twenty hours, reminded at four and sixteen': `
world:
  answers: [{ question: sign-offs, role: product-owner, after: 20h }]
expect:
  outcome: succeeded
  told: [{ event: question-reminded, to: [backend-team], times: 2 }, question-answered]
  not: { told: [question-escalated] }`,

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

  'a freeze that ends in the night': `
starts: "2026-12-23 09:00"
changes:
  windows.freeze: [{ title: Natal, from: "2026-12-23 08:00", to: "2026-12-27 00:00" }]
  windows.deploy: [{ days: [mon-thu], from: "09:00", to: "16:00" }]
expect:
  outcome: succeeded
  told: [{ event: window-awaited, to: [deploys] }]
  steps: { production.window: passed }`,

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
  rehearsals = await rehearseAll(list);
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
