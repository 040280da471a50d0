import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderBoard } from '../../../src/domain/ledger/board.js';
import type { DecisionRecord, Ledger, StepRecord } from '../../../src/domain/ledger/ledger.js';
import { STEPS } from '../../../src/domain/steps.js';
import { ledgerWith, questionWith, START, stepWith } from '../../client/ledgers.js';

const MINUTE = 60_000;
const board = (parts: Partial<Ledger>) => renderBoard(ledgerWith(parts), START + 5 * MINUTE);
const line = (text: string, containing: string) => text.split('\n').find((one) => one.includes(containing)) ?? '';

const record = (parts: Partial<DecisionRecord>): DecisionRecord => ({
  kind: 'hold',
  who: 'diego',
  role: 'devops',
  at: START,
  via: 'signal',
  accepted: true,
  reason: 'held before the next step',
  ...parts,
});

describe('the board', () => {
  test('begins with what is deployed, where it is, and for how long', () => {
    expect(board({})).toBe('### Shop\nv1 → main, phase **staging**, 5 min');
  });

  test('says where the commands of each environment run, where that is not one place', () => {
    const runners = { production: { queue: 'surefoot@b', named: ['b'] } };
    expect(board({ runner: 'surefoot@a' })).toContain(
      '**surefoot@a** is served; `surefoot status` says whether it is.',
    );
    expect(board({ runner: 'surefoot@a', runners })).toContain(
      '**surefoot@a** is served, those of production where **surefoot@b** is; `surefoot status` says whether they are.',
    );
  });

  test('tells the outcome, its reason, and the time until the end', () => {
    const ended = board({ outcome: 'rejected', reason: 'reject by ana: old schema', endedAt: START + MINUTE });
    expect(ended).toContain('**rejected** – reject by ana: old schema, 1 min');
  });

  test('tells who holds the deployment, and why', () => {
    expect(board({ held: record({ why: 'an incident elsewhere' }) })).toContain('Held by diego: an incident elsewhere');
    expect(board({ held: record({}) })).toContain('Held by diego: no reason given');
  });

  test('shows each open question with who may answer and how', () => {
    const shown = board({ questions: [questionWith({ text: 'look at the page' })] });
    expect(shown).toContain('- **Does everything work?**: look at the page\n  - who: qa; moves: confirm');
  });

  test('shows which sign-offs are there and which are missing', () => {
    const question = questionWith({
      kind: 'approvals',
      title: 'Sign off',
      roles: ['qa', 'dba'],
      moves: ['approve', 'reject'],
    });
    const shown = board({
      questions: [question],
      approvals: [{ role: 'qa', who: 'fabio', at: START, digest: 'a'.repeat(64) }],
    });
    expect(shown).toContain('  - so far: qa ✅ fabio\n  - who: dba; moves: approve, reject');
  });

  test('counts the boxes of the checklist', () => {
    const items = { total: 9, passed: 4, attested: 2, failed: 1, skipped: 0, notApplicable: 0, unknown: 2 };
    expect(board({ items })).toContain('☑ 6 of 9 boxes, 1 failed, 2 open');
  });

  test('shows the digest that a sign-off has to name', () => {
    const question = questionWith({ kind: 'approvals', roles: ['qa'], moves: ['approve'], digest: 'b'.repeat(64) });
    expect(board({ questions: [question] })).toContain('digest to approve: **bbbbbbbbbbbb**');
  });

  test('shows steps in the order of the phases, with their result', () => {
    const shown = board({
      steps: [
        stepWith({ id: 'b', phase: 'production', title: 'Later', state: 'failed', reason: 'exit 1', summary: 'ran' }),
        stepWith({ id: 'a', title: 'Earlier', state: 'passed', endedAt: START + MINUTE, summary: 'all well' }),
      ],
    });
    expect(line(shown, 'Earlier')).toBe('- ✅ 1.1 Earlier (1 min): all well');
    expect(line(shown, 'Later')).toBe('- ❌ 1.1 Later: exit 1');
    expect(shown.indexOf('Earlier')).toBeLessThan(shown.indexOf('Later'));
  });

  test('shows a rollback with its trigger, reasons, and time against the estimate', () => {
    const rollback = {
      option: 'code' as const,
      workflowId: 'w',
      trigger: { kind: 'person' as const, who: 'ana', text: 'rollback by ana' },
      reasons: ['the plan says code', 'no migration to undo'],
      startedAt: START,
      steps: [],
      estimate: 10 * MINUTE,
    };
    expect(board({ rollback })).toContain(
      '**Rollback: code, under way**\nrollback by ana\n\n- the plan says code\n- no mig',
    );
    const done = board({ rollback: { ...rollback, succeeded: true, took: 3 * MINUTE } });
    expect(done).toContain('**Rollback: code, done in 3 min (estimate 10 min)**');
    expect(board({ rollback: { ...rollback, succeeded: false } })).toContain('**Rollback: code, FAILED**');
  });

  test('shows the last refusals, what could not be told, and what could not be kept', () => {
    const refused = (number: number) =>
      record({ who: `stranger-${number}`, accepted: false, reason: 'not on the roster' });
    const shown = board({
      decisions: Array.from({ length: 9 }, (_, i) => refused(i)),
      untold: ['started (no answer)'],
      unkept: ['not archived: the report: no space left'],
    });
    expect(shown).toContain('- refused: hold by stranger-8: not on the roster');
    expect(shown).not.toContain('stranger-3');
    expect(shown).toContain('- not told: started (no answer)');
    expect(shown).toContain('- not kept: not archived: the report: no space left');
  });

  test('shows an infinite value as what it is', () => {
    const criterion = {
      id: 'e',
      title: 'Errors',
      tier: 'rollback',
      verdict: 'breached',
      unit: '%',
      rule: '> 10 %',
    } as const;
    const monitor = { id: 'watch-5m', workflowId: 'w', title: 'Five minutes', startedAt: START, ticks: 1, samples: 1 };
    const criteria = [{ ...criterion, samples: 1, unknown: 0, worst: Number.MAX_VALUE }];
    expect(board({ monitors: [{ ...monitor, criteria }] })).toContain('- breached: Errors (> 10 %), worst Infinity %');
  });
});

