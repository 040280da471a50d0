/** GitHub's REST API as far as Surefoot reads it: the answers' shape is that of its description (api.github.com). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json, serve, type TestServer } from './server.js';

interface User {
  login: string;
  type?: string;
}

export interface FakeGitHub {
  pulls: {
    number: number;
    user: User | null;
    state: string;
    head: { ref: string; sha: string };
    merged_at: string | null;
    merge_commit_sha: string | null;
  }[];
  reviews: { user: User | null; state: string; commit_id: string; submitted_at: string }[];
  commits: { sha: string; author: User | null; commit: { message: string } }[];
  /** Of the merge commit against what is deployed. */
  comparison: string;
  runs: { name: string; head_sha: string; status: string; conclusion: string | null }[];
  statuses: { context: string; state: string }[];
  /** Answers in place of the API while it returns true. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Elements a page at most, as a server may decide. */
  page: number;
  /** Whether the next page is linked to; a proxy may drop the header. */
  links: boolean;
  token: string;
  /** Values of the authorization header so far. */
  authorizations: Set<string | undefined>;
  server: TestServer;
}

/** Serves `/repos/OWNER/NAME/…`, paged by `Link` headers. */
export async function serveGitHub(): Promise<FakeGitHub> {
  const fake: FakeGitHub = {
    pulls: [],
    reviews: [],
    commits: [],
    comparison: 'ahead',
    runs: [],
    statuses: [],
    before: () => false,
    page: 100,
    links: true,
    token: 'ghp_not-to-be-seen-anywhere',
    authorizations: new Set(),
    server: undefined as unknown as TestServer,
  };
  fake.server = await serve((request, response) => {
    fake.authorizations.add(request.headers.authorization);
    if (fake.before(request, response)) return;
    answer(fake, request, response);
  });
  return fake;
}

function answer(fake: FakeGitHub, request: IncomingMessage, response: ServerResponse): void {
  const allowed = request.headers.authorization === `token ${fake.token}`;
  const url = new URL(request.url ?? '', fake.server.url);
  const body = allowed ? bodyFor(fake, url, (all) => pageOf(fake, { all, url, response })) : undefined;
  if (body !== undefined) json(response, body);
  else json(response, { message: allowed ? 'Not Found' : 'Bad credentials' }, allowed ? 404 : 401);
}

function bodyFor(fake: FakeGitHub, url: URL, page: <T>(all: T[]) => T[]): object | undefined {
  const path = url.pathname.replace('/repos/eduautismo/backend', '');
  if (path === '/pulls') {
    const branch = url.searchParams.get('head')?.split(':')[1];
    return page(fake.pulls.filter(({ head }) => head.ref === branch));
  }
  if (/^\/pulls\/\d+\/reviews$/.test(path)) return page(fake.reviews);
  if (/^\/pulls\/\d+\/commits$/.test(path)) return page(fake.commits);
  if (path.startsWith('/compare/')) return { url: url.href, status: fake.comparison, commits: [] };
  const sha = /^\/commits\/([0-9a-f]{40})\//.exec(path)?.[1];
  if (path.endsWith('/check-runs')) {
    const runs = fake.runs.filter(({ head_sha }) => head_sha === sha);
    return { total_count: runs.length, check_runs: page(runs) };
  }
  if (path.endsWith('/status')) {
    const { statuses } = fake;
    const state = statuses.length > 0 && statuses.every((one) => one.state === 'success') ? 'success' : 'pending';
    return { url: url.href, sha, state, total_count: statuses.length, statuses: page(statuses) };
  }
  return undefined;
}

function pageOf<T>(fake: FakeGitHub, asked: { all: T[]; url: URL; response: ServerResponse }): T[] {
  const { all, url, response } = asked;
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), fake.page);
  const number = Number(url.searchParams.get('page') ?? 1);
  if (fake.links && number * size < all.length) {
    const next = new URL(url);
    next.searchParams.set('page', String(number + 1));
    response.setHeader('link', `<${next.href}>; rel="next"`);
  }
  return all.slice((number - 1) * size, number * size);
}
