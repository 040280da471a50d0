/**
 * GitHub and GitLab as tests meet them where deployments are told: real HTTP, the published shapes of requests and answers,
 * and the state that they keep. What their descriptions refuse is refused here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RestEndpointMethodTypes } from '@octokit/rest';
import { z } from 'zod';
import { json, readBody, serve, type TestServer } from './server.js';

type Repos = RestEndpointMethodTypes['repos'];
type Body<Name extends keyof Repos> = Omit<Repos[Name]['parameters'], 'owner' | 'repo' | 'baseUrl' | 'headers'>;
type Answer<Name extends keyof Repos> = Repos[Name]['response']['data'];

interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  response: ServerResponse;
}

export interface Forge extends TestServer {
  /** What is done with the next requests that write, in turn; undefined: the usual. `carryOut` does it, and answers nothing. */
  instead: (((response: ServerResponse, carryOut: () => void) => void) | undefined)[];
  /** Requests that wrote something. */
  written: string[];
  /** What each of them said. */
  said: Record<string, unknown>[];
}

/** Carried out, and nobody hears of it. */
export const lost = (response: ServerResponse, carryOut: () => void): void => {
  carryOut();
  response.destroy();
};

interface Ways {
  allowed: (request: IncomingMessage) => boolean;
  usual: (asked: Asked) => void;
  /** When it ends; with the test when left out. */
  end?: Parameters<typeof serve>[1];
}

async function forge({ allowed, usual, end }: Ways): Promise<Forge> {
  const instead: Forge['instead'] = [];
  const written: string[] = [];
  const said: Forge['said'] = [];
  const server = await serve((request, response) => {
    void readBody(request).then((raw) => {
      const url = new URL(request.url ?? '', 'http://forge');
      const { method = 'GET' } = request;
      const path = decodeURIComponent(url.pathname);
      const asked = { method, path, query: url.searchParams, body: raw === '' ? undefined : JSON.parse(raw), response };
      if (!allowed(request)) return json(response, { message: 'Bad credentials' }, 401);
      const other = method === 'GET' ? undefined : instead.shift();
      if (method !== 'GET') {
        written.push(`${method} ${path}`);
        said.push((asked.body ?? {}) as Record<string, unknown>);
      }
      if (other) other(response, () => carryOutUnheard(asked, usual));
      else usual(asked);
    });
  }, end);
  return Object.assign(server, { instead, written, said });
}

function carryOutUnheard(asked: Asked, usual: (asked: Asked) => void): void {
  const { response } = asked;
  const silent = Object.create(response, {
    writeHead: { value: () => silent },
    setHeader: { value: () => silent },
    end: { value: () => silent },
  }) as ServerResponse;
  usual({ ...asked, response: silent });
}

function page<T>(all: T[], { query }: Asked): T[] {
  const size = Number(query.get('per_page') ?? 30);
  const start = (Number(query.get('page') ?? 1) - 1) * size;
  return all.slice(start, start + size);
}

/** @returns undefined where it was refused */
function read<S extends z.ZodType>(schema: S, { body, response }: Asked): z.output<S> | undefined {
  const { data, error } = schema.safeParse(body);
  if (!error) return data;
  json(response, { message: 'Validation Failed', errors: error.issues.map(({ message }) => ({ message })) }, 422);
  return undefined;
}

const description = z.string().max(140);

const newDeployment = z.strictObject({
  ref: z.string(),
  task: z.string().optional(),
  auto_merge: z.boolean().optional(),
  required_contexts: z.array(z.string()).optional(),
  payload: z.record(z.string(), z.unknown()).optional(),
  environment: z.string().optional(),
  description: description.optional(),
  transient_environment: z.boolean().optional(),
  production_environment: z.boolean().optional(),
}) satisfies z.ZodType<Body<'createDeployment'>>;

const newDeploymentStatus = z.strictObject({
  state: z.enum(['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']),
  log_url: z.url().optional(),
  description: description.optional(),
  environment: z.string().optional(),
  auto_inactive: z.boolean().optional(),
}) satisfies z.ZodType<Omit<Body<'createDeploymentStatus'>, 'deployment_id'>>;

const newCommitStatus = z.strictObject({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  target_url: z.url().optional(),
  description: description.optional(),
  context: z.string(),
}) satisfies z.ZodType<Omit<Body<'createCommitStatus'>, 'sha'>>;

