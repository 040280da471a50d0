/** Forges as they answer others when they are told of deployments: without rights, cut off, hanging, in nonsense. */
import { ForgeApi } from '../../src/adapters/forge/forge-api.js';
import { FORGES } from '../../src/adapters/forge/forges.js';
import type { ForgeKind } from '../../src/contract/plan/forge.js';
import { COMMIT, githubForgeServer, gitlabForgeServer } from '../helpers/forges.js';
import { tooMany } from '../helpers/receivers.js';
import { type Handler, json } from '../helpers/server.js';
import { type Answer, answerOf, conforms } from './reader.js';

const PATIENCE = { answer: 500, whole: 2_000, pause: 10 };
const SECRETS = { github: 'ghp_canary-token', gitlab: 'glpat-canary-token' };
const SUBJECT = { deployment: 'shop-1', service: 'shop', ref: COMMIT, target: 'v2', startedAt: Date.now() };
const PLACES = {
  github: { kind: 'github', owner: 'shop', repository: 'backend', environment: 'production', token: '' },
  gitlab: { kind: 'gitlab', project: 'shop/web/backend', environment: 'production', token: '' },
} as const;

type Forges = Awaited<ReturnType<typeof githubForgeServer>> | Awaited<ReturnType<typeof gitlabForgeServer>>;

/** Shows a deployment that is there already, and says what was found. */
async function shown(kind: ForgeKind, arrange: (server: Forges) => void): Promise<Answer> {
  const server = await (kind === 'github' ? githubForgeServer() : gitlabForgeServer());
  const own =
    kind === 'github'
      ? { id: 5, sha: COMMIT, ref: COMMIT, environment: 'production', payload: { surefoot: 'shop-1' } }
      : {
          id: 5,
          sha: COMMIT,
          environment: { name: 'production' },
          status: 'running',
          created_at: new Date().toISOString(),
          deployable: null,
        };
  server.deployments.push(own as never);
  arrange(server);
  const writer = FORGES[kind] as (typeof FORGES)['github'];
  const place = { ...PLACES[kind], api: kind === 'github' ? server.url : `${server.url}/api/v4` } as never;
  const access = { api: (place as { api: string }).api, headers: writer.headers(SECRETS[kind]), patience: PATIENCE };
  const api = new ForgeApi({ ...access, signal: new AbortController().signal });
  const report = { state: 'in-progress', text: 'production' } as const;
  return answerOf(() => api.insist(() => writer.show(place, { subject: SUBJECT, report }, api)));
}

const answering = (handle: Handler) => (server: Forges) => {
  server.handle = handle;
};

for (const kind of ['github', 'gitlab'] as const) {
  const other = (id: number) => ({
    id,
    sha: 'd'.repeat(40),
    ref: COMMIT,
    environment: kind === 'github' ? 'production' : { name: 'production' },
    payload: {},
    status: 'success',
    created_at: '2025-11-24T12:00:00Z',
    deployable: null,
  });
  conforms(
    `adapters/forge/forge-api.ts (${kind})`,
    {
      value: () => shown(kind, () => {}),
      none: { impossible: 'a deployment that is not there is made' },
      hidden: () =>
        shown(
          kind,
          answering((_, response) => json(response, { message: 'Not Found' }, 404)),
        ),
      partial: () =>
        shown(
          kind,
          answering((_, response) => json(response, [{ sha: COMMIT }])),
        ),
      error: () =>
        shown(
          kind,
          answering((_, response) => json(response, { message: 'Server Error' }, 500)),
        ),
      hang: () =>
        shown(
          kind,
          answering(() => {}),
        ),
      nonsense: () =>
        shown(
          kind,
          answering((_, response) => void response.end(`<html>${SECRETS[kind]}</html>`)),
        ),
      huge: () =>
        shown(kind, (server) => {
          const usual = server.handle;
          const page = JSON.stringify(Array.from({ length: 100 }, (_, id) => other(id + 10)));
          server.handle = (request, response) => {
            if (!/\/deployments\?/.test(request.url ?? '')) return usual(request, response);
            response.writeHead(200, { 'content-type': 'application/json' }).end(page);
          };
        }),
      rateLimit: () =>
        shown(
          kind,
          answering((_, response) => tooMany('3600')(response)),
        ),
      paging: {
        whole: { id: 5, commit: COMMIT },
        read: () =>
          shown(kind, (server) => {
            // The newest come first: what was there before them is on the second page.
            server.deployments.push(...(Array.from({ length: 150 }, (_, id) => other(id + 10)) as never[]));
          }),
      },
      secrets: { impossible: 'what a forge says is told without the token by who tells it; test/activities/forge' },
    },
    { secrets: [] },
  );
}
