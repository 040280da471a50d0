import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadPlan } from '../../src/plan/load.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { type Expected, expectOneProblem, problemsOf, replaceOnce, shippedText, write } from './plan-files.js';

type Case = [sentence: string, edit: [string, string] | [string, string][], expected: Expected];

const cases = (list: Case[]) => {
  test.each(list)('%s', (_, edit, expected) => {
    expectOneProblem((Array.isArray(edit[0]) ? edit : [edit]) as [string, string][], expected);
  });
};

describe('keys', () => {
  cases([
    [
      'an unknown key at the top',
      ['\nservice: eduautismo', '\nservice: eduautismo\n¦sevice: x'],
      { path: 'sevice', says: 'not a known key', suggestion: 'service' },
    ],
    [
      'an unknown key in a criterion',
      ['    title: "Taxa de erro > 10% por mais de 2 minutos"', '    title: x\n    ¦minimumSample: 3'],
      { path: 'criteria.immediate-errors.minimumSample', says: 'not a known key', suggestion: 'minimumSamples' },
    ],
    [
      'an unknown key that resembles nothing is answered with the known ones',
      ['health: { path: /health,', 'health: { ¦zzzzzz: 1, path: /health,'],
      {
        path: 'health.zzzzzz',
        says: /known here: path, port, command, status, expect, version, commit, startedAt, within$/,
      },
    ],
    [
      'an unknown command',
      ['  restartService:', '  ¦restartservices: { run: [x], in: scripts, timeout: 1m }\n  restartService:'],
      { path: 'commands.restartservices', says: 'not a known key', suggestion: 'restartService' },
    ],
    [
      'an unknown reading of a metric',
      ['read: { mean: {', 'read: { ¦meen: {'],
      { path: 'metrics.latency-mean.read.meen', says: 'not a known key', suggestion: 'mean' },
    ],
    [
      'a missing key',
      ['scratch: { host: scratch-database, password: scratch-database }', 'scratch: ¦{ password: scratch-database }'],
      { path: 'backup.scratch.host', says: '`host` is missing' },
    ],
    [
      'a missing section',
      [
        '  reminders: { after: 4h, every: 12h, escalateAfter: 24h, escalateTo: [incidents, devops, cto, vp-engineering] }',
        '  reminders: ¦{ every: 12h }',
      ],
      { path: 'notifications.reminders.after', says: '`after` is missing' },
    ],
    [
      'a key without a value',
      ['title: "Deploy - Otimizações de Performance"', '¦title:'],
      { path: 'title', says: 'Has no value' },
    ],
    [
      'a name with a space',
      [
        '  throughput:\n',
        '  ¦through put:\n    title: x\n    unit: count\n    source: health\n    window: 1m\n    read: down\n  throughput:\n',
      ],
      { path: 'metrics.through put', says: 'A name starts with a letter' },
    ],
    ['another version of the format', ['surefoot: 1', 'surefoot: ¦2'], { path: 'surefoot', says: 'write 1' }],
  ]);
});

