/** Metrics of services that keep history: Prometheus, Datadog, CloudWatch. */
import type { EnvironmentName } from '../../contract/plan/environment.js';
import { MOST_VALUES, type RangeSource } from '../../contract/plan/metrics.js';
import { formatDuration } from '../../domain/duration.js';
import type { Path } from '../core/problems.js';
import type { Resolution as ResolutionOf } from '../core/resolution.js';
import { nearest } from '../core/suggest.js';
import { checkProvider, type Provider, type ProviderSections } from './resolve-providers.js';
import type { AuthoredMetric } from './schema-metrics.js';

type Resolution = ResolutionOf<ProviderSections>;

export type AuthoredRangeMetric = Extract<AuthoredMetric, { provider: unknown }>;
type WithQueries = Extract<AuthoredRangeMetric, { queries: unknown }>;

export const isAuthoredRange = (metric: AuthoredMetric): metric is AuthoredRangeMetric => 'provider' in metric;

/** How long it takes between two samples of a metric. Milliseconds. */
export const spacing = (metric: AuthoredMetric, tick: number): number =>
  isAuthoredRange(metric) ? metric.resolution : tick;

/** How many samples of a metric a stretch of time brings. */
export const sampleCount = (metric: AuthoredMetric, { duration, tick }: { duration: number; tick: number }): number =>
  isAuthoredRange(metric)
    ? Math.max(Math.floor((duration - metric.delay) / metric.resolution), 0)
    : Math.floor(duration / tick);

const PLACEHOLDERS = ['environment', 'window'];
const ENVIRONMENTS = ['staging', 'production'] as const;

/** What is wrong with a metric by itself, whichever environment it is read for. */
export function checkRangeQuery(
  resolution: Resolution,
  { name, metric }: { name: string; metric: AuthoredRangeMetric },
): void {
  const at = (...rest: (string | number)[]): Path => ['metrics', name, ...rest];
  const kind = metric.source === 'cloudwatch-logs' ? 'cloudwatch' : metric.source;
  const { provider } = metric;
  if (typeof provider === 'string') checkProvider(resolution, { name: provider, from: at('provider'), kind });
  else {
    for (const environment of ENVIRONMENTS) {
      checkProvider(resolution, { name: provider[environment], from: at('provider', environment), kind });
    }
  }
  checkResolution(resolution, metric, at('resolution'));
  for (const { text, path } of texts(metric)) checkPlaceholders(resolution, metric, { text, path: at(...path) });
  if ('queries' in metric) checkFormula(resolution, metric, at());
}

function checkResolution(resolution: Resolution, metric: AuthoredRangeMetric, path: Path): void {
  const seconds = metric.resolution / 1_000;
  if (!Number.isInteger(seconds)) {
    resolution.report(path, 'Must be whole seconds');
  } else if (metric.source === 'cloudwatch' && seconds % 60 !== 0 && ![1, 5, 10, 20, 30].includes(seconds)) {
    resolution.report(path, 'CloudWatch keeps values of 1, 5, 10, 20 or 30 seconds, or of whole minutes');
  }
}

/** The places where placeholders are filled in. */
function texts(metric: AuthoredRangeMetric): { text: string; path: string[] }[] {
  switch (metric.source) {
    case 'prometheus':
      return (['query', 'up'] as const).flatMap((key) => {
        const text = metric[key];
        return text === undefined ? [] : { text, path: [key] };
      });
    case 'datadog':
      return Object.entries(metric.queries).map(([query, text]) => ({ text, path: ['queries', query] }));
    case 'cloudwatch':
      return Object.entries(metric.queries).flatMap(([query, { dimensions }]) =>
        Object.entries(dimensions).map(([key, text]) => ({ text, path: ['queries', query, 'dimensions', key] })),
      );
    case 'cloudwatch-logs':
      return [{ text: metric.group, path: ['group'] }];
  }
}

