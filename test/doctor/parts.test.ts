import { CreateBucketCommand, GetBucketLifecycleConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Metric } from '../../src/contract/plan/metrics.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { timelineOf } from '../../src/contract/timeline.js';
import { channelChecks, channelsInUse } from '../../src/doctor/checks/channels.js';
import type { Check, CheckContext } from '../../src/doctor/checks/check.js';
import { secretReferences } from '../../src/doctor/checks/credentials.js';
import { metricChecks } from '../../src/doctor/checks/metrics.js';
import { peopleChecks, roster } from '../../src/doctor/checks/people.js';
import { storeChecks } from '../../src/doctor/checks/stores.js';
import { awsAt } from '../helpers/aws.js';
import { mailServer } from '../helpers/mail-server.js';
import { type Moto, startMoto } from '../helpers/moto.js';
import { deadPort, json, serve } from '../helpers/server.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { SHIPPED } from '../plan/plan-files.js';
import { means } from './means.js';

const shipped = () => loadWhole(SHIPPED);
const HOUR = 3_600_000;
const NOON = Date.UTC(2025, 10, 25, 15);

const findings = async (checks: Check[], id: string) =>
  (await Promise.all(checks.filter((check) => check.id === id).map(async (check) => check.run(await means())))).flat();

describe('the timeline', () => {
  test('holds every phase in its order, with soak and watches as long as the plan has them', () => {
    const moments = [...timelineOf(shipped()).values()];
    const timeOf = (step: string) => moments.find((moment) => moment.step === step)?.after ?? Number.NaN;
    expect(moments.map((moment) => moment.after)).toEqual(moments.map((moment) => moment.after).sort((a, b) => a - b));
    expect([...new Set(moments.map(({ phase }) => phase))]).toEqual([
      'prerequisites',
      'staging',
      'soak',
      'approval',
      'production',
      'watch',
      'closing',
    ]);
    expect(timeOf('proposal') - timeOf('soak')).toBe(24 * HOUR);
    expect(timeOf('closing.state') - timeOf('watch-24h')).toBeGreaterThan(24 * HOUR);
  });

  test('waits where a window keeps the deployment waiting', () => {
    const plain = timelineOf(shipped());
    const held = timelineOf(shipped(), (window) => (window === 'deploy' ? 10 * HOUR : 0));
    const later = (step: string) => (held.get(step)?.after ?? 0) - (plain.get(step)?.after ?? 0);
    expect([later('sign-offs'), later('production.backup'), later('watch-24h')]).toEqual([0, 10 * HOUR, 10 * HOUR]);
  });
});

describe('references to secrets', () => {
  test('are found wherever a plan has them, each with the step that needs it first', () => {
    const found = Object.fromEntries(secretReferences(shipped()).map(({ reference, step }) => [reference, step]));
    expect(found).toEqual({
      'env:SLACK_TOKEN': 'admission',
      'env:PAGERDUTY_DEVOPS_ROUTING_KEY': 'admission',
      'env:PAGERDUTY_DBA_ROUTING_KEY': 'production.deploy',
      'env:STAGING_DATABASE_PASSWORD': 'prerequisites.staging',
      'env:STAGING_TEST_PASS': 'prerequisites.staging',
      'env:PROD_DATABASE_PASSWORD': 'prerequisites.staging',
      'env:PROD_TEST_PASS': 'prerequisites.staging',
      'env:SCRATCH_DATABASE_PASSWORD': 'staging.backup',
    });
  });

  test('of channels are found under whatever key a kind of channel has them', () => {
    const plan = shipped();
    plan.notifications.channels.push({
      id: 'mail',
      kind: 'mail',
      login: { user: 'env:USER_OF_MAIL' },
      to: ['file:/to'],
    });
    const found = secretReferences(plan).map(({ reference }) => reference);
    expect(found).toEqual(expect.arrayContaining(['env:USER_OF_MAIL', 'file:/to']));
  });

  test('of channels that are off on this machine are not needed', () => {
    const plan = shipped();
    for (const channel of plan.notifications.channels) channel.off = true;
    expect(channelsInUse(plan.notifications)).toEqual([]);
    expect(secretReferences(plan).map(({ reference }) => reference)).not.toContain('env:SLACK_TOKEN');
  });
});

