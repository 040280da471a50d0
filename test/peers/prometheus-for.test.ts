/** "for" against Prometheus' own alerting rules, over random series. */
import { describe, expect, test } from 'vitest';
import {
  type Criterion,
  type CriterionState,
  emptyState,
  observe,
  readSample,
  type Sample,
  sampleOf,
  type Verdict,
} from '../../src/domain/watch/criteria.js';
import { uniform } from '../domain/trends/noise.js';
import { criterionWith } from '../helpers/criteria.js';
import { testRules } from '../helpers/prometheus.js';

const SEED = Number(process.env.SUREFOOT_SEED ?? Date.now() % 2 ** 31);
const SERIES = 400;
const STEPS = 40;
const STEP = 15_000;
const FORS = [0, 30_000, 40_000, 120_000];

/** As promtool writes a series: `_` for a scrape that failed, `stale` for a target that is gone. */
type Scraped = number | 'NaN' | 'Inf' | '_' | 'stale';

/** Stretches above and below the threshold, with what else may come in between. */
function scraped(random: () => number): Scraped[] {
  let isHigh = random() < 0.5;
  const values: Scraped[] = [];
  const turns = 0.05 + random() * 0.3;
  const gaps = random() < 0.5 ? 0 : random() * 0.3;
  while (values.length < STEPS) {
    if (random() < turns) isHigh = !isHigh;
    const kind = random();
    if (random() < gaps) values.push(...Array<Scraped>(1 + Math.floor(random() * 3)).fill(kind < 0.5 ? '_' : 'stale'));
    else if (kind < 0.03) values.push('NaN');
    else if (kind < 0.06) values.push('Inf');
    else values.push(isHigh ? 10.5 + Math.floor(random() * 5) : 10 - Math.floor(random() * 5));
  }
  return values.slice(0, STEPS);
}

/** As a query gives it: what a failed scrape leaves out is looked back for, for up to 5 min. */
function asked(values: readonly Scraped[]): Sample[] {
  let last: Scraped = 'stale';
  return values.map((value, index) => {
    if (value !== '_') last = value;
    const at = index * STEP;
    if (last === 'stale' || last === '_') return { at, kind: 'noData', reason: 'no series' };
    return sampleOf(at, last === 'NaN' ? Number.NaN : last === 'Inf' ? Number.POSITIVE_INFINITY : last);
  });
}

const criterion = (duration: number, noData: Verdict): Criterion =>
  criterionWith({
    id: 'rule',
    title: 'rule',
    metric: 'v',
    unit: 'count',
    for: duration,
    noData,
    // `NaN > 10` is not true.
    notANumber: 'healthy',
  });

/** Whether the rule is met after each sample. A criterion stays met; Prometheus' alert ends with the first healthy one. */
function firing(rule: Criterion, samples: readonly Sample[]): boolean[] {
  let state: CriterionState = emptyState();
  return samples.map((sample) => {
    state = readSample(rule, sample) === 'healthy' ? emptyState() : observe(rule, state, sample);
    return state.firedAt !== undefined;
  });
}

const firstOf = (rule: Criterion, samples: readonly Sample[]): number | undefined =>
  samples.reduce((state, sample) => observe(rule, state, sample), emptyState()).firedAt;

describe(`as promtool has it (seed ${SEED})`, () => {
  const random = uniform(SEED);
  const series = Array.from({ length: SERIES }, () => scraped(random));
  const all = series.map(asked);

  test.each(FORS)(`"for" of %i ms fires at the same times in ${SERIES} series`, async (duration) => {
    const rule = criterion(duration, 'healthy');
    const fires = all.map((samples) => firing(rule, samples));
    const isEither = fires.flat();
    expect(isEither).toContain(true);
    expect(isEither).toContain(false);
    for (const [index, samples] of all.entries()) {
      const first = fires[index]?.indexOf(true) ?? -1;
      expect(firstOf(rule, samples)).toBe(first < 0 ? undefined : first * STEP);
    }
    const difference = await testRules({
      rules: { groups: [{ name: 'g', rules: [{ alert: 'Rule', expr: 'v > 10', for: `${duration}ms` }] }] },
      evaluation_interval: '15s',
      tests: [
        {
          interval: '15s',
          input_series: series.map((values, index) => ({ series: `v{series="${index}"}`, values: values.join(' ') })),
          alert_rule_test: Array.from({ length: STEPS }, (_, step) => ({
            eval_time: `${step * STEP}ms`,
            alertname: 'Rule',
            exp_alerts: fires.flatMap((at, index) => (at[step] ? [{ exp_labels: { series: `${index}` } }] : [])),
          })),
        },
      ],
    });
    expect(difference, `seed ${SEED}`).toBe('');
  });

  test.each(FORS)(
    'a gap that is unknown keeps a breach of %i ms: it fires no later, and elsewhere the same',
    (duration) => {
      for (const [index, samples] of all.entries()) {
        const [kept, ended] = (['unknown', 'healthy'] as const).map((noData) =>
          firstOf(criterion(duration, noData), samples),
        );
        expect(kept ?? Infinity, `series ${index}`).toBeLessThanOrEqual(ended ?? Infinity);
        if (!series[index]?.includes('stale')) expect(kept).toBe(ended);
      }
    },
  );
});

test('a gap in a breach: a pending alert of Prometheus ends, a breach whose gap is unknown goes on', async () => {
  const samples = asked([20, 'stale', 20]);
  expect(firstOf(criterion(30_000, 'healthy'), samples)).toBeUndefined();
  expect(firstOf(criterion(30_000, 'unknown'), samples)).toBe(30_000);
});
