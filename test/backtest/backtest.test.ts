import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backtest } from '../../src/backtest/backtest.js';
import { evaluate, type Recording } from '../../src/backtest/evaluate.js';
import { findRecordings, NoRecording, parseSeries, readTable } from '../../src/backtest/recordings.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import { type Criterion, type Sample, sampleOf } from '../../src/domain/watch/criteria.js';
import { seriesLineAt } from '../../src/domain/watch/series.js';
import { loadPlan } from '../../src/plan/load.js';
import { surefoot } from '../client/command-line.js';
import { criterionWith } from '../helpers/criteria.js';
import { replaceOnce, SHIPPED, shippedText, write } from '../plan/plan-files.js';

const START = Date.UTC(2025, 10, 24, 12);
const MINUTE = 60_000;
const POLICY = { onStepFailure: 'full' as const };

const errors = criterionWith({ title: 'Error rate > 10 %', rollback: 'code', minimumSamples: 3 });

function watchOf(parts: Partial<Watch> & { criteria?: Criterion[] } = {}): Watch {
  return {
    id: 'watch-1h',
    title: 'One hour',
    environment: 'production',
    duration: 10 * MINUTE,
    tick: MINUTE,
    metrics: [],
    criteria: [errors],
    trends: [],
    gate: 'ask',
    consider: { within: 5 * MINUTE, otherwise: 'continue' },
    ...parts,
  };
}

/** One look a minute; a number, or a sample of another kind. */
const recorded = (values: (number | Omit<Sample, 'at'>)[], metric = 'error-rate'): Recording => ({
  name: 'recording',
  unreadable: 0,
  ticks: values.map((value, index) => {
    const at = START + index * MINUTE;
    const sample = typeof value === 'number' ? sampleOf(at, value) : ({ at, ...value } as Sample);
    return { at, samples: { [metric]: [sample] } };
  }),
});

const judge = (values: Parameters<typeof recorded>[0], parts: Partial<Watch> = {}) =>
  evaluate(recorded(values), watchOf(parts), POLICY);

