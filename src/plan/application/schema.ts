/** What is asked of the application and its database: requests, load, indexes. */
import { z } from 'zod';
import { duration, id, percent, reference, strict, table, text, urlPath, wholeNumber } from '../core/basics.js';

const plain = z
  .union([z.string(), z.number(), z.boolean()], { error: 'Text, a number, true or false is expected' })
  .transform(String);

const parameter = (what: string) => text().describe(`Query parameter for ${what}`);

const pageParameters = z.union(
  [
    strict({ offset: parameter('the first element’s position, from 0'), limit: parameter('the size') }),
    strict({
      page: parameter('the page’s number'),
      size: parameter('the size'),
      first: wholeNumber().default(1).describe('Number of the first page'),
    }),
    strict({
      cursor: parameter('the cursor'),
      limit: parameter('the size'),
      next: text().describe('Field path of the next cursor; null, empty or missing after the last page'),
    }),
    strict({ link: z.literal(true).describe('By `Link` headers with `rel="next"`'), limit: parameter('the size') }),
  ],
  { error: 'Write offset and limit, page and size, cursor with limit and next, or link with limit' },
);

export const endpointCheck = strict({
  id: id().describe('Name, as `priority-filter`'),
  title: text().describe('What people read'),
  method: z.enum(['GET', 'POST']).default('GET').describe('HTTP method'),
  path: urlPath().describe('Path below the environment’s `api`'),
  query: z.record(text(), plain).default({}).describe('Query parameters'),
  login: z.boolean().default(true).describe('Logs in first and sends the token'),
  status: z
    .int()
    .min(100, 'Not an HTTP status')
    .max(599, 'Not an HTTP status')
    .default(200)
    .describe('Expected status'),
  structure: z
    .record(text(), z.enum(['array', 'integer', 'number', 'string', 'boolean', 'object']))
    .optional()
    .describe('Field paths and their JSON types; `items[].id` looks into every element'),
  each: z.record(text(), plain).optional().describe('Field paths of which every value equals this'),
  data: strict({
    items: text().describe('Field path of the elements'),
    total: text().describe('Field path of their number'),
  })
    .optional()
    .describe('As many elements come back as their number says, and some when there are any'),
  mayBeEmpty: z
    .boolean()
    .optional()
    .describe('An answer without elements, or with one page of them, is no failure of `structure`, `each` and `pages`'),
  sample: strict({
    check: id().describe('An earlier check of the list'),
    field: text().describe('Field path of the value in its answer'),
  })
    .optional()
    .describe('Takes a value for `{sample}` in path, query and each'),
  pages: strict({
    size: wholeNumber(1).describe('Elements a page'),
    items: text().describe('Field path of the elements'),
    key: text().describe('Field that tells elements apart'),
    total: text().optional().describe('Field path of their number; left out where the application tells none'),
    by: pageParameters.optional().describe('How a page is asked for; by `skip` and `limit` when left out'),
  })
    .optional()
    .describe('Walks all pages: none overlap, together they hold the total, and no more'),
  repeat: strict({
    times: wholeNumber(1).describe('Number of requests'),
    p95: duration().describe('Limit of the 95th percentile'),
  })
    .optional()
    .describe('Repeats the request and holds its response time against a limit'),
});

export const apiDocumentation = strict({
  path: urlPath().describe('The page of the Swagger UI below staging’s `api`'),
  endpoint: strict({
    method: z.enum(['GET', 'POST']).default('GET').describe('HTTP method'),
    path: urlPath().describe('Its path as the documentation writes it'),
  }).describe('The endpoint that must be listed, and is tried out'),
  parameters: z.array(text()).min(1, 'No parameter is listed').describe('Its query parameters'),
  fields: z.array(text()).min(1, 'No field is listed').describe('Fields of its answer'),
  otherwise: z
    .array(reference('approvals.roles'))
    .min(1, 'Nobody may answer')
    .describe('Who vouches for it where the worker finds no browser'),
});

export const maintenanceMessage = strict({
  path: urlPath().describe('A path that users visit; without maintenance mode it answers 200 to the test user'),
  status: z
    .int()
    .min(100, 'Not an HTTP status')
    .max(599, 'Not an HTTP status')
    .default(503)
    .describe('Its status meanwhile'),
  text: text().describe('Words of the message'),
});

const test = {
  id: id().describe('Name, as `stress`'),
  title: text().describe('What people read'),
  requests: wholeNumber(1).describe('Requests in all'),
  concurrency: wholeNumber(1).describe('Requests at one time'),
};

export const load = strict({
  path: urlPath().describe('Path that is requested'),
  timeout: duration().describe('Time after which a request counts as timed out'),
  limits: strict({
    successRate: percent().describe('Share of good answers must be above'),
    p95: duration().describe('95th percentile must be below'),
    p99: duration().describe('99th percentile must be below'),
    timeouts: wholeNumber().describe('Requests that may time out'),
  }).describe('What every load test is held against'),
  tests: z.array(strict(test)).min(1, 'No load test is listed').describe('Load tests on staging, in order'),
});

export const productionLoadTest = strict({
  enabled: z.boolean().describe('Whether it is run'),
  ...test,
  approvedBy: id().describe('A key of `approvals.roles`: who must agree'),
  impact: z
    .array(id())
    .min(1, 'No criterion is listed')
    .optional()
    .describe(
      'Criteria of the last watch that must hold during the test; those of tier require and rollback when absent',
    ),
});

export const indexes = strict({
  table: table().describe('The table'),
  total: wholeNumber(1).optional().describe('Number of indexes on it after the migration'),
  expected: z
    .record(id(), z.array(text()).min(1, 'An index has at least one column'))
    .describe('Index names and their columns in order'),
  queries: z
    .array(
      strict({
        name: text().describe('What people read'),
        sql: z
          .string()
          .regex(/^\s*([Ss][Ee][Ll][Ee][Cc][Tt]|[Ww][Ii][Tt][Hh])\b/, 'Only SELECT (or WITH … SELECT) is explained')
          .regex(/^[^;]*;?\s*$/, 'Holds more than one statement')
          .describe('The query as the endpoint sends it, with `$1` and so on for its parameters'),
        parameters: z.array(plain).optional().describe('Sample values for `$1`, `$2` and so on'),
        uses: id().describe('A key of `expected`: the index that its plan must be able to use'),
      }),
    )
    .default([])
    .describe('The endpoint’s real queries'),
});

export type AuthoredCheck = z.output<typeof endpointCheck>;
export type AuthoredDocumentation = z.output<typeof apiDocumentation>;
export type AuthoredLoad = z.output<typeof load>;
export type AuthoredProductionLoadTest = z.output<typeof productionLoadTest>;
export type AuthoredIndexes = z.output<typeof indexes>;
