/** Alerts as they are configured: in Prometheus or a file of its rules, as Datadog's monitors, as CloudWatch's alarms. */
import { readFile } from 'node:fs/promises';
import { CloudWatchClient, type MetricAlarm, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Alerts } from '../../contract/plan/proofs.js';
import type { FoundAlert } from '../../domain/watch/alerts.js';
import type { Comparison } from '../../domain/watch/criteria.js';
import { awsMessage, awsOptions } from '../cloud/aws.js';
import { openDatadog } from '../cloud/datadog-api.js';
import { authorization, readJson, Unusable } from '../http/json-service.js';
import type { PatientRequest } from '../http/patient-request.js';
import { missingIn } from '../metrics/prometheus/prometheus-answer.js';
import { breachOf } from './prometheus-rules.js';

/**
 * Every alert of a source. That a service lists none at all is no proof that there is none: what may not be seen, and
 * what lives elsewhere, is not listed either.
 * @throws Unusable, NoAnswer, SecretMissing
 */
export async function readAlerts(
  source: Alerts['source'],
  by: { ask: PatientRequest; signal: AbortSignal },
): Promise<FoundAlert[]> {
  if (source.kind === 'rules-file') return readRulesFile(source.file);
  const found = await readService(source, by);
  if (found.length === 0)
    throw new Unusable('it lists no alerts at all: there are none, they are kept elsewhere, or may not be seen');
  return found;
}

function readService(
  source: Exclude<Alerts['source'], { kind: 'rules-file' }>,
  { ask, signal }: { ask: PatientRequest; signal: AbortSignal },
): Promise<FoundAlert[]> {
  switch (source.kind) {
    case 'prometheus':
      return readPrometheus(source, ask);
    case 'datadog':
      return readMonitors(source, ask);
    case 'cloudwatch':
      return readAlarms(source, signal);
  }
}

const fileOfRules = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string().optional(), expr: z.coerce.string() })) })),
});

async function readRulesFile(file: string): Promise<FoundAlert[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Unusable(`${file} cannot be read (${error.code})`);
  });
  let content: unknown;
  try {
    content = parse(text);
  } catch {
    throw new Unusable(`${file} is no YAML`);
  }
  const rules = fileOfRules.safeParse(content);
  if (!rules.success)
    throw new Unusable(
      `${file} is no file of Prometheus rules (${rules.error.issues[0]?.path.join('.') || 'the whole'})`,
    );
  return rules.data.groups
    .flatMap((group) => group.rules)
    .flatMap(({ alert, expr }) => (alert === undefined ? [] : [{ name: alert, query: expr, breach: breachOf(expr) }]));
}

const rulesAnswer = z.looseObject({
  status: z.literal('success'),
  data: z.object({
    /** There are more groups. */
    groupNextToken: z.string().nullish(),
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({
            type: z.string(),
            name: z.string(),
            query: z.string(),
            health: z.string().nullish(),
            lastError: z.string().nullish(),
          }),
        ),
      }),
    ),
  }),
});

async function readPrometheus(source: Extract<Alerts['source'], { kind: 'prometheus' }>, ask: PatientRequest) {
  const url = `${source.place.api}/api/v1/rules?type=alert`;
  const answer = await readJson({ url, headers: await authorization(source.place) }, { ask, schema: rulesAnswer });
  const missing = missingIn(answer) ?? (answer.data.groupNextToken ? 'it has more groups of rules' : undefined);
  if (missing !== undefined) throw new Unusable(`only a part of the rules was listed (${missing})`);
  return answer.data.groups
    .flatMap(({ rules }) => rules)
    .filter(({ type }) => type === 'alerting')
    .map(({ name, query, health, lastError }): FoundAlert => {
      return { name, query, breach: breachOf(query), unproven: unevaluated(health, lastError) };
    });
}

/** Why nobody knows whether a rule can fire: only one that was evaluated without an error has shown it. */
function unevaluated(health: string | null | undefined, lastError: string | null | undefined): string | undefined {
  if (health === 'ok') return undefined;
  if (health === 'err') return `Prometheus cannot evaluate it (${(lastError ?? '').slice(0, 120)})`;
  if (health === 'unknown') return 'Prometheus has not evaluated it yet';
  return health ? `its health is "${health.slice(0, 40)}"` : 'Prometheus does not tell whether it can evaluate it';
}

