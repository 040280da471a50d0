/** The authored scenario: what a person writes. `loadScenario` holds it against the plan. */
import { z } from 'zod';
import { FailureType } from '../../contract/errors.js';
import { ITEM_STATES } from '../../domain/items.js';
import { DECISIONS } from '../../domain/ledger/decision-kinds.js';
import { ROLLBACK_KINDS } from '../../domain/ledger/ledger.js';
import { PHASES } from '../../domain/steps.js';
import { duration, durationOrNone, id, prose, strict, text, wholeNumber } from '../../plan/core/basics.js';
import { moment } from '../../plan/windows/schema.js';
import { piece } from './schema-curves.js';

const oneOrMore = (what: string) =>
  z
    .union([text(), z.array(text())], { error: `Write ${what}, or a list of them` })
    .transform((written) => (typeof written === 'string' ? [written] : written));

const step = strict({
  takes: duration().optional().describe('How long it takes'),
  fails: oneOrMore('a fact').optional().describe('The facts that do not hold: one of the step, or a list'),
  exitCode: wholeNumber(1).optional().describe('What its command ends with'),
  output: prose().optional().describe('The last lines of its command, or what is seen of the facts that do not hold'),
  failure: z
    .enum(Object.values(FailureType) as [FailureType, ...FailureType[]])
    .optional()
    .describe('The activity fails altogether, with this type'),
  times: wholeNumber(1).optional().describe('So often, then it goes well; always when left out'),
});

const migrated = strict({
  takes: duration().optional().describe('How long it runs'),
  fails: text().optional().describe('It fails with this message, and the database stays where it was'),
  warnings: z.array(text()).optional().describe('Warnings in its output'),
});

const migration = strict({
  staging: migrated.optional().describe('The upgrade of staging'),
  production: migrated.optional().describe('The upgrade of production'),
  downgrade: z
    .enum(['fails', 'differs', 'loses'])
    .optional()
    .describe('What trying the way back on staging shows: it `fails`, leaves another schema (`differs`), `loses` data'),
  previousRelease: z
    .enum(['fails'])
    .optional()
    .describe('The previous release does not work on the new schema, as staging shows'),
  newRelease: z
    .enum(['fails'])
    .optional()
    .describe('The new release does not work on the old schema, as staging shows'),
  adds: strict({
    tables: z.array(text()).default([]).describe('New tables'),
    columns: z
      .array(strict({ table: text().describe('The table'), column: text().describe('The column') }))
      .default([])
      .describe('New columns'),
  })
    .optional()
    .describe('What a downgrade would drop'),
  written: z
    .record(text(), wholeNumber())
    .default({})
    .describe('What users have written to that since: rows by `table`, values by `table.column`'),
});

const health = strict({
  after: duration().optional().describe('The release answers only after so long'),
  never: z.literal(true).optional().describe('The release never answers'),
  version: text().optional().describe('The version that it answers with'),
});

const answer = strict({
  question: text().describe(
    'The question’s ID (`sign-offs`, a confirmation, a step, a criterion, `rollback`) or its kind',
  ),
  role: id().optional().describe('For sign-offs: whose. Otherwise: the role that answers'),
  who: id().optional().describe('Who answers; anybody of that role when left out'),
  answer: z
    .enum([...DECISIONS, 'never'])
    .optional()
    .describe('What is answered; what a sensible person says when left out'),
  after: durationOrNone().optional().describe('How long after the question; at once when left out'),
  option: z.enum(ROLLBACK_KINDS).optional().describe('For `rollback`: which way back'),
  revision: text().optional().describe('For `rollback`: the revision that is named to go back to; `base` for none'),
  why: text().optional().describe('The reason that is given'),
  time: wholeNumber(1).optional().describe('Only when it is asked for this time: 2 for the second'),
});

const intervention = strict({
  does: z.enum(['hold', 'resume', 'abort', 'rollback']).describe('What somebody does unasked'),
  at: text().describe('When this step, watch or phase has begun'),
  after: durationOrNone().optional().describe('In a watch: so long after its start'),
  for: duration().optional().describe('For `hold`: resumed after so long'),
  who: id().optional().describe('Who it is; anybody of the roster when left out'),
  role: id().optional().describe('In which role'),
  why: text().optional().describe('The reason that is given'),
  option: z.enum(['migration', 'code', 'full']).optional().describe('For `rollback`: which option'),
});

const fault = strict({
  restart: text().optional().describe('The worker is stopped and another begins: at this step, watch or phase'),
  after: durationOrNone().optional().describe('In a watch: so long after its start'),
  outage: oneOrMore('a metric')
    .optional()
    .describe('Metrics that cannot be asked for: names, kinds of source, or `all`'),
  network: z
    .literal('worker')
    .optional()
    .describe('The worker’s own network is away: no metric can be asked for, and no other place answers either'),
  in: text()
    .optional()
    .describe('For an outage or a network: the watch (times from its start) or the environment (from its deploy)'),
  from: durationOrNone().optional().describe('For an outage or a network: when it begins'),
  for: duration().optional().describe('For an outage or a network: how long it lasts; to the end when left out'),
}).refine(
  ({ restart, outage, network }) => [restart, outage, network].filter((fault) => fault !== undefined).length === 1,
  { error: 'Write exactly one of restart, outage, network' },
);

