import { describe, expect, test } from 'vitest';
import { stepsByID } from '../../../src/contract/runbook.js';
import { loadPlan } from '../../../src/plan/load.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { type Expected, expectOneProblem, replaceOnce, SHIPPED, shippedText, write } from '../plan-files.js';

const HOUR = 3_600_000;

describe('the trends of the shipped plan', () => {
  const resolved = loadWhole(SHIPPED);
  const watches = [resolved.soak, ...resolved.watches];

  test('are the boxes of 1.7, 4.2 and 4.3 that no single sample can settle, in the checklist’s words', () => {
    expect(watches.map(({ id, trends }) => [id, trends.map((trend) => `${trend.test}: ${trend.title}`)])).toEqual([
      ['soak', ['leak: Sem memory leaks', 'degradation: Query performance consistente']],
      ['watch-5m', []],
      ['watch-1h', ['stability: Throughput estável (req/s)']],
      [
        'watch-24h',
        [
          'leak: Sem memory leaks (uso de memória estável)',
          'degradation: Sem degradação de performance ao longo do tempo',
        ],
      ],
    ]);
  });

  test('are in their metric’s unit, and all their metrics are sampled', () => {
    expect(resolved.soak.trends[0]).toEqual({
      id: 'soak-memory-leak',
      title: 'Sem memory leaks',
      metric: 'memory',
      unit: '%',
      test: 'leak',
      growth: 0.2,
      limit: 100,
      within: 7 * 24 * HOUR,
      warmUp: HOUR,
      restarts: 'restarts',
      minimumSamples: 144,
      tier: 'require',
      notEnough: 'unknown',
    });
    for (const { metrics, trends } of watches) {
      const sampled = metrics.map(({ name }) => name);
      expect(sampled).toEqual(expect.arrayContaining(trends.map(({ metric }) => metric)));
    }
    expect(resolved.soak.metrics.map(({ name }) => name)).toContain('restarts');
  });

  test('are facts of their watch that items may name', () => {
    const facts = stepsByID(resolved);
    expect(facts.get('soak')?.facts).toEqual(expect.arrayContaining(['soak-p95', 'soak-memory-leak']));
    expect(facts.get('watch-24h')?.facts).toEqual(expect.arrayContaining(['memory-leak-24h', 'degradation-24h']));
  });
});

test('a unit that can be compared is converted: a shift of 0.5 s is 500 ms', () => {
  const text = replaceOnce(shippedText, ['minimumSamples: 50\n', 'minimumSamples: 51\n']).replace(
    'shift: 500 ms',
    'shift: 0.5 s',
  );
  expect(loadWhole(write('plan.yaml', text)).soak.trends[1]).toMatchObject({ shift: 500, minimumSamples: 51 });
});

const SPIKES = `  spikes:
    title: Sem picos
    metric: latency-p99
    test: spikes
    factor: 3
    above: 500 ms
    for: 15m
    minimumSamples: 30
    tier: consider
    notEnough: unknown
`;

test('a plan may have spikes as a trend', () => {
  const text = [
    ['trends:\n  # 1.7', `trends:\n${SPIKES}  # 1.7`] as const,
    ['trends: [throughput-1h]', 'trends: [throughput-1h, spikes]'] as const,
  ].reduce(replaceOnce, shippedText);
  const [, spikes] = loadPlan(write('plan.yaml', text)).resolved.watches[1]?.trends ?? [];
  expect(spikes).toMatchObject({ id: 'spikes', unit: 'ms', test: 'spikes', factor: 3, above: 500, for: 900_000 });
});

