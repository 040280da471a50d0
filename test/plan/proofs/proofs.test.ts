import { describe, expect, test } from 'vitest';
import { stepsByID } from '../../../src/contract/runbook.js';
import { loadPlan } from '../../../src/plan/load.js';
import { expectOneProblem, problemsOf, replaceOnce, shippedText, write } from '../plan-files.js';

const REVIEW = `review:
  source: git
  tests: { passRate: 98.4 %, junit: { in: test-reports, file: junit.xml } }
`;
const HOSTS = '\nhosts:\n';
const CREDENTIALS = '\ncredentials:\n';
const ALERTS_IN = '  in: { kind: rules-file, folder: repository, file: ops/alerts.yml }\n';
const GITHUB: [string, string][] = [
  [HOSTS, `${HOSTS}  github: https://github.example.com/api/v3/\n`],
  [CREDENTIALS, `${CREDENTIALS}  github: env:GITHUB_TOKEN\n`],
];
const github = (tests: string, more = '') => `review:
  source: github
  host: github
  token: github
  repository: eduautismo/backend
  tests: ${tests}
${more}`;
const PROVIDERS = `providers:
  cloud: { kind: cloudwatch, region: sa-east-1 }
  dog: { kind: datadog, host: dog, apiKey: dog, applicationKey: dog }
`;
const MONITORING: [string, string][] = [
  [HOSTS, `${HOSTS}  dog: https://api.datadoghq.eu\n`],
  [CREDENTIALS, `${CREDENTIALS}  dog: env:DATADOG\n`],
];
const load = (edits: (readonly [string, string])[]) =>
  loadPlan(write('plan.yaml', edits.reduce(replaceOnce, shippedText))).resolved;

describe('review, access and alerts in a plan', () => {
  test('the shipped plan has review and five alerts, and each is a fact that an item may name', () => {
    const plan = load([]);
    const facts = stepsByID(plan);
    expect(facts.get('prerequisites.review')?.facts).toEqual(['reviewed', 'approved', 'tests']);
    expect(facts.get('preparation.alerts')?.facts).toEqual([
      'latency-p95',
      'error-rate',
      'cpu',
      'memory',
      'connections',
    ]);
    expect(facts.get('prerequisites.access')?.off).toBe('access');
    expect(plan.alerts?.expected.map(({ breach }) => `${breach.comparison} ${breach.threshold}`)).toEqual([
      '> 3',
      '> 2',
      '> 85',
      '> 90',
      '> 80',
    ]);
  });

  test('GitHub is named by its API, so that Enterprise is too', () => {
    const plan = load([...GITHUB, [REVIEW, github('{ passRate: 98.4 %, checks: head }')]]);
    expect(plan.review).toEqual({
      source: {
        kind: 'github',
        api: 'https://github.example.com/api/v3',
        token: 'env:GITHUB_TOKEN',
        owner: 'eduautismo',
        repository: 'backend',
      },
      tests: { passRate: 98.4, checks: 'head' },
    });
  });

  test('access and alerts refer to the providers of metrics, and every right is asked for unless told', () => {
    const access = `access:
  console: { kind: aws, title: AWS, provider: cloud, account: "123456789012", buckets: [backups] }
  cloudwatch: { kind: cloudwatch, title: CloudWatch, provider: cloud }
  datadog: { kind: datadog, title: Datadog, provider: dog, rights: [monitors] }
  wiki: { kind: http, title: Wiki, host: dog, path: /status, status: 204 }
`;
    const plan = load([
      ...MONITORING,
      [REVIEW, `${REVIEW}${PROVIDERS}${access}`],
      [ALERTS_IN, '  in: { kind: datadog, provider: dog }\n'],
    ]);
    const dog = { api: 'https://api.datadoghq.eu', apiKey: 'env:DATADOG', applicationKey: 'env:DATADOG' };
    expect(plan.access).toEqual([
      {
        id: 'console',
        title: 'AWS',
        kind: 'aws',
        place: { region: 'sa-east-1' },
        account: '123456789012',
        buckets: ['backups'],
      },
      {
        id: 'cloudwatch',
        title: 'CloudWatch',
        kind: 'cloudwatch',
        place: { region: 'sa-east-1' },
        rights: ['metrics', 'alarms', 'logs'],
      },
      { id: 'datadog', title: 'Datadog', kind: 'datadog', place: dog, rights: ['monitors'] },
      { id: 'wiki', title: 'Wiki', kind: 'http', url: 'https://api.datadoghq.eu/status', status: 204 },
    ]);
    expect(plan.alerts?.source).toEqual({ kind: 'datadog', place: dog });
    expect(stepsByID(plan).get('prerequisites.access')?.facts).toEqual(['console', 'cloudwatch', 'datadog', 'wiki']);
  });
});

describe('mistakes in them', () => {
  test('tests without any proof', () => {
    expectOneProblem([...GITHUB, [REVIEW, github('¦{ passRate: 98.4 % }')]], {
      path: 'review.tests',
      says: 'Proves nothing: write `checks`, `junit` or both',
    });
  });

  test('a pass rate without its unit', () => {
    expectOneProblem([['passRate: 98.4 %', 'passRate: ¦98.4']], {
      path: 'review.tests.passRate',
      says: '98.4 has no unit; write for example "98.4 %"',
    });
  });

  test('a repository without its owner', () => {
    expectOneProblem(
      [...GITHUB, [REVIEW, github('{ passRate: 98.4 %, checks: head }').replace('eduautismo/backend', '¦backend')]],
      { path: 'review.repository', says: 'Not owner/name' },
    );
  });

  test('a threshold without a comparison', () => {
    expectOneProblem([['fires: "> 85"', 'fires: ¦"85 %"']], {
      path: 'alerts.expected.cpu.fires',
      says: /"85 %" is no threshold. Write comparison and number/,
    });
  });

  test('a folder with a slip in its name', () => {
    expectOneProblem([['folder: repository, file', 'folder: ¦repositry, file']], {
      path: 'alerts.in.folder',
      says: 'There is no folder `repositry`',
      suggestion: 'repository',
    });
  });

  test('a provider of another kind, told once', () => {
    const access = `access:
  datadog: { kind: datadog, title: Datadog, provider: ¦cloud }
  more: { kind: datadog, title: Datadog, provider: dog }
  cloud: { kind: aws, title: AWS, provider: cloud }
`;
    expectOneProblem([...MONITORING, [REVIEW, `${REVIEW}${PROVIDERS}${access}`]], {
      path: 'access.datadog.provider',
      says: '`cloud` is of kind cloudwatch, and this needs one of kind datadog',
    });
  });

  test('a provider whose host is wrong is told once, though several use it', () => {
    const [, credentials] = MONITORING;
    const text = [
      [HOSTS, `${HOSTS}  dog: not-a-url\n`] as const,
      credentials ?? ['', ''],
      [REVIEW, `${REVIEW}${PROVIDERS}access:\n  a: { kind: datadog, title: A, provider: dog }\n`] as const,
      [ALERTS_IN, '  in: { kind: datadog, provider: dog }\n'] as const,
    ].reduce<string>((done, edit) => replaceOnce(done, edit as readonly [string, string]), shippedText);
    const problems = problemsOf(() => loadPlan(write('plan.yaml', text)));
    expect(problems.map(({ path }) => path)).toEqual(['hosts.dog']);
  });
});