test('a mail server that is away is said, with what to do; one that is there, and Teams, are not taken for well', async () => {
  const plan = shipped();
  const server = await mailServer();
  const place = { kind: 'email', host: '127.0.0.1', secure: false, from: 'a@example.com', to: ['b@example.com'] };
  process.env.TEST_TEAMS_URL = `http://127.0.0.1:${server.port}/workflow`;
  plan.notifications.channels = [
    { id: 'away', ...place, port: await deadPort() },
    { id: 'mail', ...place, port: server.port },
    { id: 'team', kind: 'teams', url: 'env:TEST_TEAMS_URL' },
  ];
  const asked = { plan, at: NOON } as CheckContext;
  const found = async (id: string) => (await findings(channelChecks(asked), `channel:${id}`))[0];
  expect(await found('away')).toMatchObject({
    ok: false,
    text: expect.stringMatching(/^e-mail \(away\): 127\.0\.0\.1:\d+: connection refused$/),
    advice: expect.stringContaining('Check the host'),
  });
  expect(await found('mail')).toMatchObject({
    ok: true,
    note: true,
    text: expect.stringContaining('nothing was sent'),
  });
  expect(await found('team')).toMatchObject({
    ok: true,
    note: true,
    text: expect.stringContaining('nothing was posted'),
  });
});

describe('the roster', () => {
  const plan = (parts: Partial<ResolvedPlan['approvals']>) => ({
    approvals: { ...shipped().approvals, ...parts },
  });

  test('must do without whoever starts the deployment', () => {
    const small = shipped().approvals.roster.filter(({ id }) => id !== 'helena.costa');
    expect(roster(plan({ roster: small }), 'ana.souza')).toMatchObject([{ ok: true }]);
    expect(roster(plan({ roster: small }), 'gabriela.dias')).toMatchObject([
      { ok: false, text: expect.stringContaining('nobody is left for product-owner') },
    ]);
    expect(roster(plan({ roster: small, selfApproval: true }), 'gabriela.dias')).toMatchObject([{ ok: true }]);
  });

  test('of people without keys gives no signed approvals', () => {
    expect(roster(plan({ signed: true }), 'x')).toMatchObject([{ ok: false, text: expect.stringContaining('a key') }]);
  });

  test('says when it is not known who starts', () => {
    expect(roster(plan({}))).toMatchObject([{ ok: true, note: true, text: expect.stringContaining('--as WHO') }]);
  });
});

describe('windows', () => {
  const windows = {
    timeZone: 'America/Sao_Paulo',
    freeze: [],
    deploy: [{ days: [1], from: '09:00', to: '17:00' }],
    lowTraffic: [],
    overrideBy: [],
  };
  const ask = async (parts: Partial<typeof windows>) => {
    const plan = { ...shipped(), windows: { ...windows, ...parts } };
    const asked: CheckContext = { plan, at: NOON };
    return findings(peopleChecks(asked, timelineOf(plan)), 'window');
  };

  test('that open later are told, with the time', async () => {
    expect(await ask({})).toMatchObject([
      {
        ok: true,
        note: true,
        text: expect.stringMatching(/^production waits for the deploy window: it opens Mon 09:00 America/),
      },
    ]);
  });

  test('in a time zone that there is not fail', async () => {
    await expect(ask({ timeZone: 'America/Springfield' })).rejects.toThrow(/Springfield/i);
  });
});

