import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createAlertActivities } from '../../../src/activities/alerts/alerts.js';
import type { Alerts, ExpectedAlert } from '../../../src/contract/plan/proofs.js';
import { loadPlan } from '../../../src/plan/load.js';
import { awsAt } from '../../helpers/aws.js';
import { evidencePlace } from '../../helpers/context.js';
import { type Moto, startMoto } from '../../helpers/moto.js';
import { hurry, patience } from '../../helpers/patience.js';
import { startPrometheus } from '../../helpers/prometheus.js';
import { json, readBody, serve } from '../../helpers/server.js';
import { runActivity, temporaryFolder } from '../support.js';

const KEY = { deployment: 'd-1', step: 'preparation.alerts', generation: 1 };
const RULES = 'sandbox/target/releases/main/ops/alerts.yml';
Object.assign(process.env, { TEST_API_KEY: 'api-key-not-to-be-seen', TEST_APP_KEY: 'app-key-not-to-be-seen' });

const errorRate: ExpectedAlert = {
  id: 'error-rate',
  title: 'Alerta de taxa de erro > 2%',
  name: 'ErrorRate',
  breach: { comparison: '>', threshold: 0.02 },
  words: ['http_requests_total'],
};

/** What the shipped plan expects. */
const expected = loadPlan('plans/eduautismo-performance.yaml').resolved.alerts?.expected ?? [];

async function check(alerts: Alerts) {
  const evidence = await evidencePlace();
  const activities = createAlertActivities({ patience });
  const report = await runActivity(() => activities.checkAlerts({ key: KEY, evidence, alerts }));
  expect(report.facts.map(({ name }) => name)).toEqual(alerts.expected.map(({ id }) => id));
  const kept = readFileSync(join(evidence.store, 'd-1', report.evidence[0]?.path ?? ''), 'utf8');
  expect(kept + JSON.stringify(report)).not.toContain('not-to-be-seen');
  return report.facts;
}
const one = async (source: Alerts['source'], changes: Partial<ExpectedAlert> = {}) =>
  (await check({ source, expected: [{ ...errorRate, ...changes }] }))[0];

