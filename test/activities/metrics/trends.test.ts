import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createTrendActivities } from '../../../src/activities/metrics/trends.js';
import { appendEvidence, evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import { readSeries } from '../../../src/adapters/metrics/samples/series.js';
import type { Trend } from '../../../src/domain/trends/trend.js';
import { HOUR, MINUTE } from '../../domain/trends/noise.js';
import { evidencePlace, inActivity } from '../../helpers/context.js';
import { loadWhole } from '../../helpers/whole-plan.js';

const SERIES = 'series/soak.jsonl';
const { trends } = loadWhole('plans/eduautismo-performance.yaml').soak;
const start = Date.UTC(2025, 10, 24);
const ticks = Array.from({ length: 288 }, (_, index) => start + (index + 1) * 5 * MINUTE);

/** A soak whose series has these lines. */
async function soak(lines: readonly (object | string)[]) {
  const evidence = await evidencePlace();
  const written = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  if (written.length > 0) await appendEvidence(evidence, SERIES, written.join('\n'));
  return {
    evidence,
    assess: (judged: Trend[] = trends) =>
      inActivity(() =>
        createTrendActivities().assessTrends({
          monitor: 'soak',
          evidence,
          from: start,
          to: start + 24 * HOUR,
          trends: judged,
        }),
      ),
    read: () => readSeries(evidence, { monitor: 'soak', from: start, to: start + 24 * HOUR }),
  };
}

const line = (at: number, values: Record<string, unknown>) => ({ at, wall: Date.now(), values });
const verdicts = ({ results }: { results: { id: string; verdict: string }[] }) =>
  results.map(({ id, verdict }) => `${id}: ${verdict}`);

describe('assessing the trends of a watch', () => {
  test('finds the leak and the degradation that its series shows, and keeps the figures as evidence', async () => {
    const { assess, evidence } = await soak(
      ticks.map((at, index) => line(at, { memory: 16 + index / 12, 'latency-p95': 300 + 10 * index, restarts: 0 })),
    );
    const { results, evidence: kept } = await assess();
    expect(verdicts({ results })).toEqual(['soak-memory-leak: breached', 'soak-query-performance: breached']);
    expect(results[0]).toMatchObject({ samples: 288, unknown: 0, text: expect.stringContaining('slope 1 %/h') });
    expect(kept).toMatchObject([{ title: 'Trends of soak', path: 'series/soak-trends.json' }]);
    const file = JSON.parse(await readFile(evidenceFile(evidence, 'series/soak-trends.json'), 'utf8'));
    expect(file).toMatchObject({ monitor: 'soak', series: SERIES, from: start, trends, results });
  });

  test('calls a quiet day healthy, with failed looks in it and a restart', async () => {
    const { assess } = await soak(
      ticks.map((at, index) =>
        line(at, {
          memory: index % 10 === 3 ? { error: 'refused' } : index < 40 ? 30 : 16,
          'latency-p95': index % 10 === 4 ? 'NaN' : 25,
          restarts: index === 40 ? 1 : { noData: 'first look' },
        }),
      ),
    );
    const { results } = await assess();
    expect(verdicts({ results })).toEqual(['soak-memory-leak: healthy', 'soak-query-performance: healthy']);
    expect(results.map(({ unknown }) => unknown)).toEqual([29, 29]);
  });

  test('knows nothing without a series, and judges all the same', async () => {
    const { assess } = await soak([]);
    expect(verdicts(await assess())).toEqual(['soak-memory-leak: unknown', 'soak-query-performance: unknown']);
  });

  test('of a watch that was run again judges the last run', async () => {
    const yesterday = ticks.map((at, index) => line(at - 48 * HOUR, { memory: 16 + index / 12, 'latency-p95': 25 }));
    const today = ticks.map((at) => line(at, { memory: 16, 'latency-p95': 25 }));
    const { assess } = await soak([...yesterday, ...today]);
    expect(verdicts(await assess())).toEqual(['soak-memory-leak: healthy', 'soak-query-performance: healthy']);
  });
});

describe('a series', () => {
  test('has one value a tick, or several with their own times from a source that keeps history', async () => {
    const [at = 0] = ticks;
    const { read } = await soak([
      line(at, {
        one: 1.5,
        none: { noData: 'quiet' },
        many: [
          [at - 2_000, 1],
          [at - 1_000, 'NaN'],
          [at, { error: 'refused' }],
        ],
      }),
      line(at + 1, { one: '+Inf', none: '-Inf', many: [] }),
    ]);
    expect(Object.fromEntries(await read())).toEqual({
      one: [
        { at, kind: 'ok', value: 1.5 },
        { at: at + 1, kind: 'ok', value: Number.MAX_VALUE },
      ],
      none: [
        { at, kind: 'noData', reason: 'quiet' },
        { at: at + 1, kind: 'ok', value: -Number.MAX_VALUE },
      ],
      many: [
        { at: at - 2_000, kind: 'ok', value: 1 },
        { at: at - 1_000, kind: 'notANumber' },
        { at, kind: 'error', message: 'refused' },
      ],
    });
  });

  test('is read around lines that a dying worker left behind', async () => {
    const [at = 0] = ticks;
    const { read, evidence } = await soak([line(at, { memory: 1 }), '{"at":17', line(at + 1, { memory: 2 })]);
    expect((await read()).get('memory')).toMatchObject([{ value: 1 }, { value: 2 }]);
    await writeFile(evidenceFile(evidence, SERIES), '');
    expect(await read()).toEqual(new Map());
  });
});