describe('values', () => {
  cases([
    [
      'a duration without a unit',
      ['within: 300s', 'within: ¦300'],
      { path: 'health.within', says: '300 has no unit; write for example 30s' },
    ],
    ['a bad duration', ['within: 300s', 'within: ¦5min'], { path: 'health.within', says: '"5min" is not a duration' }],
    ['a duration of nothing', ['within: 300s', 'within: ¦0s'], { path: 'health.within', says: 'longer than nothing' }],
    [
      'evidence that is kept for hours',
      ['\nevidence: evidence\n', '\nevidence: evidence\nevidenceRetention: ¦12h\n'],
      { path: 'evidenceRetention', says: 'shorter than a day' },
    ],
    [
      'a share without a unit',
      ['successRate: 95 %', 'successRate: ¦95'],
      { path: 'load.limits.successRate', says: 'write for example "95 %"' },
    ],
    [
      'a revision that YAML reads as a number',
      ['revision: 5403edb1d087', 'revision: ¦540300001087'],
      { path: 'migration.revision', says: 'put it in quotes' },
    ],
    [
      'a version that looks like an option',
      ['previous: v1.2.3', 'previous: ¦--force'],
      { path: 'release.previous', says: 'Begins with "-"' },
    ],
    [
      'a branch with a space',
      ['branch: perf/optimize-intervention-plans', 'branch: ¦a b; rm'],
      { path: 'release.branch', says: 'other characters' },
    ],
    [
      'a command as one text',
      ['run: [./restart_service.sh]', 'run: ¦./restart_service.sh'],
      { path: 'commands.restartService.run', says: 'list of arguments' },
    ],
    [
      'an unknown tier',
      [
        '    tier: rollback\n    rollback: migration\n    noData: unknown\n    notANumber: unknown\n    providerError: unknown\n    minimumSamples: 30\n  immediate-blocked',
        '    tier: ¦roll-back\n    rollback: migration\n    noData: unknown\n    notANumber: unknown\n    providerError: unknown\n    minimumSamples: 30\n  immediate-blocked',
      ],
      {
        path: 'criteria.immediate-deadlocks.tier',
        says: 'write require, rollback or consider',
        suggestion: 'rollback',
      },
    ],
    [
      'a quantile in percent',
      ['q: 0.95', 'q: ¦95'],
      { path: 'metrics.latency-p95.read.quantile.q', says: 'write 0.95' },
    ],
    [
      'a quantile without a histogram',
      [
        'quantile: { q: 0.5, histogram: { name: http_request_duration_seconds, labels: { path: "~/api/.*" } } }',
        'quantile: ¦{ q: 0.5 }',
      ],
      { path: 'metrics.latency-p50.read.quantile.histogram', says: 'is missing' },
    ],
    [
      'two readings at once',
      ['read: { deadlocks: true }', 'read: ¦{ deadlocks: true, lostRows: { table: t } }'],
      { path: 'metrics.deadlocks.read', says: 'exactly one of deadlocks, blocked' },
    ],
    [
      'a label pattern that is no regular expression',
      ['status: "~5.."', 'status: ¦"~5(.."'],
      { path: 'metrics.error-rate.read.ratio.of.labels.status', says: 'not a regular expression' },
    ],
    ['a path without a slash', ['path: /health', 'path: ¦health'], { path: 'health.path', says: 'begins with "/"' }],
    [
      'a statement that is no query',
      [
        'sql: SELECT count(*) FROM intervention_plans WHERE review_frequency = $1',
        'sql: ¦DELETE FROM intervention_plans',
      ],
      { path: 'indexes.queries[2].sql', says: 'Only SELECT' },
    ],
    [
      'two statements in one query',
      ['sql: SELECT count(*) FROM intervention_plans WHERE review_frequency = $1', 'sql: ¦select 1; drop table x'],
      { path: 'indexes.queries[2].sql', says: 'more than one statement' },
    ],
  ]);

  test('a policy for no data that is none', () => {
    expectOneProblem([['    noData: breached\n', '    noData: ¦broken\n']], {
      path: 'criteria.immediate-down.noData',
      says: 'write healthy, breached or unknown',
    });
  });

  test('an unknown source of a metric', () => {
    expectOneProblem([['    source: logs', '    source: ¦log']], {
      path: 'metrics.critical-log-lines.source',
      says: 'write scrape, health, postgres, logs, prometheus, datadog, cloudwatch, cloudwatch-logs or command',
      suggestion: 'logs',
    });
  });
});