/** Braces are Datadog’s own, too: there only what looks like a slip is reported. */
function checkPlaceholders(
  resolution: Resolution,
  metric: AuthoredRangeMetric,
  { text, path }: { text: string; path: Path },
): void {
  for (const [written, word = ''] of text.matchAll(/\{([A-Za-z]+)\}/g)) {
    if (PLACEHOLDERS.includes(word)) continue;
    const near = nearest(word, PLACEHOLDERS);
    if (metric.source === 'datadog' && near === undefined) continue;
    resolution.report(path, {
      message: `\`${written}\` is not filled in here; known: ${PLACEHOLDERS.map((known) => `{${known}}`).join(', ')}`,
      suggestion: near === undefined ? undefined : `{${near}}`,
    });
  }
}

function checkFormula(resolution: Resolution, metric: WithQueries, path: Path): void {
  const names = Object.keys(metric.queries);
  const { formula } = metric;
  if (names.length === 0) resolution.report([...path, 'queries'], 'Nothing is asked: name at least one query');
  if (formula === undefined) {
    if (names.length < 2) return;
    const message = `\`formula\` is missing: say how ${names.join(', ')} make one number`;
    resolution.report(path, { message, key: true });
    return;
  }
  const used = formulaNames(formula);
  for (const word of used) {
    if (names.includes(word)) continue;
    const message = `Names \`${word}\`, and there is no such query; known: ${names.join(', ')}`;
    resolution.report([...path, 'formula'], { message, suggestion: nearest(word, names) });
  }
  for (const name of names) {
    if (!used.includes(name)) resolution.report([...path, 'queries', name], '`formula` makes no use of it');
  }
}

/** Names of queries in a formula: what stands outside quotes, begins small and is not called. */
const formulaNames = (formula: string): string[] =>
  [...formula.replaceAll(/'[^']*'|"[^"]*"/g, '').matchAll(/\b[a-z]\w*\b(?!\s*\()/g)].map(([word]) => word);

/** A tick must not bring more values than can be carried. */
export function checkAmount(
  resolution: Resolution,
  { name, metric, tick, from }: { name: string; metric: AuthoredMetric; tick: number; from: Path },
): void {
  if (!isAuthoredRange(metric) || tick / metric.resolution <= MOST_VALUES) return;
  resolution.report(
    from,
    `\`${name}\` is asked for a value every ${formatDuration(metric.resolution)}, more than ${MOST_VALUES} a tick: lengthen its \`resolution\` or shorten this \`tick\``,
  );
}

/** The source as one environment has it; undefined when its provider is missing or wrong, which has been reported. */
export function fillRangeQuery(
  metric: AuthoredRangeMetric,
  environment: EnvironmentName,
  providers: ReadonlyMap<string, Provider>,
): RangeSource | undefined {
  const named = typeof metric.provider === 'string' ? metric.provider : metric.provider[environment];
  const provider = providers.get(named);
  if (provider === undefined) return undefined;
  const { window, resolution, delay } = metric;
  const fill = (text: string) =>
    text
      .replaceAll('{environment}', provider.environments[environment])
      .replaceAll('{window}', metric.source === 'prometheus' ? `${window}ms` : String(window / 1_000));
  const fillAll = (all: Record<string, string>) =>
    Object.fromEntries(Object.entries(all).map(([key, text]) => [key, fill(text)]));
  const kept = { window, resolution, delay };
  const usual = 'queries' in metric ? (metric.formula ?? Object.keys(metric.queries)[0] ?? '') : '';
  if (metric.source === 'prometheus' && provider.kind === 'prometheus') {
    const up = metric.up === undefined ? {} : { up: fill(metric.up) };
    return { ...kept, kind: 'prometheus', place: provider.place, query: fill(metric.query), ...up };
  }
  if (metric.source === 'datadog' && provider.kind === 'datadog') {
    return { ...kept, kind: 'datadog', place: provider.place, queries: fillAll(metric.queries), formula: usual };
  }
  if (metric.source === 'cloudwatch' && provider.kind === 'cloudwatch') {
    const queries = Object.fromEntries(
      Object.entries(metric.queries).map(([key, query]) => [key, { ...query, dimensions: fillAll(query.dimensions) }]),
    );
    return { ...kept, kind: 'cloudwatch', place: provider.place, queries, formula: usual };
  }
  if (metric.source === 'cloudwatch-logs' && provider.kind === 'cloudwatch') {
    const { group, filter } = metric;
    return { ...kept, kind: 'cloudwatch-logs', place: provider.place, group: fill(group), filter };
  }
  return undefined;
}
