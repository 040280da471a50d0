/** Trends: what the samples of a whole watch must say together. */
import { z } from 'zod';
import { duration, durationOrNone, percent, reference, strict, text } from '../core/basics.js';

/** A quantity with its unit: `500 ms`, `0.2 %/h`. */
const quantity = () =>
  z.string({
    error: ({ input }) =>
      typeof input === 'number' ? `${input} has no unit; write for example "${input} %"` : undefined,
  });

const common = {
  title: text().describe('The trend in the team’s words'),
  metric: reference('metrics'),
  tier: z
    .enum(['require', 'consider'])
    .describe('require: a person is asked when it is broken, after the watch; consider: people are told'),
  notEnough: z.enum(['unknown', 'breached']).describe('What too little data means'),
};

const minimumSamples = (of: string, least = 1) =>
  z
    .int()
    .min(least, `Must be at least ${least}`)
    .describe(`Fewest known samples ${of} that make "healthy" a statement`);

const warmUp = durationOrNone().describe('Left out at the beginning, and in a leak after each restart');

export const trend = z.discriminatedUnion('test', [
  strict({
    ...common,
    test: z.literal('leak').describe('Growth that reaches the limit (Hamed-Rao at 1 %, Theil-Sen)'),
    growth: quantity().describe('Slower growth does not matter, per hour: `0.2 %/h`'),
    limit: quantity().describe('The value at which nothing is left: `100 %`'),
    within: duration().describe('Growth that reaches the limit later does not matter'),
    warmUp,
    restarts: reference('metrics').optional().meta({
      description: 'A key of `metrics` that counts restarts: what lies between two is tested by itself',
    }),
    minimumSamples: minimumSamples('between restarts', 10),
  }),
  strict({
    ...common,
    test: z.literal('degradation').describe('The last third against the first (Mann-Whitney at 98 %)'),
    shift: quantity().describe('A smaller rise of the median does not matter: `500 ms`'),
    effect: z
      .number()
      .gt(0, 'Cliff’s delta lies between 0 and 1')
      .lt(1, 'Cliff’s delta lies between 0 and 1: .33 is medium, .474 large')
      .describe('A smaller Cliff’s delta does not matter: .33 is medium, .474 large'),
    warmUp,
    minimumSamples: minimumSamples('in each third', 50),
  }),
  strict({
    ...common,
    test: z.literal('stability').describe('No hole, and no swing'),
    floor: percent().describe('The lowest share of the median: `50 %`'),
    for: duration().describe('How long it may be below that'),
    variation: quantity().describe('The highest coefficient of variation: `50 %`'),
    minimumSamples: minimumSamples('of the watch'),
  }),
  strict({
    ...common,
    test: z.literal('spikes').describe('No time far above the median'),
    factor: z.number().gt(1, 'Must be more than 1').describe('How many times the median is no longer usual'),
    above: quantity().describe('A value up to this is no spike: `500 ms`'),
    for: duration().describe('How long it may be up there'),
    minimumSamples: minimumSamples('of the watch'),
  }),
]);

export type AuthoredTrend = z.output<typeof trend>;