describe('names', () => {
  cases([
    [
      'a criterion that names an unknown metric',
      [
        [
          '  immediate-errors:\n    title: "Taxa de erro > 10% por mais de 2 minutos"\n    metric: error-rate',
          '  immediate-errors:\n    title: x\n    metric: ¦eror-rate',
        ],
      ],
      { path: 'criteria.immediate-errors.metric', says: 'no metric `eror-rate`', suggestion: 'error-rate' },
    ],
    [
      'a watch that names an unknown criterion',
      ['criteria: [soak-p95,', 'criteria: [¦soak-p59,'],
      { path: 'soak.criteria[0]', says: 'no criterion `soak-p59`', suggestion: 'soak-p95' },
    ],
    [
      'a watch that observes an unknown metric',
      ['observe: [throughput, success-rate,', 'observe: [¦throughputs, success-rate,'],
      { path: 'watches[0].observe[0]', says: 'no metric', suggestion: 'throughput' },
    ],
    [
      'an unknown host',
      ['api: staging-api', 'api: ¦stagin-api'],
      { path: 'environments.staging.api', says: 'no host `stagin-api`', suggestion: 'staging-api' },
    ],
    [
      'an unknown credential',
      ['password: staging-test', 'password: ¦staging-tset'],
      { path: 'environments.staging.login.password', says: 'no credential', suggestion: 'staging-test' },
    ],
    [
      'an unknown folder',
      ['run: [./restart_service.sh], in: scripts', 'run: [./restart_service.sh], in: ¦script'],
      { path: 'commands.restartService.in', says: 'no folder `script`', suggestion: 'scripts' },
    ],
    [
      'a server command in an unknown folder',
      ['run: [alembic, current], on: server, in: application', 'run: [alembic, current], on: server, in: ¦zzz'],
      { path: 'migration.current.in', says: 'no folder `zzz`; known: repository' },
    ],
    [
      'the application folder on the worker',
      ['run: [alembic, current], on: server, in: application', 'run: [alembic, current], in: ¦application'],
      { path: 'migration.current.in', says: 'add `on: server`' },
    ],
    [
      'a person with an unknown role',
      ['roles: [tech-lead] }', 'roles: [¦teck-lead] }'],
      { path: 'approvals.roster.ana.souza.roles[0]', says: 'no role `teck-lead`', suggestion: 'tech-lead' },
    ],
    [
      'a confirmation by an unknown role',
      ['roles: [product-owner, devops]', 'roles: [product-owner, ¦dev-ops]'],
      { path: 'confirmations.preparation.communication.roles[1]', says: 'no role', suggestion: 'devops' },
    ],
    [
      'a load test approved by an unknown role',
      ['approvedBy: tech-lead', 'approvedBy: ¦cto'],
      { path: 'production.loadTest.approvedBy', says: /no role `cto`; known: tech-lead/ },
    ],
    [
      'a query that uses an unknown index',
      ['uses: ix_intervention_plans_created_by_id', 'uses: ¦ix_intervention_plans_created_by'],
      { path: 'indexes.queries[3].uses', says: 'no index', suggestion: 'ix_intervention_plans_created_by_id' },
    ],
    [
      'a query with more values than parameters',
      ['parameters: [daily]', 'parameters: ¦[daily, weekly]'],
      { path: 'indexes.queries[2].parameters', says: 'has 2 values' },
    ],
    [
      'a check of the previous release that is no smoke check',
      ['  verifyPath: /api/v1/intervention-plans\n', '  verifyPath: /api/v1/x\n  previousChecks: [¦basics]\n'],
      { path: 'rollback.previousChecks[0]', says: 'no check `basics` in `smoke`', suggestion: 'basic' },
    ],
    [
      'an unknown way to take an irreversible migration',
      ['  verifyPath: /api/v1/intervention-plans\n', '  verifyPath: /api/v1/x\n  irreversible: ¦ignore\n'],
      { path: 'rollback.irreversible', says: 'refuse or allow' },
    ],
    [
      'a check that samples a later one',
      ['sample: { check: basic,', 'sample: { check: ¦response-time,'],
      { path: 'functional[6].sample.check', says: 'no earlier check' },
    ],
    [
      'a check that uses a sample without taking one',
      ['query: { skip: 0, limit: 20 }', 'query: { skip: 0, limit: ¦"{sample}" }'],
      { path: 'smoke[2].query.limit', says: 'takes no `sample`' },
    ],
    [
      'two checks of one id',
      ['- id: priority-filter\n', '- id: ¦structure\n'],
      { path: 'functional[2].id', says: 'another `structure`' },
    ],
    [
      'two watches of one id',
      ['- id: watch-1h', '- id: ¦watch-5m'],
      { path: 'watches[1].id', says: 'another watch `watch-5m`' },
    ],
    [
      'two confirmations of one id',
      ['    infrastructure:\n', '    ¦access:\n'],
      { path: 'confirmations.preparation.access', says: 'a confirmation `access` in prerequisites already' },
    ],
    [
      'a criterion listed twice',
      ['criteria: [soak-p95, soak-error-rate,', 'criteria: [soak-p95, ¦soak-p95, soak-error-rate,'],
      { path: 'soak.criteria[1]', says: 'listed twice' },
    ],
  ]);
});