describe('a metric of an application’s page', () => {
  const source = (url: string, name: string): Metric['source'] => {
    const errors = { name, labels: { status: '500' } };
    return { kind: 'scrape', url, window: 60_000, read: { gauge: errors } };
  };
  const found = async (page: string, name: string) => {
    const { url } = await serve((_, response) => response.end(page));
    const plan = shipped();
    const metrics = [{ name: 'errors', title: 'Errors', unit: 'count', source: source(url, name) }];
    plan.soak = { ...plan.soak, metrics, criteria: [] };
    plan.watches = [];
    return findings(metricChecks({ plan, at: NOON }), 'metrics');
  };

  test('whose series is there under a like name is told that name', async () => {
    expect(await found('errors_now{status="500"} 1\n', 'errors_mow')).toMatchObject([
      {
        ok: false,
        text: 'errors (Errors): no series errors_mow{status="500"}',
        advice: 'Did you mean errors_now instead of errors_mow?',
      },
    ]);
  });

  test('whose series is there with other labels only would have no data', async () => {
    expect(await found('errors_now{status="404"} 1\n', 'errors_now')).toMatchObject([
      {
        ok: false,
        text: 'errors (Errors): no series errors_now{status="500"}',
        advice: expect.stringMatching(/^Put the metric of the plan/),
      },
    ]);
  });
});

describe('a metric of Datadog', () => {
  test('whose query has a value although one of its names is misspelt says so', async () => {
    vi.stubEnv('DD_KEY', 'a-key');
    onTestFinished(() => void vi.unstubAllEnvs());
    const datadog = await serve((request, response) => {
      if (request.url?.startsWith('/api/v1/metrics/')) {
        return json(response, {}, request.url.endsWith('requests.eror') ? 404 : 200);
      }
      const times = Array.from(
        { length: 20 },
        (_, index) => Math.floor(Date.now() / 60_000 - index) * 60_000,
      ).reverse();
      const attributes = { series: [{ query_index: 0 }], times, values: [times.map(() => 3)] };
      json(response, { data: { attributes } });
    });
    const place = { api: datadog.url, apiKey: 'env:DD_KEY', applicationKey: 'env:DD_KEY' };
    const metric: Metric = {
      name: 'error-rate',
      title: 'Errors',
      unit: '%',
      source: {
        kind: 'datadog',
        place,
        queries: { a: 'sum:requests.error{*}', b: 'sum:requests.eror{*}' },
        formula: 'a + b',
        window: 60_000,
        resolution: 60_000,
        delay: 60_000,
      },
    };
    const plan = shipped();
    plan.soak = { ...plan.soak, metrics: [metric], criteria: [] };
    plan.watches = [];
    expect(await findings(metricChecks({ plan, at: NOON }), 'metrics')).toEqual([
      {
        name: 'error-rate',
        ok: false,
        text: 'error-rate (Errors): 3 %, but its source knows no requests.eror',
        advice: 'Misspelt, or never sent: put the query right.',
      },
    ]);
  });
});

describe('a bucket for dumps', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto();
  }, 300_000);
  afterAll(() => moto?.stop());

  const ask = async (bucket: string, setLifecycle: boolean) => {
    const plan = shipped();
    const { place } = awsAt(moto.url);
    const encryption = 'AES256' as const;
    plan.backup.store = { kind: 's3', bucket, prefix: 'pre-deploy', place, encryption, setLifecycle };
    const [check] = storeChecks({ plan, at: NOON }).filter(({ id }) => id === 'store');
    return check?.run(await means());
  };

  test('is listed and its lifecycle read, and neither is changed', async () => {
    const client = new S3Client({ ...awsAt(moto.url).client, forcePathStyle: true });
    onTestFinished(() => client.destroy());
    const LocationConstraint = 'sa-east-1' as const;
    await client.send(new CreateBucketCommand({ Bucket: 'dumps', CreateBucketConfiguration: { LocationConstraint } }));
    expect(await ask('dumps', true)).toMatchObject([
      { name: 'store', ok: true },
      { name: 'store-write', ok: true, note: true, text: expect.stringContaining('cannot be tried without writing') },
      { name: 'retention', ok: true, note: true, text: expect.stringContaining('the backup sets a rule, if it may') },
    ]);
    expect((await ask('dumps', false))?.[2]).toMatchObject({
      name: 'retention',
      ok: false,
      text: 's3://dumps: no lifecycle rule deletes dumps; between 30 and 36 days are wanted',
    });
    const rules = client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: 'dumps' }));
    await expect(rules).rejects.toMatchObject({ name: 'NoSuchLifecycleConfiguration' });
  });

  test('that is not there is named', async () => {
    await expect(ask('none', false)).rejects.toThrow('s3://none: could not list dumps (s3:ListBucket): not found');
  });
});
