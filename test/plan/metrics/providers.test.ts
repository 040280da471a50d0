import { describe, expect, test } from 'vitest';
import type { Metric } from '../../../src/contract/plan/metrics.js';
import { loadPlan } from '../../../src/plan/load.js';
import { type Expected, expectOneProblem, replaceOnce, shippedText, write } from '../plan-files.js';

const HOSTS = `
hosts:
  prometheus: https://prometheus.example.com/prefix/
  datadog: https://api.datadoghq.eu
  stand-in: http://127.0.0.1:5000`;
const CREDENTIALS = `
credentials:
  prometheus: file:prometheus.token
  datadog-api: env:DD_API_KEY
  datadog-application: env:DD_APP_KEY
  aws-key: env:AWS_KEY
  aws-secret: env:AWS_SECRET`;
const PROVIDERS = `
providers:
  prometheus: { kind: prometheus, host: prometheus, token: prometheus }
  prometheus-staging: { kind: prometheus, host: stand-in, login: { username: u, password: prometheus } }
  datadog:
    kind: datadog
    host: datadog
    apiKey: datadog-api
    applicationKey: datadog-application
    environments: { production: prod }
  aws: { kind: cloudwatch, region: sa-east-1 }
  aws-stand-in: { kind: cloudwatch, region: sa-east-1, host: stand-in, accessKeyId: aws-key, secretAccessKey: aws-secret }
metrics:
  from-prometheus:
    title: x
    unit: "%"
    source: prometheus
    provider: { staging: prometheus-staging, production: prometheus }
    window: 2m
    query: 'sum(rate(errors_total{env="{environment}"}[{window}]))'
    up: 'up{job="api"}'
  from-datadog:
    title: x
    unit: "%"
    source: datadog
    provider: datadog
    window: 1m
    resolution: 30s
    queries: { errors: "sum:errors{env:{environment}}.rollup(sum, {window})", requests: "sum:requests{*}" }
    formula: 100 * errors / requests
  from-cloudwatch:
    title: x
    unit: s
    source: cloudwatch
    provider: aws
    window: 1m
    queries:
      latency:
        { namespace: AWS/ApplicationELB, metric: TargetResponseTime, dimensions: { LoadBalancer: "app/{environment}/1" }, statistic: p95 }
  from-log-group:
    title: x
    unit: /min
    source: cloudwatch-logs
    provider: aws-stand-in
    window: 5m
    group: /app/{environment}
    filter: '?CRITICAL ?FATAL'
  from-command:
    title: x
    unit: count
    source: command
    window: 1m
    command: { run: [./queue.sh, "{environment}"], in: scripts }
    field: queue.length`;

/** The shipped plan with every kind of source, observed by its first watch and the soak. */
const edits: [string, string][] = [
  ['\nhosts:', HOSTS],
  ['\ncredentials:', CREDENTIALS],
  ['\nmetrics:', PROVIDERS],
  [
    'observe: [throughput, success-rate, database-pool]',
    'observe: [from-prometheus, from-datadog, from-cloudwatch, from-log-group, from-command]',
  ],
  ['tick: 5m\n  observe: [throughput]', 'tick: 5m\n  observe: [throughput, from-prometheus]'],
];
const text = edits.reduce(replaceOnce, shippedText);

const mistakes = (list: [sentence: string, edit: [string, string], expected: Expected][]) =>
  test.each(list)('%s', (_, edit, expected) => expectOneProblem([...edits, edit], expected));

