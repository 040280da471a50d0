import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { type LiveLook, renderLive } from '../../../src/client/rendering/live/live-view.js';
import { observed } from '../../../src/client/rendering/live/observed.js';
import { sparkline } from '../../../src/client/rendering/live/sparkline.js';
import { PHASES } from '../../../src/domain/steps.js';
import type { CriterionResult, Sample } from '../../../src/domain/watch/criteria.js';
import { CliError } from '../../../src/temporal/errors.js';
import { ledgerWith, questionWith, START, stepWith } from '../ledgers.js';

const RULE: CriterionResult = {
  id: 'errors',
  title: 'Error rate',
  tier: 'rollback',
  verdict: 'healthy',
  samples: 40,
  unknown: 0,
  worst: 4,
  last: 0.2,
  unit: '%',
  rule: '> 10 % for 2 min',
};
const WATCH = {
  id: 'watch-5m',
  workflowId: 'w',
  title: 'First five minutes',
  startedAt: START,
  ticks: 10,
  samples: 40,
  now: START + 60_000,
  endsAt: START + 300_000,
  criteria: [RULE],
};
const BREACH = { comparison: '>', threshold: 10 } as const;
const at = (values: (number | undefined)[]): Sample[] =>
  values.map((value, index) =>
    value === undefined
      ? { at: index * 1_000, kind: 'noData', reason: 'away' }
      : { at: index * 1_000, kind: 'ok', value },
  );

const lookAt = (ledger: LiveLook['view']['ledger'], more: Partial<LiveLook> = {}): LiveLook => ({
  view: { found: { workflowId: 'w', runId: 'r', running: true, status: 'RUNNING' }, ledger, services: [] },
  seenAt: START + 60_000,
  inVirtualTime: false,
  curves: new Map(),
  ...more,
});
const style = { columns: 80, rows: 24, colors: pc.createColors(false), isUnicode: true };
const shown = (look: LiveLook, more: Partial<typeof style> = {}, now = START + 60_000) =>
  renderLive(look, now, { ...style, ...more });

