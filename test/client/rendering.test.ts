import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { onlyRole } from '../../src/client/commands/decide.js';
import { readParameters } from '../../src/client/commands/sandbox.js';
import { exitCodeOf } from '../../src/client/commands/status.js';
import { ledgerChanges } from '../../src/client/rendering/changes.js';
import { renderStatus } from '../../src/client/rendering/status.js';
import type { Outcome } from '../../src/domain/ledger/ledger.js';
import { judgePollers } from '../../src/temporal/queue-service.js';
import { judgeWatchdog } from '../../src/temporal/watchdog-service.js';
import { ledgerWith, questionWith, START, stepWith } from './ledgers.js';

const colors = pc.createColors(false);
const render = (ledger: Parameters<typeof renderStatus>[0]) => renderStatus(ledger, { colors, now: START + 60_000 });

const ROLLBACK = {
  option: 'restore' as const,
  workflowId: 'w',
  trigger: { kind: 'person' as const, who: 'ana', text: 'asked for' },
  reasons: [],
  startedAt: START,
  steps: [],
};

describe('status', () => {
  test('shows the present phase step by step and the phases that passed in one line', () => {
    const text = render(
      ledgerWith({
        steps: [
          stepWith({
            id: 'admission',
            phase: 'prerequisites',
            title: 'Admission',
            state: 'passed',
            endedAt: START + 1_000,
          }),
          stepWith({}),
        ],
      }),
    );
    expect(text).toContain('✓ prerequisites 1 of 1 steps passed');
    expect(text).not.toContain('Admission');
    expect(text).toContain('▸ 1.1 Deploy the release to staging (1 min)');
    expect(text).toContain('Next: Deploy the release to staging finishes');
  });

  test('says how far the work of the present step is, or of a rollback, where that was heard', () => {
    const progress = '7 bytes dumped';
    expect(render(ledgerWith({ steps: [stepWith({ progress })] }))).toMatch(/\(1 min\)\n {8}7 bytes dumped\n/);
    const rollback = { ...ROLLBACK, progress: '3 of 12 tables restored or begun' };
    expect(render(ledgerWith({ rollback }))).toContain(
      'Rollback (restore): under way, 3 of 12 tables restored or begun',
    );
  });

  test('says exactly what to type for an open confirmation', () => {
    const text = render(ledgerWith({ questions: [questionWith({})] }));
    expect(text).toContain('surefoot confirm manual-validation --as WHO --role qa');
    expect(text).toContain('Next: waits for Does everything work?');
  });

  test('names the runner of each environment that has one of its own', () => {
    const own = (identity: string) => ({ queue: `surefoot@${identity}`, named: [identity] });
    const text = render(ledgerWith({ runner: 'surefoot@a', runners: { staging: own('b'), production: own('c') } }));
    expect(text).toContain('commands of staging run on runner b');
    expect(text).toContain('commands of production run on runner c');
    expect(render(ledgerWith({ runner: 'surefoot@a' }))).not.toContain('run on runner');
  });

  test('never says that nobody has to do anything while nobody serves a queue, or nobody knows', () => {
    const ledger = ledgerWith({ steps: [stepWith({})], runner: 'surefoot@0123456789abcdef' });
    const at = { colors, now: START + 60_000 };
    const idle = judgePollers('surefoot@0123456789abcdef', [], START);
    const text = renderStatus(ledger, { ...at, services: [idle] });
    expect(text).toContain('Next: waits for a worker: runner 0123456789abcdef has not been served');
    expect(text).toContain('with the state folder of runner 0123456789abcdef');
    expect(text).not.toContain('nobody has to do anything');
    const unseen = judgePollers('surefoot@0123456789abcdef', [{ identity: '7@a' }], START);
    expect(renderStatus(ledger, { ...at, services: [unseen] })).not.toContain('nobody has to do anything');
    const served = judgePollers('surefoot@0123456789abcdef', [{ identity: '7@a', at: START }], START);
    expect(renderStatus(ledger, { ...at, services: [served] })).toContain('nobody has to do anything');
  });

  test('says that no watchdog looks, or that nobody knows, and what to do about it', () => {
    const at = { colors, now: START + 60_000 };
    const ledger = ledgerWith({ steps: [stepWith({})] });
    const absent = renderStatus(ledger, { ...at, watchdog: judgeWatchdog(undefined, START) });
    expect(absent).toContain(
      'no watchdog looks at deployments: when workers are away, or cannot go on, nobody is told',
    );
    expect(absent).toContain('surefoot worker --watchdog');
    const unknown = { state: 'unknown', text: 'whether a watchdog looks at deployments is not known: away' } as const;
    expect(renderStatus(ledger, { ...at, watchdog: unknown })).toContain('is not known: away');
    const looks = judgeWatchdog({ isPaused: false, lastLookAt: START }, START + 1_000);
    expect(renderStatus(ledger, { ...at, watchdog: looks })).not.toContain('watchdog');
  });

  test('offers each move of a failed step, with a reason where one is needed', () => {
    const moves = ['retry', 'skip', 'abort'] as const;
    const question = questionWith({ kind: 'step-failed', id: 'staging.deploy', roles: ['devops'], moves: [...moves] });
    const failed = stepWith({ state: 'failed', reason: 'deploy.sh exited with 1' });
    const text = render(ledgerWith({ steps: [failed], questions: [question] }));
    expect(text).toContain('surefoot retry staging.deploy --as WHO --role devops');
    expect(text).toContain('surefoot skip staging.deploy --as WHO --role devops --why "…"');
    expect(text).toContain('surefoot abort --as WHO --role devops --why "…"');
    expect(text).toContain('deploy.sh exited with 1');
  });

  test('lists the sign-offs that are there and those that are missing', () => {
    const question = questionWith({ kind: 'approvals', id: 'sign-offs', roles: ['qa', 'devops'], moves: ['approve'] });
    const approvals = [{ role: 'qa', who: 'fabio', at: START, digest: 'a'.repeat(64) }];
    const text = render(ledgerWith({ phase: 'approval', approvals, questions: [question] }));
    expect(text).toContain('✓ qa: fabio');
    expect(text).toContain('· devops: missing');
    expect(text).toContain('surefoot approve --as WHO --role devops');
    expect(text).not.toContain('surefoot approve --as WHO --role qa');
  });

  test('what counts only when it is signed is typed with a key, and nothing else is', () => {
    const question = questionWith({ kind: 'approvals', id: 'sign-offs', roles: ['qa'], moves: ['approve', 'reject'] });
    const demands = { signed: ['approve' as const], people: [], approve: ['qa'], roles: {} };
    const text = render(ledgerWith({ phase: 'approval', questions: [question], demands }));
    expect(text).toContain('surefoot approve --as WHO --role qa --sign KEY');
    expect(text).toMatch(/surefoot reject --as WHO --role ROLE --why "…"$/m);
  });

  test('of a watch that a breach has ended it counts what was seen without one, and lists what was not seen', () => {
    const rule = { tier: 'rollback' as const, samples: 9, unknown: 0, worst: 4, last: 4, unit: '%', rule: '> 10 %' };
    const criteria = [
      { ...rule, id: 'errors', title: 'Errors', verdict: 'breached' as const, worst: 12 },
      { ...rule, id: 'cpu', title: 'CPU', verdict: 'unknown' as const },
      { ...rule, id: 'memory', title: 'Memory', verdict: 'unknown' as const, unknown: 2 },
    ];
    const watch = {
      id: 'watch-5m',
      workflowId: 'w',
      title: 'Watch',
      startedAt: START,
      ticks: 9,
      samples: 27,
      criteria,
    };
    const text = render(ledgerWith({ monitors: [{ ...watch, verdict: 'breached', endedAt: START + 1_000 }] }));
    expect(text).toContain('✗ breached  Errors (> 10 %): worst 12 %');
    expect(text).toContain('? unknown  Memory (> 10 %): worst 4 %');
    expect(text).toContain('· no breach seen: 1');
    expect(text).not.toContain('CPU');
    // Watched to its end, too little was known of it.
    const whole = render(ledgerWith({ monitors: [{ ...watch, verdict: 'unknown', endedAt: START + 1_000 }] }));
    expect(whole).toContain('? unknown  CPU');
    expect(whole).not.toContain('no breach seen');
  });

  test('tells why production was rolled back and how long it took', () => {
    const text = render(
      ledgerWith({
        outcome: 'rolled-back',
        reason: 'error rate',
        endedAt: START + 1_000,
        rollback: {
          option: 'full',
          workflowId: 'w',
          trigger: { kind: 'criterion', criterion: 'errors', text: 'error rate 50 %', breachedAt: START },
          reasons: ['the code and the migration are suspect'],
          startedAt: START,
          succeeded: true,
          steps: [],
          estimate: 900_000,
          took: 30_000,
        },
      }),
    );
    expect(text).toContain('Rollback (full): production is back in 30 s, estimate 15 min');
    expect(text).toContain('because error rate 50 %');
    expect(text).toContain('the code and the migration are suspect');
  });

  test('shows no watch of an ended deployment as running, and does not count what it does not know', () => {
    const watched = { workflowId: 'w', startedAt: START, ticks: 0, samples: 0, criteria: [] };
    const monitors = [
      { ...watched, id: 'guard', title: 'Guard', endedAt: START + 1_000 },
      { ...watched, id: 'watch-5m', title: 'Watch' },
    ];
    expect(render(ledgerWith({ monitors }))).toMatch(
      /Guard: · stopped before its end\n {2}Watch: ▸ running, 0 samples in 0 ticks/,
    );
    for (const end of [{ outcome: 'aborted', reason: 'not today' } as const, { ending: 'terminated' }]) {
      const text = render(ledgerWith({ monitors, ...end }));
      expect(text).toContain('Watch: · stopped before its end');
      expect(text).not.toMatch(/▸ running|0 samples/);
      expect(ledgerChanges(undefined, ledgerWith({ monitors, ...end }))).toContain('watch watch-5m stopped: Watch');
    }
  });

  test('counts the boxes of the checklist in one line', () => {
    const none = { failed: 0, skipped: 0 };
    const items = { total: 117, passed: 90, unknown: 9, attested: 11, notApplicable: 7, ...none };
    expect(render(ledgerWith({ items }))).toContain(
      'Items: 117 boxes: 90 passed, 9 unknown, 11 attested, 7 not applicable',
    );
    expect(render(ledgerWith())).not.toContain('Items:');
  });

  test('shows the last decisions that were refused', () => {
    const refused = { kind: 'approve', who: 'eve', role: 'qa', at: START, via: 'signal', accepted: false } as const;
    expect(render(ledgerWith({ decisions: [{ ...refused, reason: 'not on the roster' }] }))).toContain(
      'approve by eve: not on the roster',
    );
  });

  test('what could not be kept is not said to be unannounced', () => {
    const shown = render(ledgerWith({ unkept: ['not archived: the report: no space left'] }));
    expect(shown).toContain('Could not be kept\n  not archived: the report: no space left');
    expect(shown).not.toContain('announced');
    expect(render(ledgerWith({ untold: ['started (no answer)'] }))).toContain('Could not be announced\n  started (no');
  });

  test('exits 0 while running or succeeded, 1 when it ended otherwise', () => {
    const code = (running: boolean, outcome?: Outcome) => exitCodeOf({ found: { running }, ledger: { outcome } });
    expect([code(true), code(false, 'succeeded'), code(false, 'rolled-back'), code(false)]).toEqual([0, 0, 1, 1]);
  });
});