describe('what is wrong with a trend is said where it stands', () => {
  const LEAK =
    '    test: leak\n    growth: 0.2 %/h\n    limit: 100 %\n    within: 7d\n    warmUp: 1h\n    restarts: restarts\n    minimumSamples: 144\n';
  const leak = (from: string, to: string): [string, string] => [LEAK, replaceOnce(LEAK, [from, to])];
  const at = (key: string) => `trends.soak-memory-leak.${key}`;
  const cases: [sentence: string, edit: [string, string], expected: Expected][] = [
    [
      'a metric that there is not',
      ['title: "Sem memory leaks"\n    metric: memory', 'title: "Sem memory leaks"\n    metric: ¦memori'],
      { path: at('metric'), says: 'There is no metric', suggestion: 'memory' },
    ],
    [
      'another metric of restarts',
      leak('restarts: restarts', 'restarts: ¦restart'),
      { path: at('restarts'), says: 'There is no metric', suggestion: 'restarts' },
    ],
    [
      'an unknown test',
      leak('test: leak', 'test: ¦leek'),
      { path: at('test'), says: /write leak, degradation, stability or spikes/, suggestion: 'leak' },
    ],
    [
      'a key of another test',
      leak('within: 7d', 'within: 7d\n    ¦shift: 1 %'),
      { path: at('shift'), says: 'not a known key' },
    ],
    ['growth without a time', leak('0.2 %/h', '¦0.2 %'), { path: at('growth'), says: 'write for example "10 %/h"' }],
    ['growth without a unit', leak('0.2 %/h', '¦0.2'), { path: at('growth'), says: '0.2 has no unit' }],
    [
      'growth in a unit that does not fit',
      leak('0.2 %/h', '¦1 MB/h'),
      { path: at('growth'), says: '"MB/h" can’t be compared with values in "%"; write it in "%/h"' },
    ],
    [
      'a limit that is no number',
      leak('limit: 100 %', 'limit: ¦all of it'),
      { path: at('limit'), says: 'not a number with a unit' },
    ],
    [
      'too few samples for a degradation',
      ['minimumSamples: 50\n', 'minimumSamples: ¦49\n'],
      { path: 'trends.soak-query-performance.minimumSamples', says: 'Must be at least 50' },
    ],
    [
      'a watch that is too short for a leak',
      leak('minimumSamples: 144', 'minimumSamples: 277'),
      {
        path: 'soak.trends[0]',
        says: '`soak-memory-leak` needs 277 samples after the warm-up, and this watch takes 276',
      },
    ],
    [
      'a watch that is too short for three parts',
      ['minimumSamples: 50\n', 'minimumSamples: 93\n'],
      { path: 'soak.trends[1]', says: 'needs 279 samples after the warm-up, and this watch takes 276' },
    ],
    [
      'ticks that are longer than a hole may last',
      ['    for: 10m\n    variation', '    for: 30s\n    variation'],
      { path: 'watches[1].trends[0]', says: 'allows 30 s, but this watch samples every 1 min' },
    ],
    [
      'a trend that there is not',
      ['trends: [soak-memory-leak,', 'trends: [¦soak-memory-leaks,'],
      { path: 'soak.trends[0]', says: 'There is no trend', suggestion: 'soak-memory-leak' },
    ],
    [
      'a trend that is listed twice',
      ['trends: [throughput-1h]', 'trends: [throughput-1h, ¦throughput-1h]'],
      { path: 'watches[1].trends[1]', says: 'listed twice' },
    ],
  ];
  const PLACES: Record<string, string> = {
    'soak.trends[0]': 'trends: [soak-memory-leak',
    'soak.trends[1]': 'soak-query-performance]',
    'watches[1].trends[0]': 'throughput-1h]',
  };

  test.each(cases)('%s', (_, edit, expected) => {
    const place = PLACES[expected.path];
    const edits = [edit];
    if (!edit[1].includes('¦') && place !== undefined) {
      edits.push([place, place.startsWith('trends: [') ? place.replace('[', '[¦') : `¦${place}`]);
    }
    expectOneProblem(edits, expected);
  });

  test('a trend with the name of a criterion of its watch', () => {
    const twin: [string, string] = ['trends:\n  # 1.7', `trends:\n${SPIKES.replace('spikes:', 'soak-p95:')}  # 1.7`];
    expectOneProblem([twin, ['trends: [soak-memory-leak,', 'trends: [¦soak-p95, soak-memory-leak,']], {
      path: 'soak.trends[0]',
      says: 'A criterion of this watch is named `soak-p95` too',
    });
  });

  test('a trend that no watch judges is warned of', () => {
    const text = [
      ['trends: [throughput-1h]', 'trends: []'] as const,
      ['watch-1h/throughput-1h', 'watch-1h/success-rate-1h'] as const,
    ].reduce(replaceOnce, shippedText);
    expect(loadPlan(write('plan.yaml', text)).warnings).toMatchObject([
      { path: 'trends.throughput-1h', message: 'Nothing uses it' },
    ]);
  });
});