describe('criteria', () => {
  const breach = (to: string): [string, string][] => [['breach: "> 10 %"', to]];
  const path = 'criteria.immediate-errors.breach';
  cases([
    [
      'a threshold without a unit',
      breach('breach: ¦"> 10"'),
      { path, says: '"> 10" has no unit; write for example "> 10 %"' },
    ],
    [
      'a threshold that is a bare number',
      breach('breach: ¦10'),
      { path, says: '10 has no comparison and no unit; write for example "> 10 %"' },
    ],
    ['a threshold without a comparison', breach('breach: ¦"10 %"'), { path, says: 'has no comparison' }],
    ['a threshold with a decimal comma', breach('breach: ¦"> 0,1 %"'), { path, says: 'decimal comma' }],
    ['a threshold with an unknown unit', breach('breach: ¦"> 10 percent"'), { path, says: 'unknown unit "percent"' }],
    [
      'a threshold in a unit that does not fit the metric',
      breach('breach: ¦"> 10 s"'),
      { path, says: '"s" can’t be compared with `error-rate`, which is in "%"' },
    ],
    ['a threshold without a number', breach('breach: ¦"> lots"'), { path, says: 'has no number' }],
    [
      'breach and expect at once',
      [
        ['  immediate-errors:', '  ¦immediate-errors:'],
        ['breach: "> 10 %"', 'breach: "> 10 %"\n    expect: "< 1 %"'],
      ],
      { path: 'criteria.immediate-errors', says: 'exactly one of `breach`' },
    ],
    [
      'neither breach nor expect',
      [
        ['  immediate-errors:', '  ¦immediate-errors:'],
        ['    breach: "> 10 %"\n', ''],
      ],
      { path: 'criteria.immediate-errors', says: 'exactly one of `breach`' },
    ],
    [
      'tier rollback without an option',
      [
        [
          'breach: "> 10 %"\n    for: 2m\n    tier: rollback\n    rollback: full\n',
          'breach: "> 10 %"\n    for: 2m\n    tier: ¦rollback\n',
        ],
      ],
      { path: 'criteria.immediate-errors.tier', says: 'needs `rollback`' },
    ],
    [
      'a series of a histogram instead of the histogram',
      [
        'mean: { histogram: { name: http_request_duration_seconds',
        'mean: { histogram: { name: ¦http_request_duration_seconds_bucket',
      ],
      {
        path: 'metrics.latency-mean.read.mean.histogram.name',
        says: 'leave out "_bucket"',
        suggestion: 'http_request_duration_seconds',
      },
    ],
  ]);

  test('a metric in a unit that its reading does not give', () => {
    expectOneProblem([['title: Throughput (req/s)\n    unit: /s', 'title: Throughput (req/s)\n    unit: ¦ms']], {
      path: 'metrics.throughput.unit',
      says: 'read as rate is in "/s" or "/min" or "%", not in "ms"',
    });
  });
});

