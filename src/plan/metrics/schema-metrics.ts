/** Metrics, criteria over them, and the watches that sample them. */
import { z } from 'zod';
import { patternProblem } from '../../domain/pattern.js';
import { duration, durationOrNone, id, oneOf, pattern, reference, strict, table, text } from '../core/basics.js';
import { UNIT_NAMES } from './units.js';

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

const postgresReading = oneOf({
  deadlocks: z.literal(true).describe('Deadlocks a minute, by pg_stat_database').optional(),
  blocked: strict({ longerThan: duration().describe('Shorter waits are not counted') })
    .describe('Sessions blocked by others for longer than this')
    .optional(),
  slowQueries: strict({ longerThan: duration().describe('Faster statements are not counted') })
    .describe('Statements whose mean time is above this')
    .optional(),
  lostRows: strict({ table: table().describe('The table') })
    .describe('Rows fewer than before the deployment')
    .optional(),
});

const common = {
  title: text().describe('What people read'),
  unit: z.enum(UNIT_NAMES).describe('Unit of the values'),
  window: duration().describe('How far rates, quantiles and counts look back'),
};

const queryName = z
  .string()
  .regex(/^[a-z][A-Za-z0-9_]*$/, 'A query is named by a small letter, then letters, digits and "_"')
  .meta({ pattern: '^[a-z][A-Za-z0-9_]*$' });

const formula = text().optional().describe('What is worked out of the queries, as `100 * errors / requests`');

const cloudWatchQuery = strict({
  namespace: text().describe('As `AWS/ApplicationELB`'),
  metric: text().describe('Name of the metric'),
  dimensions: z.record(text(), text()).default({}).describe('Dimensions by name; `{environment}` is filled in'),
  statistic: text()
    .regex(/^(Average|Sum|Minimum|Maximum|SampleCount|(p|tm|wm|tc|ts)\d+(\.\d+)?|(PR|TM|WM|TC|TS|IQM)(\(.*\))?)$/, {
      error: 'Not a statistic of CloudWatch; write for example Sum, Average or p95',
    })
    .describe('As `Sum`, `Average`, `p95`'),
});

/** Sources that keep history are asked for every value since the last tick. */
const kept = (resolution: string) => ({
  ...common,
  provider: z
    .union([
      reference('providers'),
      strict({
        staging: reference('providers').describe('For staging'),
        production: reference('providers').describe('For production'),
      }),
    ])
    .describe('A key of `providers`, or one for each environment'),
  resolution: duration().prefault(resolution).describe('How far apart the values are that are asked for'),
});

const delay = (usual: string) =>
  durationOrNone().prefault(usual).describe('How long it takes until a value is complete');

export const metric = z.discriminatedUnion('source', [
  strict({
    ...common,
    source: z.literal('scrape').describe('The application’s own page for Prometheus'),
    path: text().regex(/^\//, 'A path begins with "/"').default('/metrics').describe('Path of that page'),
    read: scrapeReading.describe('How the value is worked out'),
  }),
  strict({
    ...common,
    source: z.literal('health').describe('The health endpoint'),
    read: z
      .enum(['restarts', 'down'])
      .describe('restarts: changes of `started_at` in the window; down: 1 while there is no answer 200'),
  }),
  strict({
    ...common,
    source: z.literal('postgres').describe('The environment’s database'),
    read: postgresReading.describe('What is asked'),
  }),
  strict({
    ...common,
    source: z.literal('logs').describe('The output of the `logs` command'),
    pattern: pattern().optional().describe('Lines that count; `logs.critical` when left out'),
  }),
  strict({
    ...kept('15s'),
    source: z.literal('prometheus').describe('A Prometheus server'),
    query: text().describe('PromQL that gives one number in `unit`; `{environment}` and `{window}` are filled in'),
    up: text()
      .optional()
      .describe('PromQL of series that are 1 while the target is there; worked out from `query` when left out'),
    delay: delay('0s'),
  }),
  strict({
    ...kept('15s'),
    source: z.literal('datadog').describe('Datadog'),
    queries: z
      .record(queryName, text())
      .describe('Metric queries by name; `{environment}` and `{window}` (seconds) are filled in'),
    formula,
    delay: delay('1m'),
  }),
  strict({
    ...kept('1m'),
    source: z.literal('cloudwatch').describe('Metrics of CloudWatch'),
    queries: z.record(queryName, cloudWatchQuery).describe('Metrics by name'),
    formula,
    delay: delay('2m'),
  }),
  strict({
    ...kept('1m'),
    source: z.literal('cloudwatch-logs').describe('Lines of a log group of CloudWatch'),
    group: text().describe('The log group; `{environment}` is filled in'),
    filter: text().describe('Filter pattern of the lines that count, as CloudWatch has it'),
    delay: delay('30s'),
  }),
  strict({
    ...common,
    source: z.literal('command').describe('A command that prints JSON'),
    command: strict({
      run: z
        .array(text(), { error: 'Write the command as a list of arguments: [./queue_length.sh, "{environment}"]' })
        .min(1, 'The command is empty')
        .describe('Program and arguments; `{environment}` is filled in. No shell reads it, and it runs on the worker'),
      in: reference('folders').describe('A key of `folders`'),
      timeout: duration().prefault('5s').describe('Longest time it may take'),
    }).describe('The command'),
    field: text().optional().describe('Where the number is in the JSON, as `queue.length`; all of it when left out'),
  }),
]);

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
  gate: z.enum(['rollback', 'ask']).describe('What a broken `require` criterion leads to'),
  consider: strict({
    within: duration().describe('How long a person may take'),
    otherwise: z.enum(['continue', 'rollback']).describe('What happens then'),
  }).describe('The question that a `consider` criterion asks'),
};

export const soakSchema = strict(stretch);
export const watchSchema = strict({ id: id().describe('Name, as `watch-5m`'), ...stretch });

export type AuthoredMetric = z.output<typeof metric>;
export type AuthoredCriterion = z.output<typeof criterion>;
export type AuthoredSoak = z.output<typeof soakSchema>;
export type AuthoredWatch = z.output<typeof watchSchema>;
