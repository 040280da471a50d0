/** Secrets in AWS Secrets Manager: by its documented answers, and on moto. */
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { knownSecrets, readSecret } from '../../../src/adapters/evidence/secrets.js';
import { startMoto } from '../../helpers/moto.js';
import { json, readBody, serve, type TestServer } from '../../helpers/server.js';

let service: TestServer;
let asked: { headers: IncomingMessage['headers']; body: string }[];
let answers: { status: number; body: unknown };
/** Each test has a secret of its own: what a store has answered holds for a minute. */
let name = '';
let count = 0;

beforeEach(async () => {
  count += 1;
  name = `shop/staging-${count}`;
  asked = [];
  answers = {
    status: 200,
    body: { Name: name, SecretString: JSON.stringify({ password: `hunter-${count}`, port: 5432 }) },
  };
  service = await serve((request, response) => {
    void readBody(request).then((body) => {
      asked.push({ headers: request.headers, body });
      json(response, answers.body, answers.status);
    });
  });
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', service.url);
  vi.stubEnv('AWS_REGION', 'sa-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'of-the-worker');
});
afterEach(() => void vi.unstubAllEnvs());

test('one key of a secret is read as the worker, in the worker’s region, and is a secret from then on', async () => {
  expect(await readSecret(`aws-sm:${name}#password`)).toBe(`hunter-${count}`);
  expect(knownSecrets()).toContain(`hunter-${count}`);
  const [{ headers, body } = { headers: {}, body: '' }] = asked;
  expect(JSON.parse(body)).toEqual({ SecretId: name });
  expect(headers).toMatchObject({
    'x-amz-target': 'secretsmanager.GetSecretValue',
    'content-type': 'application/x-amz-json-1.1',
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/sa-east-1\/secretsmanager\//,
    ),
  });
});

test('without a key it is the whole; an ARN says its region', async () => {
  answers.body = { SecretString: 'one text' };
  const arn = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-AbCdEf`;
  expect(await readSecret(`aws-sm:${arn}`)).toBe('one text');
  expect(asked[0]?.headers.authorization).toContain('/eu-west-1/secretsmanager/');
});

const told = (type: string, status = 400) => ({ status, body: { __type: type, Message: 'hunter2 of user/worker' } });

test.each<[string, string, { status: number; body: unknown } | undefined, string]>([
  ['a secret that is not there', '', told('ResourceNotFoundException'), 'There is no'],
  ['a key that is not there', '#user', undefined, 'has no key "user"'],
  ['a value that is no text', '#port', undefined, 'is no text'],
  ['a key of one text', '#password', { status: 200, body: { SecretString: 'hunter2' } }, 'has no keys'],
  ['bytes', '', { status: 200, body: { SecretBinary: 'aHVudGVyMg==' } }, 'is binary'],
  ['an empty text', '', { status: 200, body: { SecretString: '' } }, 'is empty'],
])('of %s it is said that there is no such secret, and nothing of what came', async (_, key, given, text) => {
  if (given) answers = given;
  const failure = await readSecret(`aws-sm:${name}${key}`).catch((error: Error) => error);
  expect(failure).toMatchObject({ type: 'SecretMissing', nonRetryable: true, message: expect.stringContaining(text) });
  expect(String(failure)).not.toContain('hunter2');
});

test.each<[string, { status: number; body: unknown }, string, boolean]>([
  ['no right to it', told('AccessDeniedException'), 'not allowed', true],
  ['a key that is not known', told('UnrecognizedClientException'), 'the access key is not known', true],
  ['a secret about to be deleted', told('InvalidRequestException'), 'InvalidRequestException', true],
  ['too many questions', told('ThrottlingException'), 'asked too often', false],
  ['trouble of AWS', told('InternalServiceError', 500), 'InternalServiceError', false],
  ['something else in between', { status: 502, body: '' }, 'status 502', false],
])('with %s the secret is unknown, which is not the same as none', async (_, given, text, nonRetryable) => {
  answers = given;
  const failure = await readSecret(`aws-sm:${name}`).catch((error: Error) => error);
  expect(failure).toMatchObject({ type: 'SecretUnknown', nonRetryable, message: expect.stringContaining(text) });
  expect(String(failure)).not.toContain('hunter2');
});

test('a service that hangs is given up in time, and asked again later', async () => {
  service.handle = () => undefined;
  await expect(readSecret(`aws-sm:${name}`)).rejects.toMatchObject({
    type: 'SecretUnknown',
    nonRetryable: false,
    message: expect.stringContaining('no answer'),
  });
});

test.each([
  ['AWS_REGION', '', 'In which region'],
  ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'http://secrets.example.com', 'https:'],
])('without a %s that is of use nobody is asked', async (variable, value, text) => {
  vi.stubEnv('AWS_DEFAULT_REGION', '');
  vi.stubEnv(variable, value);
  await expect(readSecret(`aws-sm:${name}`)).rejects.toMatchObject({
    type: 'SecretUnknown',
    message: expect.stringContaining(text),
  });
  expect(asked).toEqual([]);
});

test('it reads what moto keeps', async () => {
  const moto = await startMoto();
  try {
    const create = { Name: name, SecretString: '{"password":"of moto"}', ClientRequestToken: crypto.randomUUID() };
    const made = await fetch(moto.url, {
      method: 'POST',
      headers: {
        'x-amz-target': 'secretsmanager.CreateSecret',
        'content-type': 'application/x-amz-json-1.1',
        authorization: 'AWS4-HMAC-SHA256 Credential=test/20261127/sa-east-1/secretsmanager/aws4_request',
      },
      body: JSON.stringify(create),
    });
    expect(made.status).toBe(200);
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', moto.url);
    expect(await readSecret(`aws-sm:${name}#password`)).toBe('of moto');
    await expect(readSecret(`aws-sm:${name}-none`)).rejects.toMatchObject({ type: 'SecretMissing' });
  } finally {
    await moto.stop();
  }
}, 120_000);
