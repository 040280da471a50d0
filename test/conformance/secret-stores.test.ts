/** Stores that keep secrets for many, before real servers: a secret that was not seen is not taken for one that is not there. */
import { afterEach, vi } from 'vitest';
import { readAwsSecret } from '../../src/adapters/secrets/aws-secrets-manager.js';
import { NoSecret } from '../../src/adapters/secrets/secret-store.js';
import { readVault } from '../../src/adapters/secrets/vault.js';
import { type Handler, json, serve } from '../helpers/server.js';
import { type Answer, conforms, type Situations } from './reader.js';
import { answering, echoing, halfOf, throttled, unfolding } from './sources.js';

const TOKEN = 'of-the-worker';
const SECRET = 'row-of-somebody-else';

afterEach(() => void vi.unstubAllEnvs());

async function told(read: Promise<string>): Promise<Answer> {
  try {
    return { known: await read };
  } catch (error) {
    if (!(error instanceof NoSecret)) throw error;
    return error.kind === 'missing' ? { none: error.message } : { unknown: error.message };
  }
}

interface Store {
  read: (url: string) => Promise<string>;
  good: unknown;
  nothing: Handler;
  hidden: Handler;
  /** What is asked before the secret, where something is. */
  before?: (handle: Handler) => Handler;
}

function situations({ read, good, nothing, hidden, before = (handle) => handle }: Store): Situations {
  const at = (handle: Handler) => async (): Promise<Answer> => told(read((await serve(before(handle))).url));
  return {
    value: at(answering(good)),
    none: at(nothing),
    hidden: at(hidden),
    partial: at(halfOf(good)),
    error: at(answering({ errors: [SECRET] }, 500)),
    hang: at(() => {}),
    nonsense: at((_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(SECRET)),
    huge: at(unfolding),
    rateLimit: at(throttled),
    paging: { impossible: 'it asks for one secret' },
    secrets: at(echoing),
  };
}

conforms(
  'adapters/secrets/vault.ts',
  situations({
    read: (url) => {
      vi.stubEnv('VAULT_ADDR', url);
      vi.stubEnv('VAULT_TOKEN', TOKEN);
      return readVault('team/shop#password');
    },
    good: { data: { data: { password: 'hunter2' }, metadata: { version: 3 } } },
    nothing: answering({ errors: [] }, 404),
    hidden: answering({ errors: [SECRET] }, 403),
    before: (handle) => (request, response) =>
      request.url?.startsWith('/v1/sys/internal/ui/mounts/')
        ? json(response, { data: { path: 'team/', type: 'kv', options: { version: '2' } } })
        : handle(request, response),
  }),
  { secrets: [TOKEN, SECRET] },
);

conforms(
  'adapters/secrets/vault.ts, where it is asked which store a path is in',
  situations({
    read: (url) => {
      vi.stubEnv('VAULT_ADDR', url);
      vi.stubEnv('VAULT_TOKEN', TOKEN);
      return readVault('team/shop#password');
    },
    // One answer for both questions.
    good: { data: { path: 'team/', type: 'kv', options: null, password: 'hunter2' } },
    nothing: answering({ data: { path: 'team/', type: 'database', options: null } }),
    hidden: answering({ errors: [SECRET] }, 403),
  }),
  { secrets: [TOKEN, SECRET] },
);

conforms(
  'adapters/secrets/aws-secrets-manager.ts',
  situations({
    read: (url) => {
      vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', url);
      vi.stubEnv('AWS_REGION', 'sa-east-1');
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', TOKEN);
      return readAwsSecret('shop#password');
    },
    good: { SecretString: '{"password":"hunter2"}' },
    nothing: answering({ __type: 'ResourceNotFoundException', Message: SECRET }, 400),
    hidden: answering({ __type: 'AccessDeniedException', Message: SECRET }, 400),
  }),
  { secrets: [TOKEN, SECRET] },
);