describe('a recording under a watch', () => {
  test('just under its threshold passes, and says by how much', () => {
    const { verdict, end, criteria } = judge([1, 9.9, 10, 9.9, 1]);
    expect({ verdict, end }).toEqual({ verdict: 'healthy', end: undefined });
    expect(criteria[0]).toMatchObject({ verdict: 'healthy', worst: 10, worstAt: START + 2 * MINUTE, margin: 0 });
  });

  test('just over it, and not long enough, passes and says for how long', () => {
    const { verdict, criteria } = judge([1, 10.1, 10.1, 1, 1]);
    expect(verdict).toBe('healthy');
    expect(criteria[0]).toMatchObject({ longestBreach: MINUTE, for: 2 * MINUTE, worst: 10.1 });
    expect(criteria[0]?.margin).toBeCloseTo(-0.1);
  });

  test('just over it for just long enough is rolled back at that look', () => {
    const { verdict, end, criteria } = judge([1, 10.1, 10.1, 10.1, 1, 1]);
    expect(verdict).toBe('breached');
    expect(end).toMatchObject({ at: START + 3 * MINUTE, criterion: 'errors', why: 'breach', option: 'code' });
    expect(end?.text).toBe('Error rate > 10 %: 10.1 % (breach: > 10 % for 2 min)');
    expect(criteria[0]).toMatchObject({ firedAt: START + 3 * MINUTE, detectedAt: START + 3 * MINUTE });
  });

  test('with a gap in the breach fires where the monitor would: unknown neither clears nor fires', () => {
    const gap = { kind: 'noData', reason: 'no scrape' } as const;
    const { end, criteria } = judge([1, 11, gap, gap, 11, 1]);
    expect(end?.at).toBe(START + 4 * MINUTE);
    expect(criteria[0]).toMatchObject({ unknown: 2, samples: 6, reason: 'no scrape' });
  });

  test('without enough that is known is unknown, with the reason', () => {
    const nan = { kind: 'notANumber' } as const;
    const { verdict, criteria } = judge([1, nan, nan, nan]);
    expect(verdict).toBe('unknown');
    expect(criteria[0]).toMatchObject({
      verdict: 'unknown',
      unknown: 3,
      reason: 'blind for 3 min of 4 min (the value is not a number)',
    });
  });

  test('reads NaN as the criterion says', () => {
    const nan = { kind: 'notANumber' } as const;
    const criteria = [{ ...errors, notANumber: 'breached' as const }];
    expect(judge([1, nan, nan, nan], { criteria }).end?.at).toBe(START + 3 * MINUTE);
  });

  test('without the metric of a criterion says so', () => {
    const { criteria } = evaluate(recorded([1, 2, 3], 'cpu'), watchOf(), POLICY);
    expect(criteria[0]).toMatchObject({ verdict: 'unknown', samples: 0, reason: 'the recording has no error-rate' });
  });

  test('that ends in a breach says that one builds up', () => {
    expect(judge([1, 1, 1, 11]).criteria[0]).toMatchObject({ verdict: 'healthy', pendingSince: START + 3 * MINUTE });
  });

  test('counts duplicates once and a late sample in its place, and names the look that knew', () => {
    const recording = recorded([1, 11, 11, 11]);
    // What the source brought only with the third look, and the second look's line twice.
    const late = recording.ticks[1]?.samples['error-rate'] ?? [];
    recording.ticks[1] = { at: START + MINUTE, samples: { 'error-rate': [] } };
    recording.ticks[3] = {
      at: START + 3 * MINUTE,
      samples: { 'error-rate': [...late, ...(recording.ticks[3]?.samples['error-rate'] ?? [])] },
    };
    recording.ticks.push(...recording.ticks.slice(3));
    const { criteria } = evaluate(recording, watchOf(), POLICY);
    expect(criteria[0]).toMatchObject({ samples: 4, firedAt: START + 3 * MINUTE, detectedAt: START + 3 * MINUTE });
  });

  test('a pinned rollback goes before the criterion’s', () => {
    const { end } = evaluate(recorded([11, 11, 11]), watchOf(), { ...POLICY, pin: 'full' });
    expect(end?.option).toBe('full');
  });

  test('a broken gate of the soak fails it, without a rollback', () => {
    const criteria = [{ ...errors, tier: 'require' as const }];
    const { end, criteria: judged } = judge([11, 11, 11], { criteria, environment: 'staging' });
    expect(end).toEqual(expect.objectContaining({ at: START + 2 * MINUTE, why: 'breach' }));
    expect(end).not.toHaveProperty('option');
    expect(judged[0]?.leadsTo).toBe('failed-soak');
  });

  test('a question that nobody answers rolls back where the plan says so', () => {
    const criteria = [{ ...errors, tier: 'consider' as const }];
    const values = [11, 11, 11, ...Array.from({ length: 8 }, () => 11)];
    const carriedOn = judge(values, { criteria });
    expect([carriedOn.verdict, carriedOn.end]).toEqual(['healthy', undefined]);
    expect(carriedOn.criteria[0]).toMatchObject({ verdict: 'breached', leadsTo: 'question', option: 'code' });
    const { end } = judge(values, { criteria, consider: { within: 5 * MINUTE, otherwise: 'rollback' } });
    expect(end).toMatchObject({ at: START + 7 * MINUTE, why: 'unless-answered', option: 'code' });
  });

  test('what fires after the end is told as such, and trends stay undecided', () => {
    const trends: Watch['trends'] = [
      {
        test: 'spikes',
        id: 'spikes',
        title: 'Spikes',
        metric: 'error-rate',
        unit: '%',
        tier: 'require',
        notEnough: 'unknown',
        minimumSamples: 3,
        factor: 3,
        above: 20,
        for: MINUTE,
      },
    ];
    const { criteria, trends: judged } = judge([11, 11, 11, 50, 50], {
      criteria: [errors, { ...errors, id: 'more', breach: { comparison: '>', threshold: 40 }, for: 0 }],
      trends,
    });
    expect(criteria[1]).toMatchObject({ firedAt: START + 3 * MINUTE, verdict: 'breached' });
    expect(judged).toMatchObject([{ id: 'spikes', verdict: 'unknown', samples: 0 }]);
    expect(judge([1, 1, 1, 1, 30, 30, 30, 1], { trends, criteria: [] }).trends).toMatchObject([
      { verdict: 'breached' },
    ]);
  });
});

