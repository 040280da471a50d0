import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccessActivities } from '../../../src/activities/cloud/access.js';
import type { Access } from '../../../src/contract/plan/proofs.js';
import { AWS_SECRET, awsAt } from '../../helpers/aws.js';
import { evidencePlace } from '../../helpers/context.js';
import { type Moto, startMoto } from '../../helpers/moto.js';
import { hurry, patience } from '../../helpers/patience.js';
import { deadPort, json, serve } from '../../helpers/server.js';
import { runActivity } from '../support.js';

const KEY = { deployment: 'd-1', step: 'prerequisites.access', generation: 1 };
const SECRETS = {
  TEST_API_KEY: 'api-key-not-to-be-seen',
  TEST_APP_KEY: 'app-key-not-to-be-seen',
  TEST_TOKEN: 'token-not-to-be-seen',
};
Object.assign(process.env, SECRETS);

async function check(...access: Access[]) {
  const evidence = await evidencePlace();
  const activities = createAccessActivities({ patience });
  const report = await runActivity(() => activities.checkAccess({ key: KEY, evidence, access }));
  expect(report.facts.map(({ name }) => name)).toEqual(access.map(({ id }) => id));
  const kept = readFileSync(join(evidence.store, 'd-1', report.evidence[0]?.path ?? ''), 'utf8');
  for (const secret of [...Object.values(SECRETS), AWS_SECRET])
    expect(kept + JSON.stringify(report)).not.toContain(secret);
  return report.facts;
}

describe('AWS', () => {
  let moto: Moto;
  let aws: ReturnType<typeof awsAt>;
  beforeAll(async () => {
    moto = await startMoto();
    aws = awsAt(moto.url);
    await new S3Client({ ...aws.client, forcePathStyle: true }).send(
      new CreateBucketCommand({ Bucket: 'backups', CreateBucketConfiguration: { LocationConstraint: 'sa-east-1' } }),
    );
  }, 180_000);
  afterAll(() => moto.stop());

  const account = (changes: object = {}): Access => ({
    id: 'console',
    title: 'Acesso ao AWS Console',
    kind: 'aws',
    place: aws.place,
    buckets: ['backups'],
    ...changes,
  });

  test('says who the worker is and reaches its buckets', async () => {
    const [fact] = await check(account({ account: '123456789012' }));
    expect(fact).toMatchObject({
      ok: true,
      text: expect.stringMatching(/arn:aws:.* in account 123456789012; bucket backups/),
    });
  });

  test('another account and a bucket that is not there fail', async () => {
    const [other, bucket] = await check(account({ account: '999999999999' }), {
      ...account({ buckets: ['backups', 'gone'] }),
      id: 'b',
    });
    expect(other).toMatchObject({ ok: false, text: expect.stringContaining('not in 999999999999') });
    expect(bucket).toMatchObject({ ok: false, text: 'Acesso ao AWS Console: bucket gone: not found' });
  });

  test('CloudWatch’s metrics, alarms and logs can be read', async () => {
    const rights: ('metrics' | 'alarms' | 'logs')[] = ['metrics', 'alarms', 'logs'];
    const [fact] = await check({ id: 'cw', title: 'CloudWatch', kind: 'cloudwatch', place: aws.place, rights });
    expect(fact).toEqual({ name: 'cw', ok: true, text: 'CloudWatch: metrics, alarms, logs' });
  });

  test('a refusal, a wrong key, credentials that are not there and a dead address are told apart', async () => {
    const refusing = await serve((_, response) => {
      const body = '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>';
      response.writeHead(403, { 'content-type': 'text/xml' }).end(body);
    });
    const unknown = await serve((_, response) => {
      const body =
        '<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>';
      response.writeHead(403, { 'content-type': 'text/xml' }).end(body);
    });
    const at = (endpoint: string) => ({ ...aws.place, endpoint });
    const missing = {
      ...aws.place,
      credentials: { accessKeyId: 'env:TEST_ABSENT', secretAccessKey: 'env:TEST_ABSENT' },
    };
    const facts = await check(
      account({ place: at(refusing.url) }),
      { ...account({ place: at(unknown.url) }), id: 'b' },
      { ...account({ place: missing }), id: 'c' },
      { ...account({ place: at(`http://127.0.0.1:${await deadPort()}`) }), id: 'd' },
    );
    expect(facts.map(({ ok }) => ok)).toEqual([false, false, false, false]);
    expect(facts.map(({ text }) => text.replace('Acesso ao AWS Console: ', ''))).toEqual([
      'not allowed',
      'the access key is not known',
      expect.stringContaining('TEST_ABSENT is not set'),
      expect.stringContaining('ECONNREFUSED'),
    ]);
  });
});

