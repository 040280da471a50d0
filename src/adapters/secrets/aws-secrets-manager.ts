/**
 * Secrets in AWS Secrets Manager, read as the worker: by its role, profile or variables.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
import { STSClient } from '@aws-sdk/client-sts';
import { awsMessage, withAws } from '../cloud/aws.js';
import { fieldOf, type HttpAnswer, type HttpRequest, jsonOf, request } from '../http/http.js';
import {
  inTime,
  NoSecret,
  notUnderstood,
  STORE_WITHIN,
  secretPlace,
  secureUrl,
  silent,
  textAt,
} from './secret-store.js';

/** Bytes; a secret has at most 64 KiB. */
const LARGEST = 500_000;

/**
 * @param written `NAME#KEY`, or `NAME` for the whole; a name or an ARN
 * @throws NoSecret
 */
export function readAwsSecret(written: string): Promise<string> {
  const { name, key } = secretPlace(written);
  const where = `${name} in AWS Secrets Manager`;
  return inTime('AWS Secrets Manager', async (signal) => {
    const answer = await request({ ...(await signed(name)), timeout: STORE_WITHIN, largest: LARGEST, signal });
    if (answer.status !== 200) throw refusal(answer, where);
    const text = fieldOf(jsonOf(answer), 'SecretString');
    if (typeof text !== 'string') throw withoutText(answer, where);
    return key === undefined ? text : textAt(objectIn(text, where), key, where);
  });
}

/** A request as AWS signs them: by the client of another service, which finds the worker's credentials as all do here. */
async function signed(name: string): Promise<Pick<HttpRequest, 'url' | 'method' | 'headers' | 'json'>> {
  const region = /^arn:[^:]+:secretsmanager:([a-z0-9-]+):/.exec(name)?.[1] ?? defaultRegion();
  const url = endpointOf(region);
  const json = { SecretId: name };
  const unsigned = {
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    query: {},
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.GetSecretValue',
    },
    body: JSON.stringify(json),
  };
  const scheme = { name: 'sigv4', signingName: 'secretsmanager', signingRegion: region, properties: {} };
  const { headers } = await withAws(STSClient, { region }, async ({ config }) => {
    const signer = await config.signer(scheme);
    return await signer.sign(unsigned);
  }).catch((error: unknown) => {
    throw new NoSecret('refused', `The worker cannot sign for AWS: ${awsMessage(error)}`);
  });
  return { url: url.href, method: 'POST', headers, json };
}

function defaultRegion(): string {
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION;
  if (region) return region;
  throw new NoSecret(
    'refused',
    'In which region the secret is, is not known: set AWS_REGION for the worker, or write its ARN',
  );
}

/** The SDK's own variables for another place. */
function endpointOf(region: string): URL {
  const { AWS_ENDPOINT_URL_SECRETS_MANAGER: own, AWS_ENDPOINT_URL: common } = process.env;
  const written = own || common;
  if (written) return secureUrl(written, own ? 'AWS_ENDPOINT_URL_SECRETS_MANAGER' : 'AWS_ENDPOINT_URL');
  return new URL(`https://secretsmanager.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`);
}

/** An answer that holds no text proves only then that there is none when it holds the bytes. */
function withoutText(answer: HttpAnswer, where: string): NoSecret {
  if (typeof fieldOf(jsonOf(answer), 'SecretBinary') === 'string')
    return new NoSecret('missing', `${where} is binary, and no text`);
  return notUnderstood('AWS Secrets Manager', where);
}

/** AWS says what is wrong by a type in the answer, not by its status. */
function refusal(answer: HttpAnswer, where: string): NoSecret {
  const told = fieldOf(jsonOf(answer), '__type');
  const type = typeof told === 'string' ? (told.split('#').at(-1) ?? '').replaceAll(/\W/g, '').slice(0, 60) : '';
  if (type === 'ResourceNotFoundException') return new NoSecret('missing', `There is no ${where}`);
  const message = awsMessage({ name: type || undefined, $metadata: { httpStatusCode: answer.status } });
  if (answer.status >= 500 || answer.status === 429 || type.startsWith('Throttling'))
    return silent('AWS Secrets Manager', message);
  return new NoSecret(
    'refused',
    `AWS does not show ${where} to the worker: ${message}; whether it is there is unknown`,
  );
}

function objectIn(text: string, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Its message would repeat what it could not read.
  }
  throw new NoSecret('missing', `${where} has no keys: it is one text, written without "#KEY"`);
}