/** Datadog's page size at most, and more pages than any organisation has. */
const PAGE = 100;
const MOST_PAGES = 200;

const monitors = z.array(
  z.object({
    name: z.string(),
    query: z.string(),
    draft_status: z.string().nullish(),
    options: z
      .object({
        thresholds: z.object({ critical: z.number().nullish() }).nullish(),
        silenced: z.record(z.string(), z.unknown()).nullish(),
      })
      .nullish(),
    matching_downtimes: z
      .array(z.object({ scope: z.array(z.string()).nullish(), start: z.number().nullish(), end: z.number().nullish() }))
      .nullish(),
  }),
);
type Monitor = z.infer<typeof monitors>[number];

async function readMonitors(source: Extract<Alerts['source'], { kind: 'datadog' }>, ask: PatientRequest) {
  const read = await openDatadog(source.place, ask);
  const found: FoundAlert[] = [];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const some = await read(`/api/v1/monitor?page=${page}&page_size=${PAGE}&with_downtimes=true`, monitors);
    found.push(...some.map(fromMonitor));
    // A page with fewer is not the last for that: what may not be seen is left out of it.
    if (some.length === 0) return found;
  }
  throw new Unusable(`there are more than ${PAGE * MOST_PAGES} monitors`);
}

function fromMonitor(monitor: Monitor): FoundAlert {
  const { name, query, options } = monitor;
  const [, comparison, number] = /(>=|<=|>|<)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*$/.exec(query) ?? [];
  const threshold = options?.thresholds?.critical ?? Number(number ?? Number.NaN);
  const breach =
    comparison === undefined || Number.isNaN(threshold)
      ? { unread: 'its query does not end in a comparison' }
      : { comparison: comparison as Comparison, threshold };
  return { name, query, breach, off: mutedBy(monitor) };
}

/** Why a monitor would tell nobody now. A downtime of some of its groups leaves the others. */
function mutedBy({ draft_status, options, matching_downtimes }: Monitor): string | undefined {
  if (draft_status === 'draft') return 'it is a draft';
  if (options?.silenced && '*' in options.silenced) return 'it is muted';
  const now = Date.now() / 1_000;
  const running = (matching_downtimes ?? []).filter(
    ({ scope, start, end }) => (scope ?? ['*']).includes('*') && (start ?? 0) <= now && (end ?? Infinity) > now,
  );
  return running.length > 0 ? 'a downtime mutes it' : undefined;
}

const OPERATORS: Record<string, Comparison> = {
  GreaterThanThreshold: '>',
  GreaterThanOrEqualToThreshold: '>=',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '<=',
};

async function readAlarms(source: Extract<Alerts['source'], { kind: 'cloudwatch' }>, signal: AbortSignal) {
  const client = new CloudWatchClient(await awsOptions(source.place));
  const found: FoundAlert[] = [];
  try {
    const pages = paginateDescribeAlarms({ client, pageSize: 100 }, {}, { abortSignal: signal });
    for await (const { MetricAlarms = [] } of pages) found.push(...MetricAlarms.map(fromAlarm));
    return found;
  } catch (error) {
    signal.throwIfAborted();
    throw new Unusable(awsMessage(error));
  } finally {
    client.destroy();
  }
}

function fromAlarm(alarm: MetricAlarm): FoundAlert {
  const { AlarmName: name = '', Threshold: threshold, ComparisonOperator: operator = '', AlarmActions = [] } = alarm;
  const comparison = OPERATORS[operator];
  const { Namespace, MetricName, Dimensions = [], Metrics = [], Statistic, ExtendedStatistic } = alarm;
  const parts = [Namespace, MetricName, ExtendedStatistic ?? Statistic, ...Dimensions.map(({ Value }) => Value)];
  const query = [...parts.filter(Boolean), ...Metrics.map((metric) => JSON.stringify(metric))].join(' ');
  const breach =
    comparison === undefined || threshold === undefined
      ? { unread: `it has no fixed threshold (${operator})` }
      : { comparison, threshold };
  const nobody = AlarmActions.length === 0 ? 'it tells nobody: it has no action' : undefined;
  return { name, query, breach, off: alarm.ActionsEnabled === false ? 'its actions are switched off' : nobody };
}