describe('a file of Prometheus rules', () => {
  const changed = (edit: (text: string) => string) => {
    const file = join(temporaryFolder(), 'alerts.yml');
    cpSync(RULES, file);
    writeFileSync(file, edit(readFileSync(file, 'utf8')));
    return check({ source: { kind: 'rules-file', file }, expected });
  };

  test('the target’s own holds the five alerts of the checklist at their thresholds', async () => {
    const facts = await changed((text) => text);
    expect(facts.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
    expect(facts[0]?.text).toBe('Alerta de latência P95 > 3s: EduAutismoLatencyP95 is configured and fires at > 3');
  });

  test('another threshold, another comparison, another metric and another name each fail that alert alone', async () => {
    const failing = async (from: string, to: string) => {
      const facts = await changed((text) => text.replace(from, to));
      const bad = facts.filter(({ ok }) => !ok);
      expect(bad).toHaveLength(1);
      return bad[0]?.text;
    };
    expect(await failing('> 85', '> 95')).toBe('Alerta de CPU > 85%: EduAutismoCpu: it fires at > 95, not at > 85');
    expect(await failing('> 90', '>= 90')).toContain('fires at >= 90, not at > 90');
    expect(await failing('db_pool_size >', 'pg_settings_max_connections >')).toContain(
      'it does not look at db_pool_size',
    );
    expect(await failing('EduAutismoMemory', 'EduAutismoMemroy')).toContain(
      'there is no alert EduAutismoMemory; did you mean EduAutismoMemroy?',
    );
    expect(await failing('> 2', '> 2 and up == 1')).toContain('more than one condition');
    expect(await failing('- alert: EduAutismoCpu', '- record: EduAutismoCpu')).toContain(
      'there is no alert EduAutismoCpu',
    );
  });

  test('of several rules of one name one must be right', async () => {
    const facts = await changed(
      (text) => `${text}      - { alert: EduAutismoCpu, expr: "process_cpu_seconds_total > 70" }\n`,
    );
    expect(facts.every(({ ok }) => ok)).toBe(true);
  });

  test.each([
    ['no YAML', 'groups: [', 'is no YAML'],
    ['another YAML', 'hello: world', 'no file of Prometheus rules (groups)'],
    ['no groups', 'groups: []', 'there are no alerts at all'],
  ])('one with %s fails them all', async (_, text, says) => {
    for (const fact of await changed(() => text))
      expect(fact).toMatchObject({ ok: false, text: expect.stringContaining(says) });
  });

  test('one that is not there says so', async () => {
    expect((await one({ kind: 'rules-file', file: '/nowhere/alerts.yml' }))?.text).toContain('cannot be read (ENOENT)');
  });
});

describe('Prometheus', () => {
  const rule = (changes: object = {}) => ({
    type: 'alerting',
    name: 'ErrorRate',
    query: 'rate(http_requests_total{status=~"5.."}[5m]) > 0.02',
    health: 'ok',
    state: 'inactive',
    ...changes,
  });
  const loaded = async (...rules: object[]) => {
    const data = { groups: [{ name: 'g', file: 'f', rules }] };
    const server = await serve((_, response) => json(response, { status: 'success', data }));
    return { kind: 'prometheus', place: { api: server.url } } as const;
  };

  test('a rule that it has loaded and can evaluate is configured', async () => {
    expect(await one(await loaded(rule({ name: 'Other' }), rule()))).toMatchObject({ ok: true });
  });

  test('a real one that has loaded the target’s rules has the five alerts of the checklist', async () => {
    const prometheus = await startPrometheus({}, [resolve(RULES)]);
    onTestFinished(() => prometheus.remove());
    // It evaluates them a moment after it has loaded them.
    await vi.waitFor(
      async () => {
        const facts = await check({ source: { kind: 'prometheus', place: { api: prometheus.url } }, expected });
        expect(facts.filter(({ ok }) => !ok)).toEqual([]);
      },
      { timeout: 30_000, interval: 500 },
    );
  });

  test('one that it cannot evaluate would tell nobody', async () => {
    const fact = await one(await loaded(rule({ health: 'err', lastError: 'many-to-many matching' })));
    expect(fact).toMatchObject({
      ok: false,
      unknown: true,
      text: expect.stringContaining('cannot evaluate it (many-to-many'),
    });
  });

  test.each([
    ['not evaluated yet', { health: 'unknown', lastEvaluation: '0001-01-01T00:00:00Z' }, 'has not evaluated it yet'],
    ['of which it does not tell', { health: undefined }, 'does not tell whether'],
    ['that matches nothing', { health: 'no match' }, 'its health is "no match"'],
  ])('one %s is unknown, whatever its threshold', async (_, changes, says) => {
    expect(await one(await loaded(rule(changes)))).toMatchObject({
      ok: false,
      unknown: true,
      text: expect.stringContaining(says),
    });
  });

  test.each([
    ['of which a part is missing', { warnings: ['1 of 3 rulers did not answer'] }, {}, '1 of 3 rulers'],
    ['that goes on elsewhere', {}, { groupNextToken: 'next' }, 'more groups'],
    ['that is empty', {}, { groups: [] }, 'lists no alerts at all'],
  ])('a list %s is no list of all alerts', async (_, more, moreData, says) => {
    const data = { groups: [{ name: 'g', file: 'f', rules: [rule({ name: 'Other' })] }], ...moreData };
    const server = await serve((__, response) => json(response, { status: 'success', data, ...more }));
    const fact = await one({ kind: 'prometheus', place: { api: server.url } });
    expect(fact).toMatchObject({ ok: false, unknown: true, text: expect.stringContaining(says) });
  });

  test.each([
    ['hangs', () => undefined, 'no answer within 200 ms'],
    ['fails', (response: ServerResponse) => response.writeHead(503).end(), 'answered 503'],
    ['talks nonsense', (response: ServerResponse) => json(response, { status: 'success', data: [] }), 'not understood'],
  ])('one that %s leaves the alert unproven', async (_, answer, says) => {
    if (says.startsWith('no answer')) hurry();
    const server = await serve((_request, response) => void answer(response));
    const fact = await one({ kind: 'prometheus', place: { api: server.url } });
    expect(fact).toMatchObject({ ok: false, text: expect.stringContaining(says) });
  });
});

describe('Datadog’s monitors', () => {
  const monitor = (changes: object = {}) => ({
    id: 1,
    name: 'ErrorRate',
    type: 'query alert',
    query: 'avg(last_5m):sum:http_requests_total{status:5xx} / sum:http_requests_total{*} > 0.02',
    options: { thresholds: { critical: 0.02, warning: 0.01 }, silenced: {} },
    draft_status: 'published',
    matching_downtimes: [],
    ...changes,
  });
  const place = (api: string) => ({ api, apiKey: 'env:TEST_API_KEY', applicationKey: 'env:TEST_APP_KEY' });
  const having = async (monitors: object[]) => {
    const server = await serve((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://x');
      const [page, size] = [Number(searchParams.get('page')), Number(searchParams.get('page_size'))];
      json(response, monitors.slice(page * size, (page + 1) * size));
    });
    return { server, source: { kind: 'datadog', place: place(server.url) } as const };
  };

  test('every page is read', async () => {
    const others = Array.from({ length: 230 }, (_, id) => monitor({ id, name: `Other ${id}` }));
    const { server, source } = await having([...others, monitor()]);
    expect(await one(source)).toMatchObject({ ok: true });
    // The last one is empty: a short one may only lack what the key may not see.
    expect(server.requests).toHaveLength(4);
  });

  test('none at all is unknown: a key that may not see monitors is shown none', async () => {
    expect(await one((await having([])).source)).toMatchObject({
      unknown: true,
      text: expect.stringContaining('lists no alerts at all'),
    });
  });

  test('a draft, a muted one, one in a downtime and another threshold are told apart', async () => {
    const now = Date.now() / 1_000;
    const text = async (changes: object) => (await one((await having([monitor(changes)])).source))?.text;
    expect(await text({ draft_status: 'draft' })).toContain('it is a draft');
    expect(await text({ options: { silenced: { '*': null } } })).toContain('it is muted');
    expect(await text({ matching_downtimes: [{ scope: ['*'], start: now - 60, end: null }] })).toContain(
      'a downtime mutes it',
    );
    expect(await text({ matching_downtimes: [{ scope: ['*'], start: now + 60, end: null }] })).toContain(
      'is configured',
    );
    expect(await text({ matching_downtimes: [{ scope: ['env:staging'], start: now - 60 }] })).toContain(
      'is configured',
    );
    expect(await text({ query: 'avg(last_5m):http_requests_total{*} > 5', options: {} })).toContain(
      'fires at > 5, not at > 0.02',
    );
    expect(await text({ query: 'avg(last_5m):http_requests_total{*}', options: {} })).toContain(
      'does not end in a comparison',
    );
  });

  test('a rate limit is waited for, and one that lasts is told', async () => {
    let left = 1;
    const pause = { value: '1' };
    const server = await serve((request, response) => {
      if (left === 0) return json(response, request.url?.includes('page=0&') ? [monitor()] : []);
      left -= 1;
      response.writeHead(429, { 'x-ratelimit-reset': pause.value }).end();
    });
    const source = { kind: 'datadog', place: place(server.url) } as const;
    expect(await one(source)).toMatchObject({ ok: true });
    [left, pause.value] = [1, '60'];
    expect((await one(source))?.text).toContain('rate limit reached, to be asked again in 1 min');
  });
});

describe('CloudWatch’s alarms', () => {
  let moto: Moto;
  let aws: ReturnType<typeof awsAt>;
  let client: CloudWatchClient;
  beforeAll(async () => {
    moto = await startMoto();
    aws = awsAt(moto.url);
    client = new CloudWatchClient(aws.client);
  }, 180_000);
  afterAll(() => moto.stop());

  const alarm = (AlarmName: string, changes: object = {}) =>
    client.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: 'eduautismo',
        MetricName: 'http_requests_total',
        Statistic: 'Average',
        Period: 60,
        EvaluationPeriods: 5,
        Threshold: 0.02,
        ComparisonOperator: 'GreaterThanThreshold',
        ActionsEnabled: true,
        AlarmActions: ['arn:aws:sns:sa-east-1:123456789012:pager'],
        ...changes,
      }),
    );
  const source = () => ({ kind: 'cloudwatch', place: aws.place }) as const;

  test('an alarm with an action and the right threshold is configured', async () => {
    await alarm('ErrorRate');
    expect(await one(source())).toMatchObject({ ok: true });
  });

  // moto gives all alarms at once and is never busy.
  test('every page is read, and a service that is busy is asked again', async () => {
    const named = (AlarmName: string) => ({
      AlarmName,
      MetricName: 'http_requests_total',
      Threshold: 0.02,
      ComparisonOperator: 'GreaterThanThreshold',
      ActionsEnabled: true,
      AlarmActions: ['arn'],
    });
    let busy = true;
    const answer = (token: string | undefined, response: ServerResponse) => {
      if (token === undefined) return json(response, { MetricAlarms: [named('Other')], NextToken: 'second' });
      if (token === 'third') return json(response, { MetricAlarms: [named('ErrorRate')] });
      if (!busy) return json(response, { MetricAlarms: [], NextToken: 'third' });
      busy = false;
      json(response, { __type: 'ThrottlingException', message: 'Rate exceeded' }, 400);
    };
    const server = await serve((request, response) => {
      void readBody(request).then((raw) => answer((JSON.parse(raw) as { NextToken?: string }).NextToken, response));
    });
    const fact = await one({ kind: 'cloudwatch', place: { ...aws.place, endpoint: server.url } });
    expect(fact).toMatchObject({ ok: true });
    expect(server.requests).toHaveLength(4);
  });

  test('one that talks nonsense leaves the alert unproven', async () => {
    const server = await serve((_, response) => void response.end('<html>'));
    const fact = await one({ kind: 'cloudwatch', place: { ...aws.place, endpoint: server.url } });
    expect(fact?.ok).toBe(false);
  });

  test('another threshold, another comparison, switched off actions and none at all are told apart', async () => {
    await alarm('Threshold', { Threshold: 0.5 });
    await alarm('Comparison', { ComparisonOperator: 'LessThanThreshold' });
    await alarm('Off', { ActionsEnabled: false });
    await alarm('Silent', { AlarmActions: [] });
    const text = async (name: string) => (await one(source(), { name }))?.text;
    expect(await text('Threshold')).toContain('fires at > 0.5, not at > 0.02');
    expect(await text('Comparison')).toContain('fires at < 0.02');
    expect(await text('Off')).toContain('its actions are switched off');
    expect(await text('Silent')).toContain('it tells nobody');
    expect(await text('Treshold')).toContain('did you mean Threshold?');
  });

  test('a service that refuses leaves the alert unproven', async () => {
    const refusing = await serve((_, response) => {
      const body = '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>';
      response.writeHead(403, { 'content-type': 'text/xml' }).end(body);
    });
    const fact = await one({ kind: 'cloudwatch', place: { ...aws.place, endpoint: refusing.url } });
    expect(fact).toMatchObject({ ok: false, text: expect.stringContaining('not allowed') });
  });
});
