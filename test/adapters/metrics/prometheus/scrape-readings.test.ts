import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countPage } from '../../../../src/adapters/metrics/prometheus/counters.js';
import { parsePage } from '../../../../src/adapters/metrics/prometheus/prometheus-text.js';
import { QUIET, readPages } from '../../../../src/adapters/metrics/prometheus/scrape-readings.js';
import type { ScrapeReading } from '../../../../src/contract/plan/metrics.js';
import { countedPages } from '../../../helpers/counted-pages.js';

const pages = (texts: string[], reading: ScrapeReading) =>
  countedPages(
    texts.map((text, index) => ({ at: index * 10_000, text })),
    [reading],
  );

/** Of pages ten seconds apart; in the window are the last `inWindow` of them. */
const read = (texts: string[], reading: ScrapeReading, unit = '%', standsFor?: number, inWindow = texts.length) =>
  readPages(pages(texts, reading).slice(-inWindow), { read: reading, unit }, standsFor);

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

describe('a counter that is missing from a page', () => {
  const gone = 'requests_total{status="200"} 1020\n';

  test('is compared with when it was last seen: its whole life is not counted again', () => {
    expect(read([requests(1_000, 1_000), gone, requests(1_040, 1_000)], errors)).toEqual({ value: 0 });
    expect(read([requests(1_000, 1_000), gone, requests(1_040, 1_010)], errors)).toEqual({ value: 20 });
  });

  test('is so compared where the window begins with the page that it is missing from', () => {
    expect(read([requests(1_000, 1_000), gone, requests(1_040, 1_000)], errors, '%', undefined, 2)).toEqual({
      value: 0,
    });
  });

  test('says what it grew by until then where the newest page has it no more', () => {
    expect(read([requests(100, 10), requests(150, 60), 'requests_total{status="200"} 200'], errors)).toEqual({
      value: (50 / 150) * 100,
    });
  });

  test('does the same for the buckets of a histogram, its sum and its count', () => {
    const histogram = { name: 'seconds' };
    const page = (fast: number, slow: number) =>
      [
        ...['0.1', '1', '5'].map((le) => `seconds_bucket{path="/",le="${le}"} ${fast}`),
        `seconds_bucket{path="/",le="+Inf"} ${fast}`,
        ...['0.1', '1'].map((le) => `seconds_bucket{path="/slow",le="${le}"} 0`),
        ...['5', '+Inf'].map((le) => `seconds_bucket{path="/slow",le="${le}"} ${slow}`),
        `seconds_count ${fast + slow}\nseconds_sum ${fast * 0.05 + slow * 4}`,
      ].join('\n');
    const without = page(1_050, 1_000)
      .split('\n')
      .filter((line) => !line.includes('/slow') && !line.includes('_sum') && !line.includes('_count'))
      .join('\n');
    const texts = [page(1_000, 1_000), without, page(1_100, 1_000)];
    expect(read(texts, { quantile: { q: 0.95, histogram } }, 's')).toEqual({ value: 0.095 });
    expect(read(texts, { mean: { histogram } }, 's')).toEqual({ value: expect.closeTo(0.05, 9) });
  });

  test('counts from zero after a restart, though it was not on the restarted process’ first page', () => {
    expect(read([requests(1_000, 500), requests(30), requests(60, 20)], errors)).toEqual({ value: 25 });
  });

  test('is unknown where it is no number, and does not spoil what comes later', () => {
    const texts = [requests(100, 10), 'requests_total{status="200"} NaN', requests(150, 60), requests(200, 110)];
    expect(read(texts, errors)).toEqual({ value: Number.NaN });
    expect(read(texts, errors, '%', undefined, 2)).toEqual({ value: 50 });
  });

  test('that nobody had looked for before says nothing of the time before', () => {
    const [, ...later] = pages([requests(1), requests(2, 1_000), requests(3, 1_001)], errors);
    const other = pages([requests(1)], { gauge: { name: 'requests_total' } });
    expect(readPages([...other, ...later], { read: errors, unit: '%' })).toEqual({ value: 50 });
    expect(readPages(other, { read: errors, unit: '%' })).toEqual({ noData: 'no scrape yet' });
  });
});