const told = z
  .union(
    [
      text(),
      strict({
        event: text().describe('The kind of event'),
        to: oneOrMore('a channel').optional().describe('Channels that must have been told'),
        times: wholeNumber(1).optional().describe('How many times'),
      }),
    ],
    { error: 'Write an event, or {event, to, times}' },
  )
  .transform((written) => (typeof written === 'string' ? { event: written } : written));

const byId = <V extends z.ZodType>(value: V) => z.record(text(), value);
const VERDICT = z.enum(['healthy', 'breached', 'unknown']);

const expectation = strict({
  outcome: z
    .enum(['succeeded', 'rolled-back', 'rollback-failed', 'rejected', 'aborted', 'waiting'])
    .describe('How it ends; `waiting`: people are asked and nobody answers'),
  phase: z.enum(PHASES).optional().describe('The last phase that was reached'),
  waiting: text().optional().describe('For `waiting`: the question that nobody answers, or `hold`, which nobody ends'),
  rollback: strict({
    option: z.enum(ROLLBACK_KINDS).optional().describe('The way back that was taken last'),
    criterion: text().optional().describe('The criterion that called for it'),
    step: text().optional().describe('The step that called for it'),
    within: duration()
      .optional()
      .describe('Longest time from the moment the metric crossed the threshold to the start of the rollback'),
    attempts: wholeNumber(1).optional().describe('How many rollbacks were tried'),
  })
    .optional()
    .describe('The rollback'),
  told: z.array(told).optional().describe('What people were told'),
  questions: z.array(text()).optional().describe('Questions that were asked: IDs or kinds'),
  items: byId(z.enum(ITEM_STATES)).optional().describe('How boxes of the checklist stand at the end'),
  steps: byId(z.enum(['passed', 'failed', 'skipped', 'running']))
    .optional()
    .describe('How steps ended'),
  criteria: byId(VERDICT).optional().describe('Verdicts: of `WATCH/CRITERION`, or of a criterion wherever it holds'),
  not: strict({
    rollback: z.literal(true).optional().describe('Nothing was rolled back'),
    told: z.array(text()).optional().describe('Events that nobody was told of'),
    questions: z.array(text()).optional().describe('Questions that were not asked: IDs or kinds'),
    steps: z.array(text()).optional().describe('Steps that were not begun'),
    criteria: z.array(text()).optional().describe('Criteria and trends that were not breached anywhere'),
  })
    .optional()
    .describe('What did not happen'),
});

export const scenarioSchema = strict({
  scenario: text().describe('What happens, in one sentence'),
  plan: prose().optional().describe('The plan that it is for, from this file’s folder'),
  seed: wholeNumber().default(1).describe('What the noise of the curves is drawn from'),
  starts: moment
    .default('2026-11-24T09:00')
    .describe('When the deployment is started, by the clocks of the plan’s time zone (UTC without one)'),
  patience: duration()
    .prefault('48h')
    .describe('How long a question that nobody answers is waited for before the rehearsal ends as `waiting`'),
  changes: z
    .record(text(), z.unknown())
    .default({})
    .describe('Other values for keys of the plan, as `production.restart: true` or `"watches[0].tick": 10s`'),
  world: strict({
    metrics: z
      .record(id(), z.array(piece).min(1, 'No curve is given'))
      .default({})
      .describe('Curves by metric; a metric without one is as healthy as the plan wants it'),
    steps: byId(step).default({}).describe('Steps that take long or fail; all others go well at once'),
    health: strict({
      staging: health.optional().describe('Of staging'),
      production: health.optional().describe('Of production'),
    })
      .default({})
      .describe('What the health check of the new release says'),
    production: strict({
      version: text().optional().describe('The release that runs there before; the plan’s `previous` when left out'),
    })
      .default({})
      .describe('What production is before the deployment'),
    migration: migration.optional().describe('How the migration goes'),
    answers: z.array(answer).default([]).describe('Who answers what; the first that fits counts'),
    interventions: z.array(intervention).default([]).describe('What people do unasked'),
    faults: z.array(fault).default([]).describe('What goes wrong around the deployment'),
  })
    .prefault({})
    .describe('The world in which the plan is carried out; what is left out is as it should be'),
  expect: expectation.describe('What must come of it'),
});

export type AuthoredScenario = z.output<typeof scenarioSchema>;
export type AuthoredWorld = AuthoredScenario['world'];
export type StepRule = AuthoredWorld['steps'][string];
export type AnswerRule = AuthoredWorld['answers'][number];
export type Intervention = AuthoredWorld['interventions'][number];
export type Expectation = AuthoredScenario['expect'];
