/** Reviews, checks and statuses from GitHub's REST API, read page by page and trusted only as far as they are understood. */
import { Octokit } from '@octokit/rest';
import { z } from 'zod';
import type { SecretReference } from '../../contract/plan/environment.js';
import type { CheckConclusion, PullRequest } from '../../domain/review.js';
import { readSecret } from '../evidence/secrets.js';
import { NoAnswer } from '../http/http.js';
import type { PatientRequest } from '../http/patient-request.js';
import { ReadFailure } from './read-failure.js';
import type { ReviewPlace } from './review-source.js';

/** GitHub gave no usable answer. The message is for people: never the token, never a URL's query. */
export class GitHubUnusable extends ReadFailure {
  override name = 'GitHubUnusable';
  constructor(why: string) {
    super(`GitHub: ${why}`);
  }
}

const sha = z.string().regex(/^[0-9a-f]{40,64}$/);
const login = z.object({ login: z.string() }).nullish();
const pulls = z.array(
  z.object({
    number: z.number(),
    user: login,
    head: z.object({ sha, ref: z.string() }),
    merged_at: z.string().nullish(),
    merge_commit_sha: sha.nullish(),
  }),
);
const reviews = z.array(
  z.object({
    user: z.object({ login: z.string(), type: z.string().optional() }).nullish(),
    state: z.string(),
    commit_id: z.string().nullish(),
    submitted_at: z.string().nullish(),
  }),
);
const commits = z.array(z.object({ author: login, commit: z.object({ message: z.string() }) }));
const comparison = z.object({ status: z.enum(['ahead', 'behind', 'diverged', 'identical']) });
const checkRun = z.object({ name: z.string(), head_sha: sha, status: z.string(), conclusion: z.string().nullish() });
const checkRuns = z.object({ total_count: z.number(), check_runs: z.array(checkRun) });
const status = z.object({ context: z.string(), state: z.string() });
const combined = z.object({ sha, total_count: z.number(), statuses: z.array(status) });

const REPOSITORY = 'GET /repos/{owner}/{repo}';
const PAGE = 100;
/** More than anybody has; a server that never comes to an end is not read for ever. */
const MOST_PAGES = 100;
/** GitHub lists no more commits of a pull request, however many it has. */
const MOST_COMMITS = 250;

export interface GitHub {
  /** The newest merged pull request of a branch, or the newest of all, with its reviews. */
  pullRequest(branch: string, target: string): Promise<PullRequest | undefined>;
  /** Check runs (the latest of each name) and statuses of exactly this commit. */
  checks(commit: string): Promise<CheckConclusion[]>;
}

/** @throws SecretMissing; its methods throw GitHubUnusable, also when the signal is aborted */
export async function openGitHub(place: ReviewPlace<'github'>, ask: PatientRequest): Promise<GitHub> {
  const octokit = await octokitOn(place.api, place.token, ask);
  const at = { owner: place.owner, repo: place.repository };
  const list = async <S extends z.ZodType>(what: string, schema: S, route: string, more: object, count: Count<S>) =>
    readPages(octokit, { what, schema, route: `${REPOSITORY}${route}`, parameters: { ...at, ...more }, count });
  return {
    pullRequest: async (branch, target) => {
      const query = { state: 'all', head: `${place.owner}:${branch}` };
      const found = (await list('its pull requests', pulls, '/pulls', query, countAll)).flat();
      if (found.some(({ head }) => head.ref !== branch))
        throw new GitHubUnusable('the answer about its pull requests is about other branches as well');
      const newest = (key: (one: (typeof found)[number]) => string | number) =>
        found.toSorted((a, b) => (key(a) < key(b) ? 1 : -1))[0];
      const merged = newest(({ merged_at }) => merged_at ?? '');
      const pull = merged?.merged_at ? merged : newest(({ number }) => number);
      if (pull === undefined) return undefined;
      const one = { pull_number: pull.number };
      const [given, written] = await Promise.all([
        list('the reviews', reviews, '/pulls/{pull_number}/reviews', one, countAll).then((pages) => pages.flat()),
        list('the commits', commits, '/pulls/{pull_number}/commits', one, countAll).then((pages) => pages.flat()),
      ]);
      if (written.length >= MOST_COMMITS)
        throw new GitHubUnusable(`#${pull.number} has ${MOST_COMMITS} commits or more, of which not all are listed`);
      const mergeCommit = (pull.merged_at && pull.merge_commit_sha) || undefined;
      const inTarget = mergeCommit !== undefined && (await isIn(mergeCommit, target));
      const author = pull.user?.login ?? 'an unknown author';
      return {
        number: pull.number,
        author,
        authors: [...new Set([author, ...written.flatMap(authorsOf)])],
        head: pull.head.sha,
        mergeCommit,
        inTarget,
        // A review by a program is no review by another person.
        reviews: given
          .filter(({ user }) => user && user.type !== 'Bot')
          .sort((a, b) => ((a.submitted_at ?? '') < (b.submitted_at ?? '') ? -1 : 1))
          .map(({ user, state, commit_id }) => ({ who: user?.login ?? '', state, commit: commit_id ?? '' })),
      };
    },
    checks: async (commit) => {
      const of = { ref: commit };
      const [runPages, pages] = await Promise.all([
        list('the check runs', checkRuns, '/commits/{ref}/check-runs', { ...of, filter: 'latest' }, countRuns),
        list('the statuses', combined, '/commits/{ref}/status', of, countStatuses),
      ]);
      const runs = runPages.flatMap(({ check_runs }) => check_runs);
      whole('check runs', runs.length, runPages);
      whole('statuses', pages.flatMap(({ statuses }) => statuses).length, pages);
      if ([...runs.map(({ head_sha }) => head_sha), ...pages.map((page) => page.sha)].some((of) => of !== commit))
        throw new GitHubUnusable(`its checks are of another commit than ${commit.slice(0, 12)}`);
      return [
        ...runs.map(({ name, status, conclusion }) => ({
          name,
          conclusion: status === 'completed' ? (conclusion ?? 'pending') : 'pending',
        })),
        // The combined state is not asked: where only Actions report, it stays "pending" for ever.
        ...pages
          .flatMap(({ statuses }) => statuses)
          .map(({ context, state }) => ({ name: context, conclusion: state })),
      ];
    },
  };

  async function isIn(commit: string, target: string): Promise<boolean> {
    const basehead = `${commit}...${target}`;
    const asked = octokit.request(`${REPOSITORY}/compare/{basehead}`, { ...at, basehead, per_page: 1 });
    const answer = asked.then(({ data }) => data);
    const { status } = await read(`the merge commit against ${target.slice(0, 12)}`, comparison, answer);
    return status === 'ahead' || status === 'identical';
  }
}

