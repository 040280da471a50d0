/** A series whose store takes nothing for a long time. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { evidenceFile } from '../../../../src/adapters/evidence/evidence-store.js';
import { readSeries, seriesLine, seriesPath } from '../../../../src/adapters/metrics/samples/series.js';
import { SeriesWriter } from '../../../../src/adapters/metrics/samples/series-writer.js';
import { evidencePlace } from '../../../helpers/context.js';

const lineAt = (minute: number) =>
  seriesLine(minute * 60_000, { cpu: [{ at: minute * 60_000, kind: 'ok', value: minute }] });
/** Room for three lines. */
const MOST = 3 * lineAt(10).length;

test('a store that refuses loses the oldest lines beyond the bound, and the series says which', async () => {
  const evidence = await evidencePlace();
  const series = { monitor: 'soak', evidence };
  const file = evidenceFile(evidence, seriesPath('soak'));
  // A folder in its place takes no line.
  mkdirSync(file, { recursive: true });
  const writer = new SeriesWriter(MOST);
  const lost: number[] = [];
  for (const minute of [10, 11, 12, 13, 14, 15]) lost.push(await writer.add(series, lineAt(minute)));
  expect(lost).toEqual([0, 0, 0, 1, 2, 3]);
  rmSync(file, { recursive: true });
  expect(await writer.add(series, lineAt(16))).toBe(0);
  const samples = await readSeries(evidence, { monitor: 'soak', from: 0, to: 20 * 60_000 });
  expect(samples.get('cpu')).toEqual([
    {
      ...{ at: 10 * 60_000, kind: 'error' },
      message:
        '3 ticks until 1970-01-01T00:12:00.000Z are not kept: the evidence store took none, and there was no room for more',
    },
    ...[13, 14, 15, 16].map((minute) => ({ at: minute * 60_000, kind: 'ok', value: minute })),
  ]);
});

test('a store that hangs has no more than the bound kept for it, beside what is in its hands', {
  timeout: 20_000,
}, async () => {
  const evidence = await evidencePlace();
  const series = { monitor: 'soak', evidence };
  const file = evidenceFile(evidence, seriesPath('soak'));
  mkdirSync(dirname(file), { recursive: true });
  // Whoever opens it to write hangs until somebody reads.
  execFileSync('mkfifo', [file]);
  const writer = new SeriesWriter(MOST);
  for (const minute of [10, 11, 12, 13, 14, 15]) await writer.add(series, lineAt(minute));
  const written = [await readFile(file, 'utf8'), await readFile(file, 'utf8')].join('').trim().split('\n');
  expect(written.map((line) => JSON.parse(line)).map(({ at, lost }) => [at / 60_000, lost?.ticks])).toEqual([
    [10, undefined],
    [11, 2],
    [13, undefined],
    [14, undefined],
    [15, undefined],
  ]);
});
