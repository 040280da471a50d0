import { describe, expect, test } from 'vitest';
import { seriesNames } from '../../../../src/adapters/metrics/prometheus/promql.js';

const texts = (query: string) => seriesNames(query).map(({ text }) => text);

describe('the series that a query reads', () => {
  test.each([
    ['up', ['up']],
    ['sum(rate(http_requests_total{job="api",status=~"5.."}[1m]))', ['http_requests_total{job="api",status=~"5.."}']],
    ['100 * sum by (env) (rate(a_total[5m])) / sum(rate(b_total[5m])) without (x)', ['a_total', 'b_total']],
    ['histogram_quantile(0.95, sum(rate(d_bucket{path=~"/api/.*"}[60000ms])) by (le))', ['d_bucket{path=~"/api/.*"}']],
    ['a{x="}"} or b{y=\'{"\'} unless on (job) group_left (z) c', ['a{x="}"}', "b{y='{\"'}", 'c']],
    ['max_over_time(a[5m:30s]) offset 5m > bool 1e3', ['a']],
    ['{__name__="weird name",job="x"}', ['{__name__="weird name",job="x"}']],
    ['a # not_a_metric\n + job:b:rate5m', ['a', 'job:b:rate5m']],
    ['count_values("version", build_info) + NaN + Inf + 0x1F', ['build_info']],
    ['label_replace(a, "dst", "$1", "src", "(.*)")', ['a']],
    ['sum without (instance, job) (a) + quantile by (x) (0.9, b)', ['a', 'b']],
    ['1 + 2 * vector(3)', []],
    ['', []],
  ])('%s', (query, expected) => {
    expect(texts(query)).toEqual(expected);
  });

  test('a name in braces is the name', () => {
    expect(seriesNames('{__name__="up", job="x"}')[0]?.name).toBe('up');
    expect(seriesNames('{job="x"}')[0]?.name).toBeUndefined();
  });

  test('what is no PromQL ends all the same', () => {
    for (const broken of ['{', 'a{', 'a{x="', '"', "'", '[', ']]', ')(', 'sum(', '\\', '`', '🦆 + a'])
      seriesNames(broken);
  });
});