type GitHubDeployment = Pick<Answer<'createDeployment'> & { id: number }, 'id'> & {
  sha: string;
  ref: string;
  task: string;
  environment: string;
  payload: unknown;
  description: string | null;
};
type GitHubState = z.output<typeof newDeploymentStatus> & { id: number };
type GitHubStatus = z.output<typeof newCommitStatus> & { id: number };

export const COMMIT = 'c'.repeat(40);

export interface GitHubForge extends Forge {
  deployments: GitHubDeployment[];
  /** Of each deployment, in their order. */
  states: Map<number, GitHubState[]>;
  statuses: GitHubStatus[];
  repository: { archived: boolean; permissions: { push: boolean } };
  /** Names of commits. */
  refs: Map<string, string>;
}

/** `shop/backend`, with the token `ghp_canary-token`. */
export async function githubForgeServer(end?: Ways['end']): Promise<GitHubForge> {
  let ids = 0;
  const id = () => ++ids;
  const kept = {
    deployments: [] as GitHubDeployment[],
    states: new Map<number, GitHubState[]>(),
    statuses: [] as GitHubStatus[],
    repository: { archived: false, permissions: { push: true } },
    refs: new Map([
      ['v2', COMMIT],
      [COMMIT, COMMIT],
    ]),
  };
  const server = await forge({
    end,
    allowed: ({ headers }) => headers.authorization === 'Bearer ghp_canary-token',
    usual: (asked) => {
      const { method, response, query } = asked;
      const path = asked.path.replace('/repos/shop/backend', '');
      const route = `${method} ${path.replaceAll(/\/\d+(?=\/|$)/g, '/N').replace(/[0-9a-f]{40}/, 'SHA')}`;
      const newestFirst = <T>(all: readonly T[]) => json(response, page(all.toReversed(), asked));
      const number = Number(/\/deployments\/(\d+)/.exec(path)?.[1]);
      switch (route) {
        case 'GET ':
          return json(response, { id: 1, full_name: 'shop/backend', ...kept.repository });
        case 'GET /deployments':
          return newestFirst(
            kept.deployments.filter(
              (one) =>
                (query.get('environment') ?? one.environment) === one.environment &&
                (query.get('ref') ?? one.ref) === one.ref,
            ),
          );
        case 'POST /deployments': {
          const body = read(newDeployment, asked);
          if (!body) return;
          const sha = kept.refs.get(body.ref);
          if (sha === undefined) return json(response, { message: `No ref found for: ${body.ref}` }, 422);
          const { ref, task = 'deploy', environment = 'production', payload = {} } = body;
          const made = { id: id(), sha, ref, task, environment, payload, description: body.description ?? null };
          kept.deployments.push(made);
          return json(response, made, 201);
        }
        case 'GET /deployments/N/statuses':
          return newestFirst(kept.states.get(number) ?? []);
        case 'POST /deployments/N/statuses': {
          const body = read(newDeploymentStatus, asked);
          if (!body) return;
          const made = { id: id(), ...body };
          kept.states.set(number, [...(kept.states.get(number) ?? []), made]);
          return json(response, made, 201);
        }
        case 'GET /commits/SHA/statuses':
          return newestFirst(kept.statuses);
        case 'POST /statuses/SHA': {
          const body = read(newCommitStatus, asked);
          if (!body) return;
          const made = { id: id(), ...body };
          kept.statuses.push(made);
          return json(response, made, 201);
        }
        default:
          return json(response, { message: 'Not Found' }, 404);
      }
    },
  });
  return Object.assign(server, kept);
}

const deploymentStates = z.enum(['running', 'success', 'failed', 'canceled']);
const newGitLabDeployment = z.strictObject({
  environment: z.string(),
  sha: z.string(),
  ref: z.string(),
  tag: z.boolean(),
  status: deploymentStates,
});
const newGitLabStatus = z.strictObject({
  state: z.enum(['pending', 'running', 'success', 'failed', 'canceled', 'skipped']),
  ref: z.string().optional(),
  name: z.string().max(255),
  target_url: z.url().optional(),
  description: z.string().max(255).optional(),
});

interface GitLabDeployment {
  id: number;
  sha: string;
  ref: string;
  tag: boolean;
  status: z.output<typeof deploymentStates>;
  created_at: string;
  environment: { name: string };
  deployable: null | { id: number };
}

interface GitLabStatus {
  id: number;
  sha: string;
  name: string;
  status: z.output<typeof newGitLabStatus>['state'];
  target_url: string | null;
  description: string | null;
}