/** The author by GitHub's name, and those whom the message names by GitHub's own addresses. */
function authorsOf({ author, commit }: z.infer<typeof commits>[number]): string[] {
  const together = commit.message.matchAll(/^co-authored-by:.*<(?:\d+\+)?([\w-]+)@users\.noreply\./gim);
  return [...(author ? [author.login] : []), ...[...together].map(([, name]) => name ?? '')];
}

const countAll = (page: readonly unknown[]): number => page.length;
const countRuns = ({ check_runs }: z.output<typeof checkRuns>): number => check_runs.length;
const countStatuses = ({ statuses }: z.output<typeof combined>): number => statuses.length;

/** GitHub says how many there are: fewer read is not all of them. */
function whole(what: string, read: number, pages: { total_count: number }[]): void {
  const total = pages.at(-1)?.total_count ?? 0;
  if (read < total) throw new GitHubUnusable(`only ${read} of ${total} ${what} were listed`);
}

type Count<S extends z.ZodType> = (page: z.output<S>) => number;

/**
 * Every page of a list. A full page without a link to the next may still have one: a proxy may have dropped the header.
 * Not Octokit's own paging, which takes a conflict (409) for the end of the list.
 */
async function readPages<S extends z.ZodType>(
  octokit: Octokit,
  list: { what: string; schema: S; route: string; parameters: object; count: Count<S> },
): Promise<z.output<S>[]> {
  const pages: z.output<S>[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    let link = '';
    const asked = octokit.request(list.route, { ...list.parameters, per_page: PAGE, page });
    const answer = asked.then(({ data, headers }) => {
      link = headers.link ?? '';
      return data as unknown;
    });
    const content = await read(list.what, list.schema, answer);
    pages.push(content);
    if (!link.includes('rel="next"') && list.count(content) < PAGE) return pages;
  }
  throw new GitHubUnusable(`${list.what} have no end`);
}

async function read<S extends z.ZodType>(what: string, schema: S, answer: Promise<unknown>): Promise<z.output<S>> {
  let data: unknown;
  try {
    data = await answer;
  } catch (error) {
    throw unusable(what, error);
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'its whole';
  throw new GitHubUnusable(`the answer about ${what} is not understood (${where})`);
}

const STATUS: Record<number, string> = {
  401: 'the token is not accepted',
  403: 'the token may not read it',
  404: 'not found, or the token may not see it',
};

function unusable(what: string, error: unknown): GitHubUnusable {
  // Octokit wraps what our own request threw.
  const { cause, status } = error as { cause?: unknown; status?: number };
  const original = cause ?? error;
  if (original instanceof NoAnswer) return new GitHubUnusable(`no answer about ${what}: ${original.message}`);
  if (error instanceof Error && error.name === 'HttpError' && cause === undefined)
    return new GitHubUnusable(`no answer about ${what}: ${STATUS[status ?? 0] ?? `status ${status}`}`);
  return new GitHubUnusable(`the answer about ${what} is not understood`);
}

async function octokitOn(baseUrl: string, reference: SecretReference, ask: PatientRequest): Promise<Octokit> {
  const auth = await readSecret(reference);
  const silent = () => undefined;
  return new Octokit({
    auth,
    baseUrl,
    userAgent: 'surefoot',
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: {
      fetch: async (url: string, init: { headers: Record<string, string> }) => {
        const answer = await ask({ url, headers: init.headers });
        // A renamed repository: following would send the token to wherever the answer points.
        if (answer.status >= 300 && answer.status < 400) throw new NoAnswer('it was moved to another address', 'moved');
        const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, String(value)] as [string, string]],
        );
        const response = new Response(answer.body, { status: answer.status, headers });
        // Octokit reads the page's own address to find the next one.
        return Object.defineProperty(response, 'url', { value: url });
      },
    },
  });
}
