/** Criteria over metrics, and the watches that sample them. */
import { z } from 'zod';
import { duration, durationOrNone, id, reference, strict, text } from '../core/basics.js';

const rule = () =>
  z.string({
    error: ({ input }) =>
      typeof input === 'number'
        ? `${input} has no comparison and no unit; write for example "> ${input} %"`
        : undefined,
  });

/** What silence means where a criterion does not say: nobody has seen that all is well. The same for every source. */
const silence = z.enum(['healthy', 'breached', 'unknown']).default('unknown');

export const criterion = strict({
  title: text().describe('The rule in the team’s words'),
  metric: reference('metrics'),
  breach: rule().optional().describe('What must not be: `> 10 %`. Write this or `expect`'),
  expect: rule().optional().describe('What must be: `< 1 %`. Write this or `breach`'),
  for: durationOrNone().describe('How long it must last before it counts; 0s: the first sample counts'),
  tier: z
    .enum(['require', 'rollback', 'consider'])
    .describe('require: a gate; rollback: acts at once; consider: asks a person'),
  noData: silence.describe('What a sample without data means'),
  notANumber: silence.describe('What a value that is not a number means (0 of 0 requests)'),
  providerError: silence.describe('What a source that can’t be asked means'),
  minimumSamples: z
    .int()
    .min(1, 'Must be at least 1')
    .optional()
    .describe(
      'Fewest known samples that make "healthy" a statement; half of those that the metric’s source gives in the watch when left out',
    ),
  rollback: z
    .enum(['migration', 'code', 'full'])
    .optional()
    .describe('The rollback that cures it; needed in tier rollback'),
});

const stretch = {
  title: text().describe('What people read'),
  environment: z.enum(['staging', 'production']).optional().describe('soak: staging; watches: production'),
  duration: duration().describe('How long it lasts'),
  minimum: duration()
    .optional()
    .describe('The shortest that `start` may make it; `duration` when left out: it can’t be shortened'),
  tick: duration().describe('How often the metrics are sampled'),
  observe: z.array(reference('metrics')).default([]).describe('Metrics that are recorded without a criterion'),
  criteria: z
    .array(reference('criteria'))
    .min(1, 'A watch without criteria proves nothing')
    .describe('Criteria that hold here'),
  trends: z.array(reference('trends')).default([]).describe('Trends that are judged at its end'),
  gate: z
    .enum(['rollback', 'ask'])
    .default('ask')
    .describe('What a broken `require` criterion leads to; staging is not rolled back'),
  consider: strict({
    within: duration().describe('How long a person may take'),
    otherwise: z.enum(['continue', 'rollback']).describe('What happens then'),
  })
    .optional()
    .describe(
      'The question that a broken criterion asks which does not end the watch: tier consider, and require where the gate of production asks. Left out where there is none',
    ),
};

export const soakSchema = strict(stretch);
export const watchSchema = strict({ id: id().describe('Name, as `watch-5m`'), ...stretch });

export type AuthoredCriterion = z.output<typeof criterion>;
export type AuthoredSoak = z.output<typeof soakSchema>;
export type AuthoredWatch = z.output<typeof watchSchema>;
