/** `datadog`: metrics of Datadog. */
import { z } from 'zod';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import type { DatadogPlace } from '../../../contract/plan/providers.js';
import { reference, strict, text } from '../../core/basics.js';
import { checkFormula, formula, formulaOf, queryName } from './formula.js';
import { environments, type PlannedProvider, providerHost } from './provider.js';
import { checkPlaceholders, checkRange, delay, fillRange, rangeKeys } from './range-source.js';
import { ofAnyUnit, type PlannedSource } from './source.js';

const schema = strict({
  ...rangeKeys('15s'),
  source: z.literal('datadog').describe('Datadog'),
  queries: z
    .record(queryName, text())
    .describe('Metric queries by name; `{environment}` and `{window}` (seconds) are filled in'),
  formula,
  delay: delay('1m'),
});

export const datadogSource: PlannedSource<SourceOf<'datadog'>, typeof schema> = {
  schema,
  reading: ofAnyUnit,
  check(resolution, { name, metric }) {
    const at = ['metrics', name];
    checkRange(resolution, { at, metric, kind: 'datadog' });
    for (const [query, text] of Object.entries(metric.queries)) {
      checkPlaceholders(resolution, { text, at: [...at, 'queries', query] }, true);
    }
    checkFormula(resolution, metric, at);
  },
  fill(metric, filling) {
    const filled = fillRange(metric, filling, { kind: 'datadog' });
    if (filled === undefined) return undefined;
    const { times, place, fill } = filled;
    const queries = Object.entries(metric.queries).map(([query, text]) => [query, fill(text)]);
    return { ...times, kind: 'datadog', place, queries: Object.fromEntries(queries), formula: formulaOf(metric) };
  },
};

const place = strict({
  kind: z.literal('datadog').describe('Datadog'),
  host: providerHost('the API of your site, as `https://api.datadoghq.eu`'),
  apiKey: reference('credentials').describe('A key of `credentials`: the API key'),
  applicationKey: reference('credentials').describe('A key of `credentials`: the application key'),
  environments,
});

export const datadogProvider: PlannedProvider<DatadogPlace, typeof place> = {
  schema: place,
  place: ({ host, apiKey, applicationKey }, lookups) => ({
    api: lookups.host(host),
    apiKey: lookups.secret(apiKey, 'apiKey'),
    applicationKey: lookups.secret(applicationKey, 'applicationKey'),
  }),
};
