import { describe, expect, test } from 'vitest';
import { breachOf } from '../../../src/adapters/alerts/prometheus-rules.js';

describe('the threshold of an expression', () => {
  test.each([
    ['up > 3', '>', 3],
    ['rate(http_requests_total{status=~"5.."}[5m]) / 100 >= 0.02', '>=', 0.02],
    ['3 < histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))', '>', 3],
    ['(100 * sum(a) / sum(b)) > 2', '>', 2],
    ['((x > 85))', '>', 85],
    ['x > bool 1e3', '>', 1000],
    ['x{path="a > b and c"} < -1.5 # > 7', '<', -1.5],
    ['count(y > 5) > (2)', '>', 2],
    ['x\n  > 3\n', '>', 3],
    ['a_and_b > 4', '>', 4],
  ])('%s', (expression, comparison, threshold) => {
    expect(breachOf(expression)).toEqual({ comparison, threshold });
  });

  test.each([
    ['x > 3 and y > 5', 'more than one condition'],
    ['x > 3 unless on (a) y', 'more than one condition'],
    ['absent(up)', 'compares with nothing'],
    ['x == 0', 'fires at =='],
    ['x > y', 'not compare with a number'],
    ['1 < x < 3', 'compares more than once'],
    ['x > 3 * 2', 'not compare with a number'],
  ])('is not guessed of %s', (expression, why) => {
    expect(breachOf(expression)).toEqual({ unread: expect.stringContaining(why) });
  });
});