describe('recordings', () => {
  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), 'surefoot-backtest-'));
    onTestFinished(() => rmSync(made, { recursive: true, force: true }));
    return made;
  }
  const lines = (values: number[], metric = 'error-rate') =>
    recorded(values, metric)
      .ticks.map(({ at, samples }) => seriesLineAt({ at, wall: at }, samples))
      .join('\n');

  test('are found by a deployment’s ID, and each is put under the watch of its name', () => {
    const evidence = folder();
    mkdirSync(join(evidence, 'd-1', 'series'), { recursive: true });
    for (const name of ['watch-1h', 'guard'])
      writeFileSync(join(evidence, 'd-1/series', `${name}.jsonl`), lines([11, 11, 11]));
    writeFileSync(join(evidence, 'd-1/series/watch-1h-trends.json'), '{}');
    const found = findRecordings('d-1', evidence);
    expect(found.map(({ monitor }) => monitor)).toEqual(['guard', 'watch-1h']);
    const plan = { soak: watchOf({ id: 'soak' }), watches: [watchOf()], rollback: rollbackOf() };
    const { evaluations, skipped } = backtest(plan, found);
    expect(evaluations).toMatchObject([{ watch: 'watch-1h', verdict: 'breached' }]);
    expect(skipped).toEqual([
      { recording: expect.stringContaining('guard'), why: expect.stringContaining('guard is no watch') },
    ]);
  });

  test('that are not there are answered with those that are', () => {
    const evidence = folder();
    mkdirSync(join(evidence, 'd-1', 'series'), { recursive: true });
    expect(() => findRecordings('d-2', evidence)).toThrow(NoRecording);
    expect(hintOf(() => findRecordings('d-2', evidence))).toContain('Recorded there: d-1');
  });

  test('a file by itself is put under every watch that has its metric, or under the one that is named', () => {
    const file = join(folder(), 'last-week.jsonl');
    writeFileSync(file, lines([1, 2, 3]));
    const [recording] = findRecordings(file, '/nowhere');
    const plan = {
      soak: watchOf({ id: 'soak' }),
      watches: [watchOf(), watchOf({ id: 'cpu', criteria: [{ ...errors, metric: 'cpu' }] })],
      rollback: rollbackOf(),
    };
    const watched = (only?: string) =>
      backtest(plan, recording ? [recording] : [], { only }).evaluations.map(({ watch }) => watch);
    expect(watched()).toEqual(['soak', 'watch-1h']);
    expect(watched('cpu')).toEqual(['cpu']);
  });

  test('lines that are none are counted, whatever they are', () => {
    const text = `${lines([1, 2])}\n{"at":1764\n[]\nnull\n{"at":"x","values":{}}\n{"at":5,"values":{"m":true}}\n`;
    expect(parseSeries(text)).toMatchObject({ ticks: [{ at: START }, { at: START + MINUTE }], unreadable: 5 });
  });

  test('a table’s rows of one time are one look, whatever their order', () => {
    const table = [
      'metric, at, value',
      'cpu,2025-11-24T12:01:00Z,20',
      'error-rate,2025-11-24T12:01:00Z,NaN',
      `cpu,${START},`,
      `error-rate,${START},+Inf`,
    ].join('\r\n');
    expect(readTable(table, 'x.csv').ticks).toEqual([
      {
        at: START,
        samples: {
          cpu: [{ at: START, kind: 'noData', reason: 'the table has no value' }],
          'error-rate': [{ at: START, kind: 'ok', value: Number.MAX_VALUE }],
        },
      },
      {
        at: START + MINUTE,
        samples: {
          cpu: [{ at: START + MINUTE, kind: 'ok', value: 20 }],
          'error-rate': [{ at: START + MINUTE, kind: 'notANumber' }],
        },
      },
    ]);
  });

  test.each([
    ['time,metric,value\n1,2,3', 'x.csv:1 has the columns time, metric, value'],
    ['at,metric,value\n2025-11-24T12:00Z,cpu,12\nyesterday,cpu,1', 'x.csv:3: "yesterday" is no time'],
    ['at,metric,value\n1,cpu,twelve', 'x.csv:2: "twelve" is no number'],
  ])('a table that cannot be read names the line: %j', (text, message) => {
    expect(() => readTable(text, 'x.csv')).toThrow(message);
  });

  test('a ledger gives the span that counts, and what was said then', () => {
    const file = join(folder(), 'watch-1h.jsonl');
    // An earlier attempt, then the one that the ledger tells of.
    writeFileSync(file, lines([50, 50, 50, 50, 4, 4, 4, 4]));
    const record = {
      id: 'watch-1h',
      workflowId: 'w',
      title: 'One hour',
      startedAt: START + 3.5 * MINUTE,
      endedAt: START + 7 * MINUTE,
      ticks: 4,
      samples: 4,
      criteria: [{ ...errors, verdict: 'healthy' as const, samples: 4, unknown: 0, rule: '> 10 % for 2 min' }],
    };
    const plan = (threshold: number) => ({
      soak: watchOf({ id: 'soak' }),
      watches: [watchOf({ criteria: [{ ...errors, breach: { comparison: '>', threshold } }] })],
      rollback: rollbackOf(),
    });
    const recordings = findRecordings(file, '/nowhere');
    const [same] = backtest(plan(10), recordings, { ledger: { monitors: [record] } }).evaluations;
    expect(same).toMatchObject({ verdict: 'healthy', ticks: 4, differences: [] });
    const [stricter] = backtest(plan(3), recordings, { ledger: { monitors: [record] } }).evaluations;
    expect(stricter?.differences).toEqual([
      {
        criterion: 'errors',
        before: 'healthy',
        now: 'breached',
        text: 'Error rate > 10 %: healthy then, breached now; the rule was > 10 % for 2 min',
      },
    ]);
  });
});