describe('text of outside origin', () => {
  test.each([
    ['a pipe', 'a | b'],
    ['a backslash before a pipe', 'a \\| b'],
    ['a backslash at the end', 'a \\'],
    ['a line feed', 'a\n| b | c |'],
    ['a carriage return', 'a\r| b | c |'],
    ['200 characters that end in a backslash', `${'x'.repeat(199)}\\|`],
  ])('with %s stays in its line', (_, text) => {
    const shown = board({ steps: [stepWith({ state: 'failed', reason: text })] });
    const row = line(shown, '❌');
    expect(row).not.toMatch(/[\\|]/);
    expect(shown.split('\n')).toHaveLength(6);
  });

  test('cannot become HTML, a link, bold, or code', () => {
    const shown = board({ steps: [stepWith({ reason: '<!-- <b>x</b> [log in](http://evil.example) `code` **x**' })] });
    expect(shown).not.toContain('**x**');
    expect(shown).not.toMatch(/[<`]|\[log in\]/);
    expect(shown).toContain('&#60;b>x&#60;/b>');
  });

  test('changes neither the number of lines nor of cells, wherever it stands', () => {
    const text = fc.string({ unit: fc.constantFrom('|', '\\', '\n', '\r', '<', '&', '`', '[', ']', 'a', ' ', '🦊') });
    fc.assert(
      fc.property(text, (evil) => {
        const filled = (words: string) =>
          board({
            title: words,
            held: record({ who: words, why: words }),
            release: { target: words, previous: words },
            steps: [stepWith({ title: words, reason: words, section: words })],
            questions: [questionWith({ title: words, text: words, roles: [words] })],
            decisions: [record({ who: words, reason: words, accepted: false })],
            untold: [words],
          });
        const shape = (shown: string) => shown.split('\n').map((one) => one.split('|').length);
        expect(shape(filled(evil))).toEqual(shape(filled('harmless')));
        // A character cut in half cannot be encoded.
        expect(() => encodeURIComponent(filled(evil))).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

test('a full ledger with 500 decisions stays well below 60 KB', () => {
  const long = 'Ein längerer Satz, wie ihn Programme schreiben | mit <Klammern>. '.repeat(30);
  const steps: StepRecord[] = Object.values(STEPS).map((definition) =>
    stepWith({ ...definition, state: 'failed', endedAt: START + MINUTE, reason: long }),
  );
  const criterion = {
    title: 'Error rate',
    tier: 'rollback',
    verdict: 'healthy',
    unit: '%',
    rule: '> 10 % for 2 min',
  } as const;
  const monitors = ['soak', 'watch-5m', 'watch-1h', 'watch-24h'].map((id) => ({
    id,
    workflowId: id,
    title: id,
    startedAt: START,
    ticks: 1_440,
    samples: 17_280,
    criteria: Array.from({ length: 12 }, (_, n) => ({
      ...criterion,
      id: `c${n}`,
      samples: 1_440,
      unknown: 0,
      worst: 99.9,
    })),
  }));
  const decisions = Array.from({ length: 500 }, (_, n) =>
    record({ who: `${long} ${n}`, reason: long, why: long, accepted: false }),
  );
  const questions = Array.from({ length: 5 }, (_, n) => questionWith({ id: `q${n}`, title: long, text: long }));
  const untold = Array.from({ length: 100 }, () => long);
  const shown = board({ steps, monitors, decisions, questions, untold, unkept: untold });
  expect(Buffer.byteLength(shown)).toBeLessThan(60_000);
});
