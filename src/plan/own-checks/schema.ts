/** Checks of the team's own, by phase, and requests that several parts of the plan make. */
import { z } from 'zod';
import type { ValueExpectation } from '../../domain/expectations.js';
import { PHASES } from '../../domain/steps.js';
import { endpointCheck } from '../application/schema.js';
import { reading } from '../commands/schema.js';
import { duration, id, reference, strict, text, wholeNumber } from '../core/basics.js';

/** A request that is written once, under a name of its own. */
export const namedRequest = strict(without(endpointCheck.shape, 'id'));

/** The keys of a map but some. */
function without<S extends object, K extends string & keyof S>(shape: S, ...keys: K[]): Omit<S, K> {
  const left = Object.entries(shape).filter(([key]) => !keys.includes(key as K));
  return Object.fromEntries(left) as Omit<S, K>;
}

const VALUE_HELP = 'Write comparison and value, for example "= 0", "> 10" or "!= failed"';
const VALUE = /^(>=|<=|!=|>|<|=)\s*(\S(?:.*\S)?)$/;
const NUMBERS_ONLY = /^-?\d+(\.\d+)?$/;

const value = () =>
  z
    .string({ error: VALUE_HELP })
    .meta({ pattern: VALUE.source, examples: ['= 0', '> 10', '!= failed'] })
    .transform((written, context): ValueExpectation => {
      const [, comparison, operand = ''] = VALUE.exec(written.trim()) ?? [];
      const refuse = (message: string) => {
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      if (comparison === undefined) return refuse(`${JSON.stringify(written)} is no expectation. ${VALUE_HELP}`);
      if (!['=', '!='].includes(comparison) && !NUMBERS_ONLY.test(operand))
        return refuse(`${JSON.stringify(operand)} is no number, which alone can be more or less than another`);
      return { comparison: comparison as ValueExpectation['comparison'], operand };
    });

const CHANGE_HELP = 'Write unchanged, at least, or a share as "within 5 %"';

const change = z
  .string({ error: CHANGE_HELP })
  .meta({
    pattern: '^(unchanged|at least|within \\d+(\\.\\d+)? ?%)$',
    examples: ['unchanged', 'at least', 'within 5 %'],
  })
  .transform((written, context) => {
    if (written === 'unchanged') return { change: written } as const;
    if (written === 'at least') return { change: 'at-least' } as const;
    const share = /^within (\d+(?:\.\d+)?) ?%$/.exec(written)?.[1];
    if (share !== undefined) return { within: share };
    context.addIssue({ code: 'custom', message: `${JSON.stringify(written)} is no comparison. ${CHANGE_HELP}` });
    return z.NEVER;
  });

const ASKS = ['http', 'sql', 'command', 'metric', 'confirm'] as const;
const EXPECTS = ['value', 'rows', 'before'] as const;

const exactlyOne = (keys: readonly string[]) => ({
  check: (written: object) =>
    Object.entries(written).filter(([key, content]) => keys.includes(key) && content !== undefined).length === 1,
  error: `Write exactly one of ${keys.join(', ')}`,
});
const oneExpectation = exactlyOne(EXPECTS);
const oneQuestion = exactlyOne(ASKS);

const sql = strict({
  query: z
    .string({ error: 'The query is expected' })
    .regex(/^\s*(select|with|values)\b/i, 'Only SELECT, WITH … SELECT or VALUES is run')
    .describe('One statement, which only reads'),
  value: value().optional().describe('What the first column of the only row must be: `= 0`'),
  rows: value().optional().describe('How many rows there must be: `> 0`'),
  before: change
    .optional()
    .describe(
      'What that value must be against the same query right before the deploy: `unchanged`, `at least`, `within 5 %`',
    ),
}).refine(oneExpectation.check, { error: oneExpectation.error });

const ownCommand = strict({
  ...without(reading.shape, 'timeout'),
  exitCode: z
    .union([wholeNumber(), z.array(wholeNumber()).min(1, 'No exit code is listed')], {
      error: 'Write an exit code, or a list of them',
    })
    .default(0)
    .describe('What it must end with: one exit code, or a list'),
  field: text().optional().describe('Where a value is in the JSON that it prints, as `queue.length`'),
  value: value().optional().describe('What that value must be: `= 0`'),
});

const ownCheck = strict({
  id: id().describe('Name of its step, as `no-orphans`'),
  title: text().describe('What people read'),
  environment: z
    .enum(['staging', 'production'])
    .optional()
    .describe('Where it is made; staging in the phases `staging` and `soak`, production in all others when left out'),
  timeout: duration()
    .optional()
    .describe(
      'Longest time: what is not known by then is unknown. 1m when left out, for a metric its window and 1m; people are waited for without end',
    ),
  onFailure: z
    .enum(['ask', 'stop', 'roll-back'])
    .optional()
    .describe(
      'What follows when it does not hold: people are asked, the deployment stops, or production is rolled back; `ask` when left out, `roll-back` in the phase `production`. What is unknown is always asked about',
    ),
  http: z
    .union([reference('requests'), strict(without(endpointCheck.shape, 'id', 'title', 'sample'))], {
      error: 'Write a key of `requests`, or a request',
    })
    .optional()
    .describe('A request: a key of `requests`, or as `smoke` has them'),
  sql: sql.optional().describe('A query to the environment’s database'),
  command: ownCommand
    .optional()
    .describe(
      'A command; `{environment}`, `{version}`, the target, and `{commit}`, which the target was when the deployment began, are filled in. It must change nothing',
    ),
  metric: reference('criteria')
    .optional()
    .describe('A key of `criteria`, held against one value of its metric; without a value it does not hold'),
  confirm: strict({
    roles: z.array(reference('approvals.roles')).min(1, 'Nobody may answer').describe('Who may answer'),
    items: z
      .array(text())
      .default([])
      .describe('What is confirmed, besides the titles of the items that this check settles'),
  })
    .optional()
    .describe('A question to a person'),
}).refine(oneQuestion.check, { error: oneQuestion.error });

/** By phase, in which they are the last steps. */
export const ownCheckLists = z.partialRecord(
  z.enum(PHASES, { error: `Not a phase; write one of ${PHASES.join(', ')}` }),
  z.array(ownCheck).min(1, 'No check is listed'),
);

export type AuthoredOwnCheck = z.output<typeof ownCheck>;
export type AuthoredOwnChecks = z.output<typeof ownCheckLists>;
export type AuthoredRequest = z.output<typeof namedRequest>;