/** Columns by the rule of terminals, for what the generators below make of wide and zero-width signs. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff00-\uff60]|\p{Emoji_Presentation}/u;
const columnsOf = (line: string): number =>
  [...line].reduce((sum, sign) => sum + (/\p{M}|\u200d/u.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1), 0);

/** What somebody may have put into a title, a reason or a name. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '\u001b[2J',
    '\u009b31m',
    '\u001b]8;;http://evil\u0007x\u001b]8;;\u0007',
    'a\rb\nc\td',
    '漢字'.repeat(30),
    '👩‍👩‍👧 é\u0301\u202e',
  ),
);
const verdict = fc.constantFrom('healthy', 'breached', 'unknown');
const anyLook = fc
  .record({
    phase: fc.constantFrom(...PHASES),
    title: text,
    step: text,
    question: text,
    told: text,
    role: text,
    rule: text,
    why: fc.option(text, { nil: undefined }),
    verdicts: fc.array(verdict, { maxLength: 12 }),
    values: fc.array(fc.option(fc.double({ noNaN: true }), { nil: undefined }), { maxLength: 200 }),
    questions: fc.nat(4),
    unanswered: fc.boolean(),
  })
  .map((given): LiveLook => {
    const { phase, title, step, question, told, role, rule, why, verdicts, values, questions, unanswered } = given;
    const ledger = ledgerWith({
      phase,
      title,
      steps: [stepWith({ title: step, progress: told }), stepWith({ state: 'failed', reason: told })],
      questions: Array.from({ length: questions }, (_, index) =>
        questionWith({ id: `q${index}`, title: question, text: told, roles: [role, 'qa'], moves: ['skip', 'retry'] }),
      ),
      approvals: [{ role, who: title, at: START, digest: 'a' }],
      monitors: [
        {
          ...WATCH,
          title,
          criteria: verdicts.map((each, index) => ({ ...RULE, id: `c${index}`, title: step, rule, verdict: each })),
        },
      ],
    });
    const curves = new Map(verdicts.map((_, index) => [`c${index}`, { breach: BREACH, samples: at(values) }]));
    const look = lookAt(ledger, { curves, curvesNote: told, ...(why === undefined ? {} : { unseen: why }) });
    if (unanswered) look.view.unanswered = new CliError(told, { hint: title });
    return look;
  });

describe('whatever is told, on a terminal of any size', () => {
  test('no line is wider than the terminal, there are no more than it has rows, and nothing from outside moves it', () => {
    const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(
        anyLook,
        size,
        fc.boolean(),
        fc.integer({ min: -1e6, max: 1e9 }),
        (look, { columns, rows }, isUnicode, later) => {
          const lines = shown(look, { columns, rows, isUnicode }, START + later);
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) {
            expect(columnsOf(line)).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\p{Bidi_Control}]/u);
            if (!isUnicode) expect(line).toMatch(/^[ -~]*$/);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('colours change nothing but the colour', () => {
    fc.assert(
      fc.property(anyLook, (look) => {
        const painted = shown(look, { colors: pc.createColors(true) });
        expect(painted.map((line) => stripVTControlCharacters(line))).toEqual(shown(look));
      }),
      { numRuns: 100 },
    );
  });

  test('a command is whole wherever it goes on: what a shell makes of its lines is the command', () => {
    const ledger = ledgerWith({ questions: [questionWith({ roles: ['qa'], moves: ['skip'] })] });
    fc.assert(
      fc.property(fc.integer({ min: 24, max: 120 }), (columns) => {
        const told = shown(lookAt(ledger), { columns, rows: 60 }).join('\n');
        const typed = told.replaceAll(/ \\\n +/g, ' ');
        expect(typed).toContain('surefoot skip manual-validation --as WHO --role qa --why "…"');
      }),
    );
  });
});

describe('at 80x24', () => {
  test('phases, the step with its time and its usual one, the watch with its countdown and curves, people, commands', () => {
    const signOffs = {
      kind: 'approvals',
      id: 'sign-offs',
      title: 'Sign-offs',
      roles: ['qa', 'devops'],
      moves: ['approve'],
    };
    const ledger = ledgerWith({
      phase: 'watch',
      steps: [
        stepWith({ id: 'admission', phase: 'prerequisites', state: 'passed' }),
        stepWith({ id: 'watch-5m', phase: 'watch', title: 'Watch production' }),
      ],
      monitors: [WATCH],
      approvals: [{ role: 'qa', who: 'fabio', at: START, digest: 'a' }],
      questions: [questionWith(signOffs as never)],
    });
    const curves = new Map([['errors', { breach: BREACH, samples: at([1, 5, 9, undefined, 12]) }]]);
    const lines = shown(lookAt(ledger, { curves, usually: new Map([['watch-5m', 300_000]]) }));
    expect(lines).toEqual([
      'Shop  running: watch  1 min',
      'shop-20251124-120000-ab12  v1 → main, started by ana',
      '',
      '✓ prerequisites  · staging  · soak  · approval  · production  ▸ watch  · closing',
      '',
      '▸ 1.1 Watch production (1 min, usually 5 min)',
      '',
      'First five minutes: ▸ running, 40 samples in 10 ticks, 4 min to go',
      '  ✓ Error rate           ▁▄▇?█ 0.2 (worst 4), breach > 10 % for 2 min',
      '',
      'Sign-offs:  ✓ qa (fabio)  · devops missing',
      '',
      '? Sign-offs (sign-offs, open for 1 min)',
      '    surefoot approve --as WHO --role devops',
      '    surefoot reject --as WHO --role ROLE --why "…"',
      '  ROLE is one of qa, devops',
      '',
      'Next: waits for Sign-offs',
      '',
      expect.stringMatching(/^as of 2025-11-24 \d\d:01:00; Ctrl-C ends this view, not the deployment$/),
    ]);
  });

  test('a rule of which no look was missed is in no doubt while its watch goes on; one that was not seen is', () => {
    const rules = [
      { ...RULE, id: 'cpu', title: 'CPU', verdict: 'unknown' as const, unknown: 1 },
      { ...RULE, verdict: 'unknown' as const },
    ];
    const lines = shown(lookAt(ledgerWith({ monitors: [{ ...WATCH, criteria: rules }] })));
    expect(lines.filter((line) => /^ {2}\S .*breach >/.test(line))).toEqual([
      expect.stringMatching(/^ {2}\? CPU /),
      expect.stringMatching(/^ {2}· Error rate /),
    ]);
  });

  test('what has not been seen for a while is never shown as current: no time goes on counting', () => {
    const ledger = ledgerWith({ steps: [stepWith({})] });
    const later = START + 600_000;
    const silent = shown(lookAt(ledger), {}, later).join('\n');
    expect(silent).toMatch(
      /^NOT SEEN since 2025-11-24 \d\d:01:00 \(9 min\): no answer yet\nWhat follows was known then/,
    );
    expect(silent).toContain('Deploy the release to staging (1 min)');
    expect(silent).not.toContain('as of');
    const refused = shown(lookAt(ledger, { unseen: 'connection refused' })).join('\n');
    expect(refused).toContain('NOT SEEN since');
    expect(refused).toContain('connection refused');
    const unanswered = lookAt(ledger);
    unanswered.view.unanswered = new CliError('No worker answers', { hint: 'Start one.' });
    expect(shown(unanswered).join('\n')).toMatch(
      /NOT SEEN[\s\S]*No worker answers. Start one.[\s\S]*its history said then/,
    );
  });

  test('what does not fit is counted, and said where to be found; the question stays', () => {
    const failed = Array.from({ length: 30 }, (_, index) =>
      stepWith({ id: `s${index}`, state: 'failed', reason: 'no' }),
    );
    const lines = shown(lookAt(ledgerWith({ steps: failed, questions: [questionWith({})] })), { rows: 10 });
    expect(lines.join('\n')).toContain('surefoot confirm manual-validation --as WHO --role qa');
    expect(lines.at(-1)).toMatch(/^… \d+ more lines: surefoot status shop-20251124-120000-ab12$/);
  });
});

describe('a curve', () => {
  const drawn = (
    values: (number | undefined)[],
    breach: Parameters<typeof sparkline>[0]['breach'] = BREACH,
    columns = 20,
  ) =>
    sparkline({ breach, samples: at(values) }, columns)
      .map(({ text: blocks }) => blocks)
      .join('');

  test('only what is beyond an upper limit is a full block, and only what is below a lower one the lowest', () => {
    expect(drawn([0, 5, 9.9, 10, 10.1])).toBe('▁▄▇▇█');
    expect(drawn([100, 99.5, 99, 98], { comparison: '<', threshold: 99 })).toBe('█▅▂▁');
    const limit = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e7, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 30 }),
        limit,
        (values, threshold) => {
          expect([...drawn(values, { comparison: '>', threshold }, 30)].map((block) => block === '█')).toEqual(
            values.map((value) => value > threshold),
          );
          expect([...drawn(values, { comparison: '<', threshold }, 30)].map((block) => block === '▁')).toEqual(
            values.map((value) => value < threshold),
          );
        },
      ),
    );
  });

  test('what is not known is a question mark, a hole in time, too, and never low; no peak is lost in a narrow one', () => {
    expect(drawn([1, undefined, 1])).toBe('▁?▁');
    const hole = [...at([1, 1, 1]), { at: 60_000, kind: 'ok', value: 1 } as const];
    expect(
      sparkline({ breach: BREACH, samples: hole }, 20)
        .map((span) => span.text)
        .join(''),
    ).toBe('▁▁▁?▁');
    const silent = [{ at: 0, kind: 'ok', value: 12, silence: { proven: false, text: 'own network' } } as const];
    expect(sparkline({ breach: BREACH, samples: silent }, 20)).toEqual([{ text: '?', paint: 'yellow' }]);
    expect(drawn([...Array(500).fill(1), 11, ...Array(500).fill(1)], BREACH, 10)).toContain('█');
    expect(drawn([])).toBe('');
  });

  test('what a view has seen itself is of one watch, a value for each tick, and unknown where that was', () => {
    const first = observed(undefined, WATCH);
    const again = observed(first, WATCH);
    const lost = observed(again, {
      ...WATCH,
      now: START + 90_000,
      criteria: [{ ...RULE, last: undefined, reason: 'away' }],
    });
    expect(lost.samples.get('errors')).toEqual([
      { at: START + 60_000, kind: 'ok', value: 0.2 },
      { at: START + 90_000, kind: 'noData', reason: 'away' },
    ]);
    expect(observed(lost, { ...WATCH, workflowId: 'other' }).samples.get('errors')).toHaveLength(1);
  });
});