describe('Datadog', () => {
  const answering = (handle: (request: IncomingMessage, response: ServerResponse) => void) => serve(handle);
  const good = (request: IncomingMessage, response: ServerResponse): void => {
    const api = request.headers['dd-api-key'] === SECRETS.TEST_API_KEY;
    const application = request.headers['dd-application-key'] === SECRETS.TEST_APP_KEY;
    const path = request.url?.split('?')[0];
    if (!api) json(response, { errors: ['Forbidden'] }, 403);
    else if (path === '/api/v1/validate') json(response, { valid: true });
    else if (!application) json(response, { errors: ['Forbidden'] }, 403);
    else if (path === '/api/v1/query') json(response, { status: 'ok', series: [] });
    else if (path === '/api/v1/monitor') json(response, []);
    else json(response, {}, 404);
  };
  const datadog = (api: string, changes: object = {}): Access => ({
    id: 'datadog',
    title: 'Datadog',
    kind: 'datadog',
    place: { api, apiKey: 'env:TEST_API_KEY', applicationKey: 'env:TEST_APP_KEY', ...changes },
    rights: ['metrics', 'monitors'],
  });

  test('both keys are tried, by reading only', async () => {
    const server = await answering(good);
    expect(await check(datadog(server.url))).toEqual([
      { name: 'datadog', ok: true, text: 'Datadog: the API key is valid; metrics, monitors' },
    ]);
    expect(server.requests.every((request) => request.startsWith('GET '))).toBe(true);
    const [api] = await check(datadog(server.url, { apiKey: 'env:TEST_TOKEN' }));
    expect(api?.text).toBe('Datadog: /api/v1/validate is refused (403 Forbidden)');
    const [application] = await check(datadog(server.url, { applicationKey: 'env:TEST_TOKEN' }));
    expect(application?.text).toContain('metrics: /api/v1/query is refused');
    expect(application?.text).toContain('monitors: /api/v1/monitor is refused');
  });

  test('a rate limit is waited for by Datadog’s own header, which counts from now', async () => {
    let left = 1;
    const server = await answering((request, response) => {
      if (left === 0) return good(request, response);
      left -= 1;
      response.writeHead(429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }).end();
    });
    const began = Date.now();
    expect((await check(datadog(server.url)))[0]?.ok).toBe(true);
    expect(Date.now() - began).toBeGreaterThanOrEqual(1_000);
  });

  test.each([
    ['hangs', () => undefined, 'no answer within 200 ms'],
    ['fails', (response: ServerResponse) => response.writeHead(500).end(), 'answered 500'],
    ['talks nonsense', (response: ServerResponse) => response.end('<html>'), 'not understood'],
    ['finds the key invalid', (response: ServerResponse) => json(response, { valid: false }), 'not understood (valid)'],
  ])('one that %s is no access', async (_, answer, says) => {
    if (says.startsWith('no answer')) hurry();
    const server = await answering((_request, response) => void answer(response));
    const [fact] = await check(datadog(server.url));
    expect(fact).toMatchObject({ ok: false, text: expect.stringContaining(says) });
  });
});

describe('what answers HTTP', () => {
  test('Prometheus is asked a query that needs no data, with its token or login', async () => {
    const server = await serve((request, response) => {
      const { authorization } = request.headers;
      const expected = [
        `Bearer ${SECRETS.TEST_TOKEN}`,
        `Basic ${Buffer.from(`me:${SECRETS.TEST_API_KEY}`).toString('base64')}`,
      ];
      if (expected.includes(authorization ?? '')) json(response, { status: 'success', data: {} });
      else json(response, {}, 401);
    });
    const at = (id: string, place: object): Access => ({
      id,
      title: id,
      kind: 'prometheus',
      place: { api: server.url, ...place },
    });
    const facts = await check(
      at('token', { token: 'env:TEST_TOKEN' }),
      at('login', { login: { username: 'me', password: 'env:TEST_API_KEY' } }),
      at('neither', {}),
    );
    expect(facts.map(({ ok }) => ok)).toEqual([true, true, false]);
  });

  test('any other address must give the status that the plan states', async () => {
    const server = await serve((_, response) => response.writeHead(204).end());
    const at = (id: string, status: number): Access => ({
      id,
      title: id,
      kind: 'http',
      url: `${server.url}/x`,
      status,
    });
    const [good, bad] = await check(at('a', 204), at('b', 200));
    expect(good?.ok).toBe(true);
    expect(bad?.text).toContain('it answered 204 No Content, not 200');
  });
});
