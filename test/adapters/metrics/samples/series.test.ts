import { expect, test } from 'vitest';
import { appendEvidence } from '../../../../src/adapters/evidence/evidence-store.js';
import { readSeries, seriesLine, seriesPath } from '../../../../src/adapters/metrics/samples/series.js';
import type { Sample } from '../../../../src/domain/watch/criteria.js';
import { evidencePlace } from '../../../helpers/context.js';

const all: Record<string, Sample[]> = {
  plain: [{ at: 60_000, kind: 'ok', value: 5 }],
  kept: [
    { at: 30_000, kind: 'ok', value: 1 },
    { at: 45_000, kind: 'notANumber' },
    { at: 60_000, kind: 'ok', value: Number.MAX_VALUE },
  ],
  earlier: [{ at: 45_000, kind: 'noData', reason: 'nothing' }],
  failed: [{ at: 60_000, kind: 'error', message: 'refused' }],
  'not-due': [],
};

test('a line holds every sample of a tick: one of the tick’s own time plainly, others with theirs', () => {
  expect(JSON.parse(seriesLine(60_000, all)).values).toEqual({
    plain: 5,
    kept: [
      [30_000, 1],
      [45_000, 'NaN'],
      [60_000, '+Inf'],
    ],
    earlier: [[45_000, { noData: 'nothing' }]],
    failed: { error: 'refused' },
    'not-due': [],
  });
});

test('what was written is read back, by metric and in order; a line that is there twice or cut off changes nothing', async () => {
  const evidence = await evidencePlace();
  expect(await readSeries(evidence, { monitor: 'soak', from: 0, to: 1 })).toEqual(new Map());
  const path = seriesPath('soak');
  const later = seriesLine(120_000, { plain: [{ at: 120_000, kind: 'ok', value: 6 }] });
  const cut = later.slice(0, 20);
  for (const line of [later, seriesLine(60_000, all), seriesLine(60_000, all), cut]) {
    await appendEvidence(evidence, path, line);
  }
  const series = await readSeries(evidence, { monitor: 'soak', from: 45_000, to: 120_000 });
  expect(Object.fromEntries(series)).toEqual({
    ...all,
    plain: [...(all.plain ?? []), { at: 120_000, kind: 'ok', value: 6 }],
    kept: all.kept?.slice(1),
  });
});