describe('changes', () => {
  test('the first look tells everything, the next only what is new', () => {
    const before = ledgerWith({ steps: [stepWith({})] });
    const after = ledgerWith({ steps: [stepWith({ state: 'passed', endedAt: START + 2_000 })] });
    expect(ledgerChanges(undefined, before)).toEqual([
      'phase: staging',
      'step staging.deploy running: Deploy the release to staging',
    ]);
    expect(ledgerChanges(before, after)).toEqual(['step staging.deploy passed in 2 s: Deploy the release to staging']);
    expect(ledgerChanges(after, after)).toEqual([]);
  });
});

describe('roles', () => {
  test('the role is known when the one open question has one role', () => {
    expect(onlyRole('confirm', undefined, ledgerWith({ questions: [questionWith({})] }))).toBe('qa');
  });

  test.each(['confirm', 'rollback'] as const)('%s answers the choice of a rollback, by its one role', (kind) => {
    const question = questionWith({ kind: 'rollback-choice', id: 'rollback', moves: ['confirm', 'rollback'] });
    expect(onlyRole(kind, undefined, ledgerWith({ questions: [question] }))).toBe('qa');
  });

  test('otherwise the possible ones are named', () => {
    const ledger = ledgerWith({ questions: [questionWith({ roles: ['qa', 'devops'] })] });
    expect(() => onlyRole('confirm', undefined, ledger)).toThrow('The role in which you confirm is missing');
  });
});

test('parameters of a fault are numbers, and when it applies', () => {
  expect(readParameters(['rate=0.3', 'when.version=main'])).toEqual({ rate: 0.3, when: { version: 'main' } });
  expect(() => readParameters(['rate=much'])).toThrow('is not a parameter');
});
