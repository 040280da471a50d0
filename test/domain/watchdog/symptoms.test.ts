import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SeenDeployment, SeenWatch, SeenWorkflow } from '../../../src/domain/watchdog/seen.js';
import { symptomsOf, WATCHDOG_RULES } from '../../../src/domain/watchdog/symptoms.js';

const NOW = Date.UTC(2026, 0, 1);
const rules = WATCHDOG_RULES;
const watching: SeenWatch = { tick: 30_000, lastEventAt: NOW - 90_000, isSampling: true, blind: [] };
const of = (parts: Partial<SeenWorkflow>, more: Partial<SeenDeployment> = {}) =>
  symptomsOf(
    {
      deployment: 'd',
      run: { workflowId: 'w', runId: 'r' },
      workflows: [{ workflowId: 'w', title: 'the watch “5 min”', activities: [], ...parts }],
      queues: [],
      unseen: [],
      ...more,
    },
    { rules, now: NOW },
  );

describe('what is wrong', () => {
  test('a watch is silent after three of its ticks, and never within a minute', () => {
    expect(of({ watch: watching })).toMatchObject([{ kind: 'no-tick', since: NOW - 90_000 }]);
    expect(of({ watch: { ...watching, lastEventAt: NOW - 89_999 } })).toEqual([]);
    expect(of({ watch: { ...watching, tick: 1_000, lastEventAt: NOW - 60_000 } })).toMatchObject([{ kind: 'no-tick' }]);
    expect(of({ watch: { ...watching, tick: 1_000, lastEventAt: NOW - 59_999 } })).toEqual([]);
  });

  test('a watch that comes to its end samples no more, and is not silent for that', () => {
    expect(of({ watch: { ...watching, isSampling: false } })).toEqual([]);
  });

  test('a watch whose task nobody takes, or whose task fails, is silent for that reason and no other', () => {
    const task = { since: NOW, attempt: 1, isTaken: false };
    expect(of({ watch: watching, task }).map(({ kind }) => kind)).toEqual(['not-served']);
    expect(of({ watch: watching, task: { ...task, attempt: 9 } }).map(({ kind }) => kind)).toEqual(['task-fails']);
  });

  test('a metric of which nothing is seen is named, with the reason', () => {
    const blind = [{ metric: 'error-rate', since: NOW, why: 'connection refused' }];
    expect(of({ watch: { ...watching, blind } })).toMatchObject([
      { kind: 'no-tick' },
      {
        kind: 'no-samples',
        text: 'the watch “5 min” sees nothing of error-rate: connection refused',
        patience: 90_000,
      },
    ]);
  });

  test('an activity is told of when nobody takes it, or when it is tried more often than any policy with an end does', () => {
    const activities = [
      { type: 'runCommand', attempt: 1, waitingSince: NOW },
      { type: 'deploy', attempt: 19, failure: 'again' },
      { type: 'migrate', attempt: 20, failure: 'again' },
    ];
    expect(of({ activities }).map(({ kind, text }) => [kind, text])).toEqual([
      ['not-served', 'the watch “5 min” waits for runCommand, which no worker takes'],
      ['activity-fails', 'the watch “5 min” tries migrate for the 20th time (again)'],
    ]);
  });

  test('a queue of which the server does not say who asks is not seen, which is not the same as not served', () => {
    const queues = [{ queue: 'surefoot', state: 'unknown' as const, text: 'not known' }];
    expect(of({}, { queues })).toMatchObject([{ kind: 'not-seen', patience: rules.absence }]);
  });

  test('each symptom has a key of its own, the same at each look', () => {
    const task = fc.option(fc.record({ since: fc.nat(), attempt: fc.nat(9), isTaken: fc.boolean() }), {
      nil: undefined,
    });
    const activity = fc.record({ type: fc.constantFrom('a', 'b'), attempt: fc.nat(30), waitingSince: fc.nat() });
    const workflow = fc.record({
      workflowId: fc.uuid(),
      title: fc.string(),
      task,
      activities: fc.uniqueArray(activity, { selector: ({ type }) => type }),
    });
    fc.assert(
      fc.property(fc.array(workflow), (workflows) => {
        const seen = { deployment: 'd', run: { workflowId: 'w', runId: 'r' }, workflows, queues: [], unseen: [] };
        const keys = symptomsOf(seen, { rules, now: NOW }).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        expect(symptomsOf(structuredClone(seen), { rules, now: NOW }).map(({ key }) => key)).toEqual(keys);
      }),
    );
  });
});