describe('watches', () => {
  cases([
    [
      'a rule longer than its watch',
      ['      - logs-5m\n', '      - logs-5m\n      - ¦consider-cpu\n'],
      { path: 'watches[0].criteria[8]', says: 'longer than this watch \\(5 min\\): it could never fire' },
    ],
    [
      'a tick too coarse for a rule',
      [
        ['criteria: [soak-p95,', 'criteria: [¦short,soak-p95,'],
        [
          '  # 4.1 Monitoramento Imediato (Primeiros 5 minutos). The gate',
          '  short: { title: x, metric: cpu, breach: "> 1 %", for: 1m, tier: require, noData: unknown, notANumber: unknown, providerError: unknown, minimumSamples: 1 }\n  # 4.1 Monitoramento Imediato (Primeiros 5 minutos). The gate',
        ],
      ],
      { path: 'soak.criteria[0]', says: 'lasts 1 min, but this watch samples every 5 min' },
    ],
    [
      'a minimum longer than the watch',
      ['  tick: 5m\n  observe', '  minimum: ¦25h\n  tick: 5m\n  observe'],
      { path: 'soak.minimum', says: 'longer than `duration` \\(24 h\\)' },
    ],
    [
      'a soak that would roll back',
      [
        '  gate: ask\n  consider: { within: 15m, otherwise: continue }\n\n# 2.1',
        '  gate: ¦rollback\n  consider: { within: 15m, otherwise: continue }\n\n# 2.1',
      ],
      { path: 'soak.gate', says: 'Staging is not rolled back' },
    ],
    [
      'a soak of production',
      ['# 1.7\nsoak:\n', '# 1.7\nsoak:\n  environment: ¦production\n'],
      { path: 'soak.environment', says: 'The soak looks at staging' },
    ],
  ]);

  test('more samples than a watch can give', () => {
    expectOneProblem(
      [
        ['      - logs-5m\n', '      - logs-5m\n      - ¦many\n'],
        [
          '  # 4.2 Monitoramento de 1 Hora.',
          '  many: { title: x, metric: cpu, breach: "> 1 %", for: 0s, tier: require, noData: unknown, notANumber: unknown, providerError: unknown, minimumSamples: 61 }\n  # 4.2',
        ],
      ],
      { path: 'watches[0].criteria[8]', says: 'needs 61 samples, and this watch takes 60' },
    );
  });

  test('a tick longer than the watch is refused where it stands', () => {
    const file = write('plan.yaml', shippedText.replace('    tick: 5s\n', '    tick: 6m\n'));
    expect(problemsOf(() => loadPlan(file)).map(({ path }) => path)).toContain('watches[0].tick');
  });

  test('a watch can be shortened as far as the plan allows, and no further', () => {
    const allowed = shippedText.replace('  tick: 5m\n  observe', '  minimum: 20h\n  tick: 5m\n  observe');
    const file = write('plan.yaml', allowed);
    expect(loadWhole(file, { shorten: { soak: 20 * 3_600_000 } }).soak.duration).toBe(20 * 3_600_000);
    expect(problemsOf(() => loadPlan(file, { shorten: { soak: 3_600_000 } }))).toMatchObject([
      { path: 'soak.minimum', message: '`soak` was asked to last 1 h, but the plan allows no less than 20 h' },
    ]);
  });

  test('the shipped plan allows no shortening at all, and the line of the duration is named', () => {
    for (const [id, duration] of Object.entries({
      soak: 1,
      'watch-5m': 1_000,
      'watch-1h': 60_000,
      'watch-24h': 86_399_999,
    })) {
      const problems = problemsOf(() => loadPlan('plans/eduautismo-performance.yaml', { shorten: { [id]: duration } }));
      expect(problems).toHaveLength(1);
      expect(problems[0]?.path).toMatch(/^(soak|watches\[\d\])\.duration$/);
      expect(shippedText.split('\n')[(problems[0]?.line ?? 0) - 1]).toMatch(/^ +duration: /);
    }
  });

  test('a watch can not be made longer, and an unknown one not shorter', () => {
    const message = (shorten: Record<string, number>) =>
      problemsOf(() => loadPlan('plans/eduautismo-performance.yaml', { shorten }))[0]?.message;
    expect(message({ soak: 90_000_000 })).toMatch('only be made shorter');
    expect(message({ sok: 1 })).toMatch('A shorter `sok` was asked for, but there is none; known: soak, watch-5m');
  });
});