describe('surefoot backtest', () => {
  const table = (rate: (minute: number) => number) =>
    write(
      'run.csv',
      ['at,metric,value', ...Array.from({ length: 60 }, (_, i) => `${START + i * MINUTE},error-rate,${rate(i)}`)].join(
        '\n',
      ),
    );

  test('tells when the plan’s present thresholds would have rolled back, and how', async () => {
    const csv = table((minute) => (minute >= 18 ? 12 : 0.01));
    const { code, out } = await surefoot('backtest', SHIPPED, '--from', csv, '--watch', 'watch-24h', '--json');
    const { ok, evaluations } = JSON.parse(out);
    expect({ code, ok }).toEqual({ code: 1, ok: false });
    expect(evaluations).toMatchObject([
      { watch: 'watch-24h', end: { criterion: 'immediate-errors', at: START + 20 * MINUTE, option: 'full' } },
    ]);
  });

  test('other thresholds than those that were in force give another outcome', async () => {
    const csv = table((minute) => (minute >= 18 ? 12 : 0.01));
    const milder = replaceOnce(shippedText, ['breach: "> 10 %"', 'breach: "> 13 %"']);
    const plan = write('plan.yaml', milder);
    const { code, out } = await surefoot('backtest', plan, '--from', csv, '--watch', 'watch-24h');
    expect(out).toContain('Taxa de erro > 10% por mais de 2 minutos (breach: > 13 % for 2 min): worst 12 % at');
    expect(out).not.toContain('rolled back');
    expect(out).toContain('people are asked');
    expect(code).toBe(1); // other gates of the watch are broken all the same
  });

  test('a good day passes', async () => {
    const plan = loadPlan(SHIPPED).resolved;
    const metrics = plan.watches.at(-1)?.metrics.map(({ name }) => name) ?? [];
    const rows = metrics.flatMap((metric) =>
      Array.from({ length: 1_441 }, (_, i) => {
        const value =
          metric === 'success-rate'
            ? 100
            : metric === 'memory'
              ? 40 + (i % 7) / 10
              : metric.startsWith('latency')
                ? 100 + (i % 11)
                : 0;
        return `${START + i * MINUTE},${metric},${value}`;
      }),
    );
    const csv = write('good.csv', ['at,metric,value', ...rows].join('\n'));
    const { code, out } = await surefoot('backtest', SHIPPED, '--from', csv, '--watch', 'watch-24h', '--json');
    const [{ verdict, criteria, trends }] = JSON.parse(out).evaluations;
    const wrong = [...criteria, ...trends].filter((one: { verdict: string }) => one.verdict === 'breached');
    expect({ code, verdict, wrong }).toMatchObject({ code: 0, wrong: [] });
  });

  test.each([
    [['--from', 'no-such-run'], 'There is no file, folder or deployment "no-such-run"'],
    [['--from', SHIPPED, '--watch', 'watch-24'], 'Did you mean watch-24h?'],
    [['--from', SHIPPED], 'holds no recorded samples'],
    [[], 'required option'],
  ])('wrong usage exits 2 and says what to do: %j', async (args, says) => {
    const { code, err } = await surefoot('backtest', SHIPPED, ...args);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(says) });
  });
});

const rollbackOf = () => ({ ...loadPlan(SHIPPED).resolved.rollback, pin: undefined, onStepFailure: 'full' as const });
const hintOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as NoRecording).hint;
  }
  return '';
};
