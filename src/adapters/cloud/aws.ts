/** How AWS is reached: the same for every service of it. */
import type { AwsPlace } from '../../contract/plan/providers.js';
import { readSecret } from '../evidence/secrets.js';
import { withLargestAnswer } from './aws-answers.js';

/** Milliseconds. A call is tried three times by the SDK, which waits longer when it is told to slow down. */
const CONNECT = 5_000;
const ANSWER = 10_000;

/**
 * Options of a client of the AWS SDK.
 * @throws SecretMissing when the plan names credentials that cannot be found
 */
async function awsOptions({ region, endpoint, credentials }: AwsPlace) {
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: await readSecret(credentials.accessKeyId),
            secretAccessKey: await readSecret(credentials.secretAccessKey),
          },
        }),
    maxAttempts: 3,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: CONNECT, requestTimeout: ANSWER, throwOnRequestTimeout: true },
  };
}

type AwsOptions = Awaited<ReturnType<typeof awsOptions>>;

/**
 * A client of one service.
 * @param more what this service's client takes besides
 * @throws SecretMissing
 */
export const openAws = async <C, M extends object>(
  Client: new (options: AwsOptions & M) => C,
  place: AwsPlace,
  more = {} as M,
): Promise<C> => withLargestAnswer(new Client({ ...(await awsOptions(place)), ...more }));

/** Works with a client, which is closed afterwards. @throws SecretMissing, and what the work throws */
export async function withAws<C extends { destroy(): void }, T>(
  Client: new (options: AwsOptions) => C,
  place: AwsPlace,
  work: (client: C) => Promise<T>,
): Promise<T> {
  const client = await openAws(Client, place);
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

const WORDS: Record<string, string> = {
  CredentialsProviderError: 'the worker has no AWS credentials',
  InvalidClientTokenId: 'the access key is not known',
  InvalidAccessKeyId: 'the access key is not known',
  UnrecognizedClientException: 'the access key is not known',
  SignatureDoesNotMatch: 'the secret access key is wrong',
  ExpiredToken: 'the credentials have expired',
  AccessDenied: 'not allowed',
  AccessDeniedException: 'not allowed',
  UnauthorizedOperation: 'not allowed',
  Throttling: 'asked too often',
  ThrottlingException: 'asked too often',
  NotFound: 'not found',
  NoSuchBucket: 'not found',
  TimeoutError: 'no answer in time',
};

/**
 * A failure of the SDK for people. Made from its kind alone: messages may carry what nobody should read, and so would
 * a failure that named this one as its cause.
 */
export function awsMessage(error: unknown): string {
  const { name, code, $metadata } = error as { name?: string; code?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  const known = WORDS[name ?? ''] ?? (status === 403 ? 'not allowed' : undefined);
  return known ?? `${code ?? name ?? 'it failed'}${status === undefined ? '' : `, status ${status}`}`;
}
