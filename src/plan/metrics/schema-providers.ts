/** Services that keep metrics: where they are, and the credentials for them. */
import { z } from 'zod';
import { reference, strict, text } from '../core/basics.js';

const host = (what: string) => reference('hosts').describe(`A key of \`hosts\`: ${what}`);

const environments = strict({
  staging: text().default('staging').describe('In place of `staging`'),
  production: text().default('production').describe('In place of `production`'),
})
  .optional()
  .describe('What `{environment}` in queries stands for, when the service has other names');

export const provider = z.discriminatedUnion('kind', [
  strict({
    kind: z.literal('prometheus').describe('Prometheus, or what answers like it'),
    host: host('its base URL'),
    token: reference('credentials').optional().describe('A key of `credentials`: a bearer token'),
    login: strict({ username: text().describe('The user'), password: reference('credentials') })
      .optional()
      .describe('User name and password, instead of a token'),
    environments,
  }),
  strict({
    kind: z.literal('datadog').describe('Datadog'),
    host: host('the API of your site, as `https://api.datadoghq.eu`'),
    apiKey: reference('credentials').describe('A key of `credentials`: the API key'),
    applicationKey: reference('credentials').describe('A key of `credentials`: the application key'),
    environments,
  }),
  strict({
    kind: z.literal('cloudwatch').describe('CloudWatch, metrics and logs'),
    region: text()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'Not a region; write for example sa-east-1')
      .describe('The region, as `sa-east-1`'),
    host: host('another address than AWS’s own').optional(),
    accessKeyId: reference('credentials')
      .optional()
      .describe('A key of `credentials`; without it, those that the AWS SDK finds on the worker'),
    secretAccessKey: reference('credentials').optional().describe('A key of `credentials`'),
    environments,
  }),
]);

export type AuthoredProvider = z.output<typeof provider>;
