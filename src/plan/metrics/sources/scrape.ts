/** `scrape`: the application's own page for Prometheus. */
import { z } from 'zod';
import type { ScrapeReading, SourceOf } from '../../../contract/plan/metrics.js';
import { patternProblem } from '../../../domain/pattern.js';
import { oneOf, strict, text } from '../../core/basics.js';
import { UNIT_NAMES, type Unit } from '../../core/units.js';
import { common, type PlannedSource } from './source.js';

const labelValue = text().superRefine((value, context) => {
  const problem = value.startsWith('~') ? patternProblem(value.slice(1)) : undefined;
  if (problem !== undefined) context.addIssue({ code: 'custom', message: `What follows "~": ${problem}` });
});

export const selector = strict({
  name: text()
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'Not the name of a Prometheus metric')
    .describe('Name of the series on the metrics page'),
  labels: z
    .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'Not the name of a label'), labelValue)
    .optional()
    .describe('Labels that must match: an equal value, or `~` and a regular expression (RE2) for the whole value'),
});

const histogram = selector.describe('A histogram by its name, without _bucket, in seconds');

const scrapeReading = oneOf({
  ratio: strict({ of: selector.describe('The part'), to: selector.describe('The whole') })
    .describe('Growth of one counter in percent of another’s')
    .optional(),
  quantile: strict({
    q: z
      .number()
      .gt(0, 'A quantile is between 0 and 1')
      .lt(1, 'A quantile is between 0 and 1: write 0.95 for P95')
      .describe('0.95 for P95'),
    histogram,
  })
    .describe('A quantile of a histogram')
    .optional(),
  mean: strict({ histogram }).describe('The mean of a histogram').optional(),
  rate: selector.describe('Growth of a counter; in percent, of one second a second').optional(),
  gauge: selector.describe('The value as it is').optional(),
  share: strict({ of: selector.describe('The part'), to: selector.describe('The whole') })
    .describe('One gauge in percent of another')
    .optional(),
});

const schema = strict({
  ...common,
  source: z.literal('scrape').describe('The application’s own page for Prometheus'),
  path: text().regex(/^\//, 'A path begins with "/"').default('/metrics').describe('Path of that page'),
  read: scrapeReading.describe('How the value is worked out'),
});

const TIMED: readonly Unit[] = ['ms', 's', 'min'];
const UNITS: Record<keyof z.output<typeof scrapeReading>, readonly Unit[]> = {
  ratio: ['%'],
  share: ['%'],
  quantile: TIMED,
  mean: TIMED,
  rate: ['/s', '/min', '%'],
  gauge: UNIT_NAMES,
};

export const scrapeSource: PlannedSource<SourceOf<'scrape'>, typeof schema> = {
  schema,
  reading({ read }) {
    const [reading] = Object.keys(read) as (keyof typeof UNITS)[];
    return { reading: reading ?? '', units: reading === undefined ? UNIT_NAMES : UNITS[reading] };
  },
  check(resolution, { name, metric }) {
    for (const key of ['quantile', 'mean'] as const) {
      const histogram = metric.read[key]?.histogram.name;
      const suffix = /_(bucket|sum|count)$/.exec(histogram ?? '')?.[0];
      if (histogram === undefined || suffix === undefined) continue;
      resolution.report(['metrics', name, 'read', key, 'histogram', 'name'], {
        message: `Names one series of a histogram; leave out "${suffix}"`,
        suggestion: histogram.slice(0, -suffix.length),
      });
    }
  },
  fill: ({ path, window, read }, { place }) => ({
    kind: 'scrape',
    url: `${place.api}${path}`,
    window,
    read: read as ScrapeReading,
  }),
};
