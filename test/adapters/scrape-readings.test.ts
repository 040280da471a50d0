import { describe, expect, test } from 'vitest';
import { QUIET, readPages } from '../../src/adapters/scrape-readings.js';
import type { ScrapeReading } from '../../src/contract/plan.js';
import { countedPages } from '../helpers/counted-pages.js';

const STEP = 10_000;

/** Of pages ten seconds apart; in the window are the last `inWindow` of them. */
const read = (texts: string[], reading: ScrapeReading, unit = '%', standsFor?: number, inWindow = texts.length) =>
  readPages(countedPages(texts, [reading], STEP).slice(-inWindow), { read: reading, unit }, standsFor);

const errors: ScrapeReading = {
  ratio: { of: { name: 'requests_total', labels: { status: '~5..' } }, to: { name: 'requests_total' } },
};
const requests = (good: number, bad?: number) =>
  `requests_total{status="200"} ${good}\n${bad === undefined ? '' : `requests_total{status="500"} ${bad}\n`}`;

describe('ratio', () => {
  test('is the growth of one counter in percent of another', () => {
    expect(read([requests(100, 10), requests(190, 20)], errors)).toEqual({ value: 10 });
  });

  test('is zero while there is no series for the part yet', () => {
    expect(read([requests(100), requests(200)], errors)).toEqual({ value: 0 });
  });

  test('counts a series that appears from zero: the first errors after a deploy matter', () => {
    expect(read([requests(100), requests(150, 50)], errors)).toEqual({ value: 50 });
  });

  test('is no data, never 0 or NaN, when nothing was requested', () => {
    expect(read([requests(100, 1), requests(100, 1)], errors)).toEqual({ noData: QUIET });
  });

  test('names a series that is not there', () => {
    const misspelt: ScrapeReading = { ratio: { of: { name: 'requests_total' }, to: { name: 'requests_totl' } } };
    expect(read([requests(1), requests(2)], misspelt)).toEqual({ noData: 'no series requests_totl' });
  });

  test('takes a counter that dropped for a restart, also in the middle of the window', () => {
    expect(read([requests(100, 10), requests(150, 10), requests(30, 10), requests(40, 10)], errors)).toEqual({
      value: 0,
    });
    expect(read([requests(1_000, 500), requests(30, 10)], errors)).toEqual({ value: 25 });
  });

  test('needs two pages', () => {
    expect(read([requests(100)], errors)).toEqual({ noData: 'first look: no rate yet' });
  });
});

describe('rate', () => {
  const cpu: ScrapeReading = { rate: { name: 'cpu_seconds_total' } };
  test.each([
    ['%', 50],
    ['/s', 0.5],
    ['/min', 30],
    ['count', 5],
  ])('in %s', (unit, value) => {
    expect(read(['cpu_seconds_total 10', 'cpu_seconds_total 15'], cpu, unit)).toEqual({ value });
  });

  test('counts for the whole window that a moment of virtual time stands for', () => {
    expect(read(['cpu_seconds_total 10', 'cpu_seconds_total 15'], cpu, 'count', 60_000)).toEqual({ value: 30 });
  });
});

describe('quantile and mean', () => {
  const histogram = { name: 'seconds' };
  const buckets = (...counts: number[]) =>
    ['0.1', '1', '10', '+Inf'].map((le, i) => `seconds_bucket{le="${le}"} ${counts[i]}`).join('\n');
  const quantile = (q: number, ...texts: string[]) => read(texts, { quantile: { q, histogram } }, 'ms');

  test('interpolates linearly inside the bucket, which begins at 0 for the first', () => {
    expect(quantile(0.5, buckets(0, 0, 0, 0), buckets(100, 100, 100, 100))).toEqual({ value: 50 });
    expect(quantile(0.95, buckets(0, 0, 0, 0), buckets(90, 100, 100, 100))).toEqual({ value: 550 });
  });

  test('never exceeds the highest finite bound', () => {
    expect(quantile(0.95, buckets(0, 0, 0, 0), buckets(0, 0, 0, 100))).toEqual({ value: 10_000 });
  });

  test('looks at the growth only, over all other labels together', () => {
    const two = (a: number, b: number) =>
      ['a', 'b']
        .flatMap((path, i) =>
          ['0.1', '1', '10', '+Inf'].map((le, j) => {
            const count = [a, b][i] as number;
            return `seconds_bucket{path="${path}",le="${le}"} ${i === 1 && j === 0 ? 0 : count}`;
          }),
        )
        .join('\n');
    expect(quantile(0.75, two(100, 100), two(150, 150))).toEqual({ value: 550 });
  });

  test('is no data without requests, without series, without a +Inf bucket', () => {
    expect(quantile(0.95, buckets(1, 2, 3, 4), buckets(1, 2, 3, 4))).toEqual({ noData: QUIET });
    expect(quantile(0.95, 'other 1', 'other 2')).toEqual({ noData: 'no series seconds_bucket' });
    expect(quantile(0.95, 'seconds_bucket{le="1"} 1', 'seconds_bucket{le="1"} 5')).toHaveProperty('noData');
  });

  test('the mean is the growth of the sum by the growth of the count', () => {
    const page = (sum: number, count: number) => `seconds_sum ${sum}\nseconds_count ${count}`;
    expect(read([page(1, 10), page(3, 20)], { mean: { histogram } }, 'ms')).toEqual({ value: 200 });
    expect(read([page(1, 10), page(1, 10)], { mean: { histogram } }, 'ms')).toEqual({ noData: QUIET });
  });
});

describe('gauge and share', () => {
  test('need one page', () => {
    expect(read(['memory_bytes 5e8\nlimit_bytes 1e9'], { gauge: { name: 'memory_bytes' } }, 'MB')).toEqual({
      value: 500,
    });
    const share = { of: { name: 'memory_bytes' }, to: { name: 'limit_bytes' } };
    expect(read(['memory_bytes 5e8\nlimit_bytes 1e9'], { share })).toEqual({ value: 50 });
    expect(read(['memory_bytes 5e8\nlimit_bytes 0'], { share })).toEqual({ noData: 'limit_bytes is 0' });
    expect(read(['memory_bytes 5e8'], { share })).toEqual({ noData: 'no series limit_bytes' });
  });

  test('NaN stays what it is, and infinity is the largest number that JSON carries', () => {
    expect(read(['broken NaN'], { gauge: { name: 'broken' } })).toEqual({ value: Number.NaN });
    expect(read(['broken +Inf'], { gauge: { name: 'broken' } })).toEqual({ value: Number.MAX_VALUE });
    expect(read(['broken -Inf'], { gauge: { name: 'broken' } })).toEqual({ value: -Number.MAX_VALUE });
  });
});