export interface GitLabForge extends Forge {
  deployments: GitLabDeployment[];
  statuses: GitLabStatus[];
  project: { archived: boolean; permissions: unknown };
  /** Of a deployment that a pipeline makes by itself. */
  byPipeline: () => void;
}

const OPEN = ['pending', 'running'];

/** `shop/web/backend`, with the token `glpat-canary-token`; `v2` is a tag. */
export async function gitlabForgeServer(end?: Ways['end']): Promise<GitLabForge> {
  let ids = 0;
  const id = () => ++ids;
  const kept = {
    deployments: [] as GitLabDeployment[],
    statuses: [] as GitLabStatus[],
    project: {
      archived: false,
      permissions: { project_access: { access_level: 40 }, group_access: null } as unknown,
    },
    byPipeline: () => {
      const about = {
        sha: COMMIT,
        ref: 'v2',
        tag: true,
        status: 'running',
        environment: { name: 'production' },
      } as const;
      kept.deployments.push({ id: id(), ...about, created_at: new Date().toISOString(), deployable: { id: 1 } });
    },
  };
  const names = new Set(['v2', COMMIT]);
  const server = await forge({
    end,
    allowed: ({ headers }) => headers['private-token'] === 'glpat-canary-token',
    usual: (asked) => {
      const { method, response, query } = asked;
      const path = asked.path.replace('/api/v4/projects/shop/web/backend', '');
      const route = `${method} ${path.replace(/\/deployments\/\d+$/, '/deployments/N').replace(COMMIT, 'SHA')}`;
      const deployment = kept.deployments.find((one) => path === `/deployments/${one.id}`);
      switch (route) {
        case 'GET ':
          return json(response, { id: 7, path_with_namespace: 'shop/web/backend', ...kept.project });
        case 'GET /repository/commits/v2':
        case 'GET /repository/commits/SHA':
          return json(response, { id: COMMIT, short_id: COMMIT.slice(0, 8) });
        case 'GET /repository/tags/v2':
          return json(response, { name: 'v2' });
        case 'GET /deployments': {
          const all = kept.deployments.filter(({ environment }) => environment.name === query.get('environment'));
          return json(response, page(query.get('sort') === 'desc' ? all.toReversed() : all, asked));
        }
        case 'POST /deployments': {
          const body = read(newGitLabDeployment, asked);
          if (!body) return;
          if (!names.has(body.ref)) return json(response, { message: '404 Ref Not Found' }, 404);
          const { environment: name, ...rest } = body;
          const at = new Date().toISOString();
          const made = { id: id(), ...rest, environment: { name }, created_at: at, deployable: null };
          kept.deployments.push(made);
          return json(response, made, 201);
        }
        case 'GET /deployments/N':
          return deployment ? json(response, deployment) : json(response, { message: '404 Not found' }, 404);
        case 'PUT /deployments/N': {
          const body = read(z.strictObject({ status: deploymentStates }), asked);
          if (!body || !deployment) return;
          // Each end is one.
          const isOver = deployment.status !== 'running';
          if (isOver || deployment.status === body.status)
            return json(response, { message: { status: ['cannot transition'] } }, 400);
          deployment.status = body.status;
          return json(response, deployment);
        }
        case 'GET /repository/commits/SHA/statuses': {
          // The last of each name, as GitLab has it without `all`.
          const latest = new Map(kept.statuses.map((one) => [one.name, one]));
          return json(response, page([...latest.values()], asked));
        }
        case 'POST /statuses/SHA': {
          const body = read(newGitLabStatus, asked);
          if (body) postStatus(kept.statuses, body, { response, id });
          return;
        }
        default:
          return json(response, { message: '404 Not Found' }, 404);
      }
    },
  });
  return Object.assign(server, kept);
}

/** As GitLab's `Ci::CreateCommitStatusService` has it: an open status of the name is moved on, else there is a new one. */
function postStatus(
  statuses: GitLabStatus[],
  { state, name, ...words }: z.output<typeof newGitLabStatus>,
  { response, id }: { response: ServerResponse; id: () => number },
): void {
  const open = statuses.find((one) => one.name === name && OPEN.includes(one.status));
  const isForward = open && !(state === 'pending' || open.status === state);
  if (open && !isForward) {
    json(response, { message: `Cannot transition status via :${state} from :${open.status}` }, 400);
    return;
  }
  const { target_url = null, description: text = null } = words;
  const one = open ?? { id: id(), sha: COMMIT, name, status: state, target_url, description: text };
  Object.assign(one, { status: state, target_url, description: text });
  if (!open) statuses.push(one);
  json(response, one, 201);
}