describe('metrics of providers', () => {
  const file = write('plan.yaml', text);
  const { resolved } = loadPlan(file);
  const found = (metrics: Metric[] | undefined, name: string) =>
    metrics?.find((metric) => metric.name === name)?.source;
  const watch = resolved.watches[0]?.metrics;

  test('Prometheus: another one for each environment, placeholders filled in, usual values', () => {
    expect(found(watch, 'from-prometheus')).toEqual({
      kind: 'prometheus',
      place: {
        api: 'https://prometheus.example.com/prefix',
        token: expect.stringMatching(/^file:\/.*\/prometheus\.token$/),
      },
      query: 'sum(rate(errors_total{env="production"}[120000ms]))',
      up: 'up{job="api"}',
      window: 120_000,
      resolution: 15_000,
      delay: 0,
    });
    expect(found(resolved.soak?.metrics, 'from-prometheus')).toMatchObject({
      place: { api: 'http://127.0.0.1:5000', login: { username: 'u', password: expect.stringMatching(/^file:/) } },
      query: 'sum(rate(errors_total{env="staging"}[120000ms]))',
    });
  });

  test('Datadog: the environment by Datadog’s own name, the window in seconds', () => {
    expect(found(watch, 'from-datadog')).toEqual({
      kind: 'datadog',
      place: { api: 'https://api.datadoghq.eu', apiKey: 'env:DD_API_KEY', applicationKey: 'env:DD_APP_KEY' },
      queries: { errors: 'sum:errors{env:prod}.rollup(sum, 60)', requests: 'sum:requests{*}' },
      formula: '100 * errors / requests',
      window: 60_000,
      resolution: 30_000,
      delay: 60_000,
    });
  });

  test('CloudWatch: one query needs no formula', () => {
    expect(found(watch, 'from-cloudwatch')).toEqual({
      kind: 'cloudwatch',
      place: { region: 'sa-east-1' },
      queries: {
        latency: {
          namespace: 'AWS/ApplicationELB',
          metric: 'TargetResponseTime',
          dimensions: { LoadBalancer: 'app/production/1' },
          statistic: 'p95',
        },
      },
      formula: 'latency',
      window: 60_000,
      resolution: 60_000,
      delay: 120_000,
    });
    expect(found(watch, 'from-log-group')).toEqual({
      kind: 'cloudwatch-logs',
      place: {
        region: 'sa-east-1',
        endpoint: 'http://127.0.0.1:5000',
        credentials: { accessKeyId: 'env:AWS_KEY', secretAccessKey: 'env:AWS_SECRET' },
      },
      group: '/app/production',
      filter: '?CRITICAL ?FATAL',
      window: 300_000,
      resolution: 60_000,
      delay: 30_000,
    });
  });

  test('a command runs on the worker, in a folder of the plan', () => {
    expect(found(watch, 'from-command')).toEqual({
      kind: 'command',
      command: {
        run: ['./queue.sh', '{environment}'],
        on: 'worker',
        folder: expect.stringMatching(/^\//),
        timeout: 5_000,
      },
      environment: 'production',
      tools: expect.any(Array),
      window: 60_000,
      field: 'queue.length',
    });
  });
});

describe('mistakes', () => {
  mistakes([
    [
      'a provider that is not there',
      ['provider: datadog\n', 'provider: ¦datadgo\n'],
      { path: 'metrics.from-datadog.provider', says: 'There is no provider `datadgo`', suggestion: 'datadog' },
    ],
    [
      'a provider of another kind',
      ['production: prometheus }', 'production: ¦datadog }'],
      {
        path: 'metrics.from-prometheus.provider.production',
        says: '`datadog` is of kind datadog, and this needs one of kind prometheus',
      },
    ],
    [
      'an unknown kind of provider',
      ['kind: datadog\n', 'kind: ¦datadgo\n'],
      { path: 'providers.datadog.kind', says: 'prometheus, datadog or cloudwatch', suggestion: 'datadog' },
    ],
    [
      'a provider without a key',
      [
        'datadog:\n    kind: datadog\n    host: datadog\n    apiKey: datadog-api\n    applicationKey: datadog-application\n',
        '¦datadog:\n    kind: datadog\n    host: datadog\n    apiKey: datadog-api\n',
      ],
      { path: 'providers.datadog.applicationKey', says: '`applicationKey` is missing' },
    ],
    [
      'a secret instead of the name of one',
      ['apiKey: datadog-api', 'apiKey: ¦datadog-ap'],
      { path: 'providers.datadog.apiKey', says: 'no credential', suggestion: 'datadog-api' },
    ],
    [
      'half of the keys to AWS',
      ['accessKeyId: aws-key, secretAccessKey: aws-secret', 'accessKeyId: ¦aws-key'],
      { path: 'providers.aws-stand-in.accessKeyId', says: 'or neither' },
    ],
    [
      'a region that is none',
      ['kind: cloudwatch, region: sa-east-1 }', 'kind: cloudwatch, region: ¦brazil }'],
      { path: 'providers.aws.region', says: 'write for example sa-east-1' },
    ],
    [
      'a misspelt placeholder in PromQL',
      [`query: 'sum(rate(errors_total{env="{environment}"`, `query: ¦'sum(rate(errors_total{env="{enviroment}"`],
      { path: 'metrics.from-prometheus.query', says: 'is not filled in here', suggestion: '{environment}' },
    ],
    [
      'a misspelt placeholder in a query of Datadog, whose own braces are left alone',
      ['errors: "sum:errors{env:{environment}}', 'errors: ¦"sum:errors{env:{enviroment}}'],
      { path: 'metrics.from-datadog.queries.errors', says: 'is not filled in here', suggestion: '{environment}' },
    ],
    [
      'a formula with a name that is no query',
      ['formula: 100 * errors / requests', 'formula: ¦100 * errors / request + requests'],
      { path: 'metrics.from-datadog.formula', says: 'no such query', suggestion: 'requests' },
    ],
    [
      'a query that the formula makes no use of',
      [
        'requests: "sum:requests{*}" }\n    formula: 100 * errors / requests',
        'requests: ¦"sum:requests{*}" }\n    formula: 100 * errors',
      ],
      { path: 'metrics.from-datadog.queries.requests', says: 'makes no use of it' },
    ],
    [
      'a resolution that CloudWatch does not keep',
      ['provider: aws\n', 'provider: aws\n    resolution: ¦45s\n'],
      { path: 'metrics.from-cloudwatch.resolution', says: '1, 5, 10, 20 or 30 seconds' },
    ],
    [
      'a statistic that CloudWatch does not have',
      ['statistic: p95', 'statistic: ¦P95'],
      { path: 'metrics.from-cloudwatch.queries.latency.statistic', says: 'Sum, Average or p95' },
    ],
    [
      'a command with a placeholder that is not filled in',
      ['[./queue.sh, "{environment}"]', '[./queue.sh, ¦"{envronment}"]'],
      { path: 'metrics.from-command.command.run[1]', says: 'is not filled in here', suggestion: '{environment}' },
    ],
    [
      'a command that may take longer than a tick can wait',
      ['in: scripts }\n    field', 'in: scripts, timeout: ¦1m }\n    field'],
      { path: 'metrics.from-command.command.timeout', says: 'at most 20s' },
    ],
  ]);

  test('more values a tick than can be carried', () => {
    const dense = edits.map(([from, to]): [string, string] => [
      from,
      to.replace('    up: ', '    resolution: 2s\n    up: ').replace('tick: 5m', 'tick: ¦5m'),
    ]);
    expectOneProblem(dense, { path: 'soak.tick', says: 'lengthen its `resolution` or shorten this `tick`' });
  });

  test('several queries without a formula', () => {
    const without = edits.map(([from, to]): [string, string] => [from, to.replace(/ {4}formula: .*\n/, '')]);
    expectOneProblem([...without, ['  from-datadog:\n', '  ¦from-datadog:\n']], {
      path: 'metrics.from-datadog',
      says: 'say how errors, requests make one number',
    });
  });

  test('a rule is held against how often its metric is known, not how often the watch looks', () => {
    // A tick of 5 s, but a value a minute: 10 values until two minutes before the end.
    const rule = (more: string) =>
      replaceOnce(text, [
        '\ncriteria:',
        `\ncriteria:\n  slow:\n    title: x\n    metric: from-cloudwatch\n    breach: "> 1 s"\n    ${more}\n    tier: require\n    noData: unknown\n    notANumber: unknown\n    providerError: unknown`,
      ]).replace('      - logs-5m\n', '      - logs-5m\n      - slow\n');
    const load = (more: string) => () => loadPlan(write('plan.yaml', rule(more)));
    expect(load('for: 1m\n    minimumSamples: 3')).not.toThrow();
    expect(load('for: 1m\n    minimumSamples: 4')).toThrow('needs 4 samples, and this watch takes 3');
    expect(load('for: 30s\n    minimumSamples: 3')).toThrow(
      'samples every 1 min: shorten `resolution` or lengthen `for`',
    );
  });

  test('a provider that nothing uses is a warning', () => {
    const unused = replaceOnce(text, [
      '\nproviders:',
      '\nproviders:\n  spare: { kind: cloudwatch, region: sa-east-1 }',
    ]);
    expect(loadPlan(write('plan.yaml', unused)).warnings).toContainEqual(
      expect.objectContaining({ path: 'providers.spare', message: 'Nothing uses it' }),
    );
  });
});