describe('commands', () => {
  cases([
    [
      'an unknown placeholder',
      ['"{environment}", "{version}", ', '"{environment}", ¦"{versoin}", "{version}", '],
      { path: 'commands.deploy.run[2]', says: '`{versoin}` is not filled in here', suggestion: '{version}' },
    ],
    [
      'a placeholder with blanks around it',
      ['"{environment}", "{version}", ', '"{environment}", ¦"{ version }", "{version}", '],
      { path: 'commands.deploy.run[2]', says: '`{ version }` is not filled in here', suggestion: '{version}' },
    ],
    [
      'a placeholder of another command',
      ['run: [./restart_service.sh]', 'run: [./restart_service.sh, ¦"{version}"]'],
      { path: 'commands.restartService.run[1]', says: 'known: {environment}' },
    ],
    [
      'a program that is a placeholder',
      ['run: [./monitor_db.sh, "{environment}"]', 'run: [¦"{environment}"]'],
      { path: 'commands.databaseMonitor.run[0]', says: 'program itself' },
    ],
    [
      'a deploy that ignores the version',
      ['run: [./deploy.sh, "{environment}", "{version}", "{commit}"]', 'run: ¦[./deploy.sh, "{environment}"]'],
      { path: 'commands.deploy.run', says: 'Holds no `{version}`' },
    ],
    [
      'a slip in the name of a migration tool',
      ['tool: alembic', 'tool: ¦Alembc'],
      { path: 'migration.tool', says: '`Alembc` is no tool that is known by itself', suggestion: 'alembic' },
    ],
    [
      'a downgrade to nowhere in particular',
      ['run: [alembic, downgrade, "{revision}"]', 'run: ¦[alembic, downgrade, "-1"]'],
      { path: 'migration.downgrade.run', says: 'Holds no `{revision}`' },
    ],
    [
      'maintenance mode without its command',
      [
        ['  maintenanceOff: { run: [./maintenance_mode.sh, disable], in: scripts, timeout: 1m }\n', ''],
        ['maintenance:\n    enabled: true', 'maintenance:\n    enabled: ¦true'],
      ],
      { path: 'production.maintenance.enabled', says: '`commands.maintenanceOff`' },
    ],
  ]);
});

