/** Proof that others keep: reviews and tests, access to cloud and monitoring, configured alerts. */
import { z } from 'zod';
import type { Comparison } from '../../domain/watch/criteria.js';
import { percent, reference, strict, text, urlPath } from '../core/basics.js';

const junit = strict({
  in: reference('folders').describe('A key of `folders`'),
  file: text().describe('The JUnit file in it; it must say which commit it is of'),
});

const passRate = percent().describe('Smallest share of tests that must pass; skipped ones don’t count');

export const review = z.discriminatedUnion('source', [
  strict({
    source: z.literal('git').describe('`Reviewed-by:` and `Approved-by:` in the repository’s commits'),
    tests: strict({ passRate, junit: junit.describe('The tests’ results') }).describe('Tests of what is deployed'),
  }),
  strict({
    source: z.literal('github').describe('The branch’s pull request at GitHub'),
    host: reference('hosts').describe('A key of `hosts`: the API, as `https://api.github.com`'),
    token: reference('credentials').describe('A key of `credentials`: a token that may read the repository'),
    repository: text()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'Not owner/name')
      .describe('The repository, as `owner/name`'),
    tests: strict({
      passRate,
      checks: z
        .enum(['target', 'head'])
        .optional()
        .describe('The commit whose check runs and statuses count: what is deployed, or the pull request’s last'),
      junit: junit.optional().describe('The tests’ results'),
    }).describe('Tests, by checks, by a JUnit file or by both'),
  }),
]);

const title = text().describe('What people read');
const provider = (kind: string) => reference('providers').describe(`A key of \`providers\`, of kind ${kind}`);

/** Some of these rights; all of them when left out. */
const rights = <const R extends [string, ...string[]]>(all: R) =>
  z
    .array(z.enum(all))
    .min(1, 'No right is named')
    .default([...all])
    .describe('What must be allowed to be read');

export const access = z.discriminatedUnion('kind', [
  strict({
    kind: z.literal('aws').describe('An AWS account'),
    title,
    provider: provider('cloudwatch'),
    account: text()
      .regex(/^\d{12}$/, 'An account has twelve digits; put them in quotes')
      .optional()
      .describe('The account that it must be'),
    buckets: z.array(text()).default([]).describe('Buckets that must be reachable'),
  }),
  strict({
    kind: z.literal('cloudwatch').describe('CloudWatch'),
    title,
    provider: provider('cloudwatch'),
    rights: rights(['metrics', 'alarms', 'logs']),
  }),
  strict({
    kind: z.literal('datadog').describe('Datadog'),
    title,
    provider: provider('datadog'),
    rights: rights(['metrics', 'monitors']),
  }),
  strict({ kind: z.literal('prometheus').describe('Prometheus'), title, provider: provider('prometheus') }),
  strict({
    kind: z.literal('http').describe('Anything that answers'),
    title,
    host: reference('hosts').describe('A key of `hosts`'),
    path: urlPath().default('/').describe('Path that is asked'),
    token: reference('credentials').optional().describe('A key of `credentials`: a bearer token'),
    status: z
      .int()
      .min(100, 'Not an HTTP status')
      .max(599, 'Not an HTTP status')
      .default(200)
      .describe('The answer that it must give'),
  }),
]);

const FIRES_HELP = 'Write comparison and number in the source’s own unit, for example "> 0.02"';

const fires = z
  .string({ error: FIRES_HELP })
  .meta({ pattern: '^(>=|<=|>|<) ?-?\\d+(\\.\\d+)?$', examples: ['> 0.02'] })
  .transform((written, context) => {
    const [, comparison, number] = /^(>=|<=|>|<) ?(-?\d+(?:\.\d+)?)$/.exec(written) ?? [];
    if (comparison !== undefined) return { comparison: comparison as Comparison, threshold: Number(number) };
    context.addIssue({ code: 'custom', message: `${JSON.stringify(written)} is no threshold. ${FIRES_HELP}` });
    return z.NEVER;
  });

export const alerts = strict({
  in: z
    .discriminatedUnion('kind', [
      strict({
        kind: z.literal('rules-file').describe('A file of Prometheus rules'),
        folder: reference('folders').describe('A key of `folders`'),
        file: text().describe('The file in it, as `ops/alerts.yml`'),
      }),
      strict({
        kind: z.literal('prometheus').describe('The rules that it has loaded'),
        provider: provider('prometheus'),
      }),
      strict({ kind: z.literal('datadog').describe('Its monitors'), provider: provider('datadog') }),
      strict({ kind: z.literal('cloudwatch').describe('Its alarms'), provider: provider('cloudwatch') }),
    ])
    .describe('Where the alerts are configured'),
  expected: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9._-]*$/, 'A name starts with a letter'),
      strict({
        title,
        alert: text().describe('Its name there'),
        fires: fires.describe('When it fires, as it is written there: `> 0.02`'),
        words: z
          .array(text())
          .min(1, 'Name at least the metric')
          .describe('What its query must hold, as the metric’s name'),
      }),
    )
    .describe('Alerts that must be there, be on, and fire at this threshold'),
});

export type AuthoredReview = z.output<typeof review>;
export type AuthoredAccess = z.output<typeof access>;
export type AuthoredAlerts = z.output<typeof alerts>;