test('a metric that was read as it is, and is counted from now on, has grown by nothing yet', () => {
  const gauge: ScrapeReading = { gauge: { name: 'requests_total' } };
  const looks = [requests(1_000, 1_000), requests(1_100, 1_000), requests(1_200, 1_100)].map((text, index) => ({
    at: index * 10_000,
    text,
  }));
  const [first] = countedPages(looks, [gauge]);
  const names = ['requests_total'];
  let last = first?.value;
  const later = looks.slice(1).map(({ at, text }) => {
    last = countPage(last, parsePage(text, names), { names, wall: at });
    return { at, value: last };
  });
  expect(readPages([...countedPages(looks, [gauge]).slice(0, 1), ...later], { read: errors, unit: '%' })).toEqual({
    value: 50,
  });
});

describe('the process that writes the page', () => {
  const at = (start: number, good: number, bad?: number) =>
    `process_start_time_seconds ${start}\n${requests(good, bad)}`;

  test('counts from zero after a restart, also where it has already counted further than before', () => {
    expect(read([at(-100, 10, 10), at(5, 45, 15)], errors)).toEqual({ value: 25 });
  });

  test('is the same one when its start is a second off, as some libraries have it', () => {
    expect(read([at(-100, 1_000, 1_000), at(-99, 1_100, 1_000), at(-100, 1_200, 1_000)], errors)).toEqual({ value: 0 });
  });

  const severalOf = (texts: string[], inWindow?: number, reading: ScrapeReading = errors) => {
    expect(() => read(texts, reading, '%', undefined, inWindow)).toThrow(
      /^the page is of several processes in turn .*an address of its own, or all of them from a Prometheus$/,
    );
  };

  test('is not mixed with another that was there all the time: nobody knows what that had counted before', () => {
    severalOf([at(-5_000, 1_000, 1_000), at(-4_000, 400, 400)]);
    expect(
      read([at(-5_000, 1_000, 1_000), at(-4_000, 400, 400), at(-4_000, 410, 400)], errors, '%', undefined, 2),
    ).toEqual({ value: 0 });
  });

  test('is one of several when an older one answers again: no rate and no gauge is of all of them then', () => {
    const turns = [at(-5_000, 1_000, 1_000), at(-4_000, 400, 400), at(-5_000, 1_010, 1_000), at(-5_000, 1_020, 1_000)];
    severalOf(turns);
    severalOf(turns, 2);
    severalOf(turns, 1, { gauge: { name: 'requests_total' } });
  });

  test('may be trusted again once it has answered alone for a while: the others are gone', () => {
    const turns = [at(-5_000, 1_000), at(-4_000, 400), at(-5_000, 1_010)];
    const alone = Array.from({ length: 10 }, (_, index) => at(-5_000, 1_020 + index, 10));
    severalOf([...turns, ...alone.slice(0, 9)], 2);
    expect(read([...turns, ...alone], errors, '%', undefined, 2)).toEqual({ value: 0 });
  });

  test('is one of several when a counter falls without a restart, or falls again and again without a word of one', () => {
    severalOf([at(-5_000, 1_000, 1_000), at(-5_000, 400, 400)]);
    severalOf([requests(1_000, 900), requests(400, 300), requests(1_010, 900), requests(405, 300)]);
  });
});

describe('whatever pages there are', () => {
  const step = fc.record({
    grown: fc.integer({ min: 0, max: 50 }),
    bad: fc.integer({ min: 0, max: 50 }),
    seen: fc.constantFrom<'both' | 'good'>('both', 'both', 'good'),
    restarts: fc.boolean(),
  });

  test('the growth of counters is what was counted between the looks that had them', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        let [start, good, bad, allGood, allBad, lost] = [-1_000, 500, 500, 0, 0, 0];
        const texts = [`process_start_time_seconds ${start}\n${requests(good, bad)}`];
        for (const [index, { grown, bad: more, seen, restarts }] of steps.entries()) {
          if (restarts) [start, good, bad, lost] = [index * 10 + 5, 0, 0, 0];
          good += grown;
          bad += more;
          allGood += grown;
          lost += more;
          if (seen === 'both') {
            allBad += lost;
            lost = 0;
          }
          texts.push(`process_start_time_seconds ${start}\n${requests(good, seen === 'both' ? bad : undefined)}`);
        }
        const total = allGood + allBad;
        const expected = total === 0 ? { noData: QUIET } : { value: expect.closeTo((allBad / total) * 100, 9) };
        expect(read(texts, errors)).toEqual(expected);
      }),
    );
  });
});
