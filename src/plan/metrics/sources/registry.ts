/** Every kind of metric source, and of provider, that a plan may name: its keys and what becomes of them. */
import { z } from 'zod';
import type { MetricKind, SourceOf } from '../../../contract/plan/metrics.js';
import type { ProviderKind, ProviderPlaces } from '../../../contract/plan/providers.js';
import { cloudwatchProvider, cloudwatchSource } from './cloudwatch.js';
import { cloudwatchLogsSource } from './cloudwatch-logs.js';
import { commandSource } from './command.js';
import { datadogProvider, datadogSource } from './datadog.js';
import { healthSource } from './health.js';
import { logsSource } from './logs.js';
import { postgresSource } from './postgres.js';
import { prometheusProvider, prometheusSource } from './prometheus.js';
import type { PlannedProvider } from './provider.js';
import { scrapeSource } from './scrape.js';
import type { PlannedSource } from './source.js';

/** In the order of the reference. */
export const PLANNED_SOURCES = {
  scrape: scrapeSource,
  health: healthSource,
  postgres: postgresSource,
  logs: logsSource,
  prometheus: prometheusSource,
  datadog: datadogSource,
  cloudwatch: cloudwatchSource,
  'cloudwatch-logs': cloudwatchLogsSource,
  command: commandSource,
} satisfies { [K in MetricKind]: PlannedSource<SourceOf<K>> };

export const PLANNED_PROVIDERS = {
  prometheus: prometheusProvider,
  datadog: datadogProvider,
  cloudwatch: cloudwatchProvider,
} satisfies { [K in ProviderKind]: PlannedProvider<ProviderPlaces[K]> };

/** The schemas of a registry, as many as there are. */
const schemasOf = <R extends Record<string, { schema: z.ZodType }>>(registry: R) =>
  Object.values(registry).map(({ schema }) => schema) as [R[keyof R]['schema'], ...R[keyof R]['schema'][]];

export const metric = z.discriminatedUnion('source', schemasOf(PLANNED_SOURCES));
export const provider = z.discriminatedUnion('kind', schemasOf(PLANNED_PROVIDERS));

export type AuthoredMetric = z.output<typeof metric>;
export type AuthoredProvider = z.output<typeof provider>;