describe('machines', () => {
  cases([
    [
      'a password inside a database URL',
      ['postgresql://user@staging-db', '¦postgresql://user:hunter2@staging-db'],
      { path: 'hosts.staging-database', says: 'Holds a password; leave it out' },
    ],
    [
      'a password inside an API’s URL',
      ['https://api-staging.', '¦https://:hunter2@api-staging.'],
      { path: 'hosts.staging-api', says: 'Holds a password' },
    ],
    [
      'a secret in place of a reference',
      ['env:PROD_TEST_PASS', '¦hunter2'],
      { path: 'credentials.production-test', says: 'write env:NAME or file:PATH' },
    ],
    [
      'a database URL without a user',
      ['postgresql://user@staging-db', '¦postgresql://staging-db'],
      { path: 'hosts.staging-database', says: 'Does not name the user' },
    ],
    [
      'a database URL with a parameter that is none of TLS',
      [
        'postgresql://user@staging-db.example.com:5432/eduautismo_staging',
        '¦postgresql://user@staging-db.example.com:5432/eduautismo_staging?options=-c',
      ],
      { path: 'hosts.staging-database', says: '`options` is no parameter .* sslmode, sslrootcert, sslcert, sslkey' },
    ],
    [
      'an sslmode that libpq does not know',
      [
        'postgresql://user@staging-db.example.com:5432/eduautismo_staging',
        '¦postgresql://user@staging-db.example.com:5432/eduautismo_staging?sslmode=verify',
      ],
      { path: 'hosts.staging-database', says: 'disable, allow, prefer, require, verify-ca, verify-full' },
    ],
    [
      'a receiver of announcements whose URL is a secret',
      ['slack: https://slack.com', 'slack: ¦https://hooks.slack.com/services/T0/B0/xyz'],
      { path: 'hosts.slack', says: 'a secret by itself' },
    ],
    [
      'a server whose name is an option',
      ['ssh://staging-server', '¦ssh://-oProxyCommand=x'],
      { path: 'hosts.staging-server', says: 'Does not name a host|not a URL' },
    ],
    [
      'what is no URL',
      ['https://api-staging.eduautismo.example.com', '¦api-staging'],
      { path: 'hosts.staging-api', says: 'Is not a URL; write for example "https' },
    ],
    [
      'a relative folder on a server over SSH',
      ['staging-application: /app/backend', 'staging-application: ¦app/backend'],
      { path: 'folders.staging-application', says: 'must be absolute' },
    ],
    [
      'a home folder by its short name',
      ['evidence: ./evidence', 'evidence: ¦~/evidence'],
      { path: 'folders.evidence', says: '"~" is not filled in' },
    ],
  ]);

  test('a host of another kind than its use needs', () => {
    expectOneProblem(
      [
        ['api: staging-api', 'api: staging-database'],
        ['staging-database: postgresql:', 'staging-database: ¦postgresql:'],
      ],
      {
        path: 'hosts.staging-database',
        says: 'Is used as `environments.staging.api` but begins with "postgresql:"',
      },
    );
  });

  test('production on staging’s database is refused', () => {
    expectOneProblem([['database: { host: production-database,', 'database: { host: ¦staging-database,']], {
      path: 'environments.production.database.host',
      says: 'the same database as staging',
    });
  });

  test('no message repeats a password or what stands in place of a reference', () => {
    const text = shippedText
      .replace('postgresql://user@staging-db', 'postgresql://user:hunter2@staging-db')
      .replace('env:PROD_TEST_PASS', 'hunter2')
      .replace('https://api-staging.eduautismo', 'https://a:hunter2@api staging.eduautismo');
    expect(() => loadPlan(write('plan.yaml', text))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
    const broken = `${shippedText}\nx: [hunter2\n`;
    expect(() => loadPlan(write('plan.yaml', broken))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

describe('the roster', () => {
  const alone = (roster: string) => shippedText.replace(/ {2}roster:\n( {4}.*\n)+/, `  roster:\n${roster}`);
  const problems = (text: string) => problemsOf(() => loadPlan(write('plan.yaml', text)));

  test('a role that nobody has is refused at the role', () => {
    const text = shippedText
      .replace('roles: [qa, devops]', 'roles: [qa]')
      .replace('roles: [devops] }', 'roles: [qa] }');
    expect(problems(text)).toMatchObject([
      { path: 'approvals.roles.devops', message: 'Nobody on the roster has this role' },
    ]);
  });

  test('four people for five roles are refused although each role has somebody', () => {
    const text = alone(
      '    a: { name: A, roles: [tech-lead, backend-team] }\n    b: { name: B, roles: [devops] }\n' +
        '    c: { name: C, roles: [qa] }\n    d: { name: D, roles: [product-owner] }\n',
    );
    expect(problems(text)).toMatchObject([
      { path: 'approvals.roster', message: expect.stringContaining('backend-team') },
    ]);
    expect(problems(text.replace('onePersonManyRoles: false', 'onePersonManyRoles: true'))).toEqual([]);
  });

  test('five people are enough when the right ones give way to each other', () => {
    const text = alone(
      '    a: { name: A, roles: [tech-lead, backend-team, devops, qa, product-owner] }\n' +
        '    b: { name: B, roles: [tech-lead, backend-team, devops, qa] }\n' +
        '    c: { name: C, roles: [tech-lead, backend-team, devops] }\n' +
        '    d: { name: D, roles: [tech-lead, backend-team] }\n    e: { name: E, roles: [tech-lead] }\n',
    );
    const { warnings } = loadPlan(write('plan.yaml', text));
    expect(warnings.map(({ path }) => path)).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => `approvals.roster.${id}`));
    expect(warnings[0]?.message).toMatch('Can’t start this deployment, as nobody else could approve as');
  });

  test('nobody is warned of when who starts may approve', () => {
    const text = alone(
      ['tech-lead', 'backend-team', 'devops', 'qa', 'product-owner']
        .map((role) => `    p-${role}: { name: P, roles: [${role}] }\n`)
        .join(''),
    );
    expect(loadPlan(write('plan.yaml', text)).warnings).toHaveLength(5);
    expect(loadPlan(write('plan.yaml', text.replace('selfApproval: false', 'selfApproval: true'))).warnings).toEqual(
      [],
    );
  });
});

describe('all at once', () => {
  test('every mistake of a plan is told, each at its place, in reading order', () => {
    const text = shippedText
      .replace('\nservice: eduautismo', '\nservice: eduautismo\nsevice: x')
      .replace('within: 300s', 'within: 300')
      .replace('metric: deadlocks', 'metric: deadlock')
      .replace('breach: "> 10 %"', 'breach: "> 10"')
      .replace('api: staging-api', 'api: stagin-api')
      .replace('approvedBy: tech-lead', 'approvedBy: cto')
      .replace('"{version}", ', '"{versoin}", "{version}", ')
      .replace('env:PROD_TEST_PASS', 'secret');
    const problems = problemsOf(() => loadPlan(write('plan.yaml', text)));
    expect(problems.map(({ path }) => path)).toEqual([
      'sevice',
      'credentials.production-test',
      'environments.staging.api',
      'commands.deploy.run[2]',
      'health.within',
      'criteria.deadlocks-1h.metric',
      'criteria.immediate-errors.breach',
      'production.loadTest.approvedBy',
    ]);
  });

  test('a metric that is wrong itself is not also called unknown', () => {
    expectOneProblem([['title: Taxa de erro\n    unit: "%"', 'title: Taxa de erro\n    unit: ¦percent']], {
      path: 'metrics.error-rate.unit',
      says: 'not known here',
    });
  });

  test('what nothing uses is a warning, not a mistake', () => {
    const text = shippedText
      .replace('\ncredentials:\n', '\ncredentials:\n  spare: env:SPARE\n')
      .replace('observe: [throughput, success-rate, database-pool]', 'observe: []')
      .replace('      - deadlocks-1h\n', '')
      .replace('      - watch-1h/deadlocks-1h\n', '');
    const { warnings } = loadPlan(write('plan.yaml', text));
    expect(warnings).toMatchObject([
      { path: 'credentials.spare', message: 'Nothing uses it' },
      { path: 'criteria.deadlocks-1h', message: 'Nothing uses it' },
    ]);
  });
});

describe('an image reference', () => {
  const IMAGE = 'registry.example.com:5000/team/app:1.2@sha256:0123456789abcdef';

  test('is a release where no repository has to know it', () => {
    const { release, ...plan } = parse(readFileSync('plans/minimal.yaml', 'utf8'));
    const file = write('plan.yaml', stringify({ ...plan, release: { ...release, target: IMAGE } }));
    expect(loadPlan(file).resolved.release.target).toBe(IMAGE);
  });

  test('is none that git knows', () => {
    expectOneProblem([['  target: main\n', `  target: ¦${IMAGE}\n`]], {
      path: 'release.target',
      says: 'Git knows no name with ":"',
    });
  });
});

describe('one round', () => {
  test('mistakes of other sections do not hide those of items and of the document', () => {
    const edits: [string, string][] = [
      ['within: 300s', 'within: 300'],
      ['host: staging-database, password', 'host: staging-databse, password'],
      ['by: prerequisites.tools/tool:psql', 'by: prerequisites.tools/tool:psq'],
      ['by: watch-1h.index-use/used', 'by: watch-1h.index-used/used'],
      ['title: "Índices sendo utilizados corretamente"', 'title: "Índices sendo usados corretamente"'],
    ];
    const file = write('plan.yaml', edits.reduce(replaceOnce, shippedText));
    expect(problemsOf(() => loadPlan(file)).map(({ path }) => path)).toEqual([
      'environments.staging.database.host',
      'health.within',
      'items.0.3.4.by',
      'items.4.2.11.title',
      'items.4.2.11.by',
    ]);
  });

  test.each(Object.keys(parse(shippedText)).filter((key) => key !== 'items'))(
    'what may rest on `%s` is not judged where that is broken',
    (key) => {
      const file = write('plan.yaml', stringify({ ...parse(shippedText), [key]: { broken: 17 } }));
      const paths = problemsOf(() => loadPlan(file)).map(({ path }) => path);
      expect(paths).not.toHaveLength(0);
      expect(paths.filter((path) => /^(items|document)/.test(path) && !path.startsWith(key))).toEqual([]);
    },
  );
});
