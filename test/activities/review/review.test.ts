import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { createReviewActivities } from '../../../src/activities/review/review.js';
import type { Review } from '../../../src/contract/plan/proofs.js';
import { evidencePlace } from '../../helpers/context.js';
import { type FakeGitHub, serveGitHub } from '../../helpers/github.js';
import { hurry, patience } from '../../helpers/patience.js';
import { deadPort } from '../../helpers/server.js';
import { runActivity, temporaryFolder } from '../support.js';

const BRANCH = 'perf/optimize';
const KEY = { deployment: 'd-1', step: 'prerequisites.review', generation: 1 };
const HERE = { email: 'ana@example.com', name: 'Ana' };
const APPROVED = 'Reviewed-by: Carla <carla@example.com>\nApproved-by: Bruno <bruno@example.com>';

/** A branch merged into main, with these words on its merge commit and on its own last commit. */
async function repository({ merge = '', last = '', forward = false } = {}) {
  const folder = temporaryFolder();
  const git = async (...words: string[]) => {
    const settings = ['-c', `user.name=${HERE.name}`, '-c', `user.email=${HERE.email}`, '-c', 'commit.gpgsign=false'];
    return (await execa('git', [...settings, '-C', folder, ...words])).stdout;
  };
  const commit = (message: string) => git('commit', '--quiet', '--allow-empty', '--message', message);
  await git('init', '--quiet', '--initial-branch', 'main');
  await commit('first');
  await git('tag', 'v1.2.3');
  await git('checkout', '--quiet', '-b', BRANCH);
  await commit(`second\n\n${last}`);
  await git('checkout', '--quiet', 'main');
  const kind = forward ? ['--ff-only'] : ['--no-ff', '--message', `Merge\n\n${merge}`];
  await git('merge', '--quiet', ...kind, BRANCH);
  const [target, head] = await Promise.all([git('rev-parse', 'main'), git('rev-parse', BRANCH)]);
  const release = { repository: folder, branch: BRANCH, target: 'main', previous: 'v1.2.3', files: [] };
  return { folder, git, commit, release, target, head };
}
type Repository = Awaited<ReturnType<typeof repository>>;

function junit({ folder, target }: Repository, { passed = 10, failed = 0, commit = target } = {}): string {
  const properties = `<properties><property name="commit" value="${commit}"/></properties>`;
  const tests = '<testcase name="a"/>'.repeat(passed) + '<testcase name="b"><failure/></testcase>'.repeat(failed);
  const file = join(folder, '.git', 'junit.xml');
  writeFileSync(file, `<testsuite>${properties}${tests}</testsuite>`);
  return file;
}

async function check(release: Repository['release'], review: Review) {
  const evidence = await evidencePlace();
  const activities = createReviewActivities({ patience });
  const report = await runActivity(() => activities.checkReview({ key: KEY, evidence, release, review }));
  expect(report.facts.map(({ name }) => name)).toEqual(['reviewed', 'approved', 'tests']);
  const [reference] = report.evidence;
  const kept = readFileSync(join(evidence.store, 'd-1', reference?.path ?? ''), 'utf8');
  const facts = Object.fromEntries(report.facts.map(({ name, ok, text }) => [name, { ok, text }]));
  return { ...facts, summary: report.summary, kept, all: JSON.stringify(report) } as Record<
    'reviewed' | 'approved' | 'tests',
    { ok: boolean; text: string }
  > & { summary: string; kept: string; all: string };
}

describe('review in the repository itself', () => {
  const by = (repository: Repository, tests = {}) =>
    check(repository.release, { source: { kind: 'git' }, tests: { passRate: 98.4, junit: junit(repository, tests) } });

  test('trailers of the merge commit by others than the authors prove it', async () => {
    const found = await by(await repository({ merge: APPROVED }));
    expect([found.reviewed.ok, found.approved.ok, found.tests.ok]).toEqual([true, true, true]);
    expect(found.reviewed.text).toContain('reviewed by Carla');
    expect(found.approved.text).toContain('approved by Bruno');
    expect(JSON.parse(found.kept).read).toMatchObject({ authors: [HERE], approvers: [{ name: 'Bruno' }] });
  });

  test('so do those of the branch’s last commit, also when it was merged without a merge commit', async () => {
    expect(await by(await repository({ last: APPROVED }))).toMatchObject({ approved: { ok: true } });
    expect(await by(await repository({ last: APPROVED, forward: true }))).toMatchObject({
      reviewed: { ok: true },
      approved: { ok: true },
    });
  });

  test('nobody’s name is no approval, and neither is the author’s own, however it is written', async () => {
    expect(await by(await repository())).toMatchObject({ reviewed: { ok: false }, approved: { ok: false } });
    const own = 'Reviewed-by: Somebody <ANA@example.com>\nApproved-by: ana <other@example.com>';
    const found = await by(await repository({ merge: own }));
    expect(found).toMatchObject({ reviewed: { ok: false }, approved: { ok: false } });
    expect(found.approved.text).toContain('only by who wrote it');
    const together = 'Co-authored-by: Bruno <bruno@example.com>';
    expect(await by(await repository({ last: together, merge: APPROVED }))).toMatchObject({
      reviewed: { ok: true },
      approved: { ok: false },
    });
  });

  test('what was approved before another commit was added is not merged as a whole', async () => {
    const made = await repository({ merge: APPROVED });
    await made.git('checkout', '--quiet', BRANCH);
    await made.commit('third');
    expect(await by(made)).toMatchObject({ reviewed: { ok: false }, approved: { ok: false } });
  });

  test('tests of another commit, too many failures and no file at all fail that fact alone', async () => {
    const made = await repository({ merge: APPROVED });
    expect(await by(made, { commit: made.head })).toMatchObject({ approved: { ok: true }, tests: { ok: false } });
    expect(await by(made, { passed: 983, failed: 17 })).toMatchObject({ tests: { ok: false } });
    const source = { kind: 'git' } as const;
    const absent = await check(made.release, { source, tests: { passRate: 98.4, junit: '/nowhere/junit.xml' } });
    expect(absent.tests).toEqual({ ok: false, text: '/nowhere/junit.xml is not there' });
  });

  test('checks where the source runs none are not known, and not left out', async () => {
    const made = await repository({ merge: APPROVED });
    const tests = { passRate: 98.4, checks: 'target', junit: junit(made) } as const;
    const found = await check(made.release, { source: { kind: 'git' }, tests });
    expect(found.tests).toMatchObject({
      ok: false,
      text: expect.stringMatching(/^the source of reviews runs no checks; /),
    });
  });

  test('a commit written beside the file counts as one in it', async () => {
    const made = await repository({ merge: APPROVED });
    const file = junit(made);
    writeFileSync(file, '<testsuite><testcase name="a"/></testsuite>');
    const source = { kind: 'git' } as const;
    const look = () => check(made.release, { source, tests: { passRate: 98.4, junit: file } });
    expect(await look()).toMatchObject({ tests: { ok: false } });
    writeFileSync(`${file}.commit`, `${made.target}\n`);
    expect(await look()).toMatchObject({ tests: { ok: true } });
  });

  test('a branch that is not there fails all three with the reason', async () => {
    const made = await repository();
    const found = await by({ ...made, release: { ...made.release, branch: 'gone' } });
    expect(found.summary).toContain('gone is not in');
    expect([found.reviewed.ok, found.approved.ok, found.tests.ok]).toEqual([false, false, false]);
  });
});

describe('review at GitHub', () => {
  let github: FakeGitHub;
  let made: Repository;

  beforeEach(async () => {
    github = await serveGitHub();
    process.env.TEST_GITHUB_TOKEN = github.token;
    made = await repository();
    const { head, target } = made;
    github.pulls = [
      {
        number: 128,
        user: { login: 'ana' },
        state: 'closed',
        head: { ref: BRANCH, sha: head },
        merged_at: '2025-11-24T20:40:00Z',
        merge_commit_sha: target,
      },
    ];
    github.commits = [{ sha: head, author: { login: 'ana' }, commit: { message: 'second' } }];
    github.reviews = [review('bruno', 'APPROVED', 1)];
    github.runs = [run('unit', 'success'), run('lint', 'success')];
  });

  const review = (who: string, state: string, minute: number, commit = made.head) => ({
    user: { login: who, type: 'User' },
    state,
    commit_id: commit,
    submitted_at: `2025-11-24T19:${String(minute).padStart(2, '0')}:00Z`,
  });
  const run = (name: string, conclusion: string | null, sha = made.target) => ({
    name,
    head_sha: sha,
    status: conclusion === null ? 'in_progress' : 'completed',
    conclusion,
  });
  const look = (tests: Partial<Review['tests']> = {}, api = github.server.url) =>
    check(made.release, {
      source: { kind: 'github', api, token: 'env:TEST_GITHUB_TOKEN', owner: 'eduautismo', repository: 'backend' },
      tests: { passRate: 98.4, checks: 'target', ...tests },
    });
  const oks = async (...tests: Parameters<typeof look>) => {
    const { reviewed, approved, tests: tested } = await look(...tests);
    return [reviewed.ok, approved.ok, tested.ok];
  };

  test('an approval of the last commit by another person, a merge that is deployed and good checks prove it', async () => {
    const found = await look();
    expect([found.reviewed.ok, found.approved.ok, found.tests.ok]).toEqual([true, true, true]);
    expect(found.approved.text).toContain('#128 is approved by bruno for its last commit');
    expect(found.tests.text).toContain('100 % (2 of 2) of the check runs and statuses');
    expect(github.server.requests.every((request) => request.startsWith('GET '))).toBe(true);
    expect(found.all + found.kept).not.toContain(github.token);
  });

  test('an approval of an older commit is a review, and no approval', async () => {
    github.reviews = [review('bruno', 'APPROVED', 1, 'c'.repeat(40))];
    const found = await look();
    expect([found.reviewed.ok, found.approved.ok]).toEqual([true, false]);
    expect(found.approved.text).toContain('bruno for cccccccccccc, but its last commit is');
  });

  test('approvals by the author, by who wrote a commit and by a program do not count', async () => {
    github.commits.push(
      { sha: made.head, author: { login: 'carla' }, commit: { message: 'x' } },
      {
        sha: made.head,
        author: null,
        commit: { message: 'x\n\nCo-authored-by: D <7+diego@users.noreply.github.com>' },
      },
    );
    github.reviews = [
      review('ana', 'APPROVED', 1),
      review('carla', 'APPROVED', 2),
      review('diego', 'APPROVED', 3),
      { ...review('robot', 'APPROVED', 4), user: { login: 'robot', type: 'Bot' } },
      { ...review('', 'APPROVED', 5), user: null as never },
    ];
    const found = await look();
    expect([found.reviewed.ok, found.approved.ok]).toEqual([false, false]);
    expect(found.approved.text).toContain('only by who wrote it (ana, carla, diego)');
  });

  test('a dismissed review, a later request for changes and a mere comment take it away', async () => {
    github.reviews = [review('bruno', 'DISMISSED', 1)];
    expect((await look()).reviewed.text).toContain('the review by bruno was dismissed');
    // The order is that of time, not that of the list.
    github.reviews = [review('bruno', 'CHANGES_REQUESTED', 9), review('bruno', 'APPROVED', 1)];
    expect((await look()).approved.text).toContain('bruno asked for changes');
    github.reviews = [review('bruno', 'APPROVED', 1), review('carla', 'CHANGES_REQUESTED', 2)];
    expect(await oks()).toEqual([true, false, true]);
    github.reviews = [review('bruno', 'COMMENTED', 1)];
    expect(await oks()).toEqual([false, false, true]);
    github.reviews = [
      review('bruno', 'CHANGES_REQUESTED', 1),
      review('bruno', 'APPROVED', 2),
      review('bruno', 'COMMENTED', 3),
    ];
    expect(await oks()).toEqual([true, true, true]);
  });

  test('what is not merged, was merged elsewhere or has no pull request is not approved', async () => {
    github.comparison = 'diverged';
    expect((await look()).approved.text).toContain('is not in what is deployed');
    const [pull] = github.pulls;
    if (pull) Object.assign(pull, { merged_at: null, state: 'open' });
    expect((await look()).approved.text).toContain('not merged');
    github.pulls = [];
    const found = await look();
    expect([found.reviewed.ok, found.approved.ok, found.tests.ok]).toEqual([false, false, true]);
    expect(found.approved.text).toBe(`eduautismo/backend has no pull request of ${BRANCH}`);
  });

  test('commits that the branch got past its pull request were approved by nobody', async () => {
    await made.git('checkout', '--quiet', BRANCH);
    await made.commit('third');
    expect((await look()).approved).toEqual({ ok: false, text: expect.stringContaining('#128 ends at') });
    await made.git('checkout', '--quiet', 'main');
    await made.git('branch', '--quiet', '-D', BRANCH);
    expect(await oks()).toEqual([true, true, true]);
  });

  test('of several pull requests of one branch the one that was merged last counts', async () => {
    const [merged] = github.pulls;
    if (!merged) return;
    const older = { ...merged, number: 90, merged_at: '2025-10-01T00:00:00Z', merge_commit_sha: 'd'.repeat(40) };
    const open = { ...merged, number: 140, merged_at: null, merge_commit_sha: null, state: 'open' };
    github.pulls = [open, older, merged];
    expect((await look()).approved).toMatchObject({ ok: true, text: expect.stringContaining('#128') });
  });

  test('a failed check, one that has not ended and none at all do not pass', async () => {
    github.runs = [run('unit', 'failure'), run('lint', 'success')];
    expect((await look()).tests.text).toContain('50 % (1 of 2)');
    github.runs = [run('unit', null), run('lint', 'success')];
    expect((await look()).tests.text).toContain('1 checks for commit');
    github.runs = [];
    expect((await look()).tests).toMatchObject({
      ok: false,
      text: expect.stringContaining('no check run and no status'),
    });
    // Checks of another commit prove nothing of this one.
    github.runs = [run('unit', 'success', made.head)];
    expect(await oks()).toEqual([true, true, false]);
    expect(await oks({ checks: 'head' })).toEqual([true, true, true]);
  });

  test('neutral and skipped runs say nothing, statuses count, and a combined "pending" without statuses does not', async () => {
    github.runs = [run('unit', 'success'), run('docs', 'skipped'), run('size', 'neutral')];
    expect((await look()).tests).toMatchObject({ ok: true, text: expect.stringContaining('2 neutral or skipped') });
    github.statuses = [{ context: 'ci/old', state: 'failure' }];
    expect((await look()).tests.text).toContain('failed: ci/old');
    github.statuses = [{ context: 'ci/old', state: 'pending' }];
    expect((await look()).tests.text).toContain('have not ended: ci/old');
    github.runs = [];
    github.statuses = [{ context: 'ci/old', state: 'success' }];
    expect(await oks()).toEqual([true, true, true]);
    github.statuses = [];
    github.runs = [run('docs', 'skipped')];
    expect(await oks()).toEqual([true, true, false]);
  });

  test('checks and a JUnit file must both be good where the plan names both', async () => {
    expect(await oks({ junit: junit(made) })).toEqual([true, true, true]);
    expect(await oks({ junit: junit(made, { failed: 5 }) })).toEqual([true, true, false]);
    expect(await oks({ checks: undefined, junit: junit(made) })).toEqual([true, true, true]);
  });

  test('every page is read', async () => {
    github.page = 2;
    github.runs = Array.from({ length: 7 }, (_, index) => run(`unit-${index}`, index === 6 ? 'failure' : 'success'));
    github.statuses = Array.from({ length: 5 }, (_, index) => ({
      context: `s-${index}`,
      state: index === 4 ? 'error' : 'success',
    }));
    github.reviews = [1, 2, 3, 4]
      .map((minute) => review('carla', 'COMMENTED', minute))
      .concat(review('bruno', 'APPROVED', 9));
    const found = await look();
    expect(found.approved.ok).toBe(true);
    expect(found.tests.text).toContain('(10 of 12)');
  });

  test('a full page without a link to the next is asked on from, and a list that ends before its count is not whole', async () => {
    github.links = false;
    github.runs = Array.from({ length: 130 }, (_, index) =>
      run(`unit-${index}`, index === 129 ? 'failure' : 'success'),
    );
    expect((await look()).tests.text).toContain('(129 of 130)');
    github.page = 30;
    const cut = await look();
    expect(cut.tests.text).toBe('GitHub: only 30 of 130 check runs were listed');
    expect(cut.kept).toContain('"unknown": true');
  });

  test('a conflict in the middle of a list is not its end', async () => {
    github.page = 2;
    github.reviews = [1, 2]
      .map((minute) => review('carla', 'COMMENTED', minute))
      .concat(review('bruno', 'CHANGES_REQUESTED', 9));
    github.before = (request, response) => {
      if (!request.url?.includes('/reviews?') || !request.url.includes('page=2')) return false;
      response.writeHead(409, { 'content-type': 'application/json' }).end('{"message":"Git Repository is empty."}');
      return true;
    };
    expect((await look()).approved.text).toContain('no answer about the reviews: status 409');
  });

  test('more commits than GitHub lists leave its authors unknown', async () => {
    github.commits = Array.from({ length: 250 }, () => ({
      sha: made.head,
      author: { login: 'ana' },
      commit: { message: '' },
    }));
    expect((await look()).reviewed.text).toContain('250 commits or more');
  });

  test('a list of pull requests that holds other branches’ is not searched for the newest', async () => {
    github.before = (request, response) => {
      if (!request.url?.includes('/pulls?')) return false;
      response.setHeader('content-type', 'application/json');
      const [pull] = github.pulls;
      response.end(JSON.stringify([pull, { ...pull, number: 140, head: { ref: 'another', sha: made.head } }]));
      return true;
    };
    expect((await look()).approved.text).toContain('about other branches as well');
  });

  test('a squash, a rebase of several commits and a merge queue are approved by the commit that GitHub names', async () => {
    await made.git('reset', '--quiet', '--hard', 'v1.2.3');
    await made.commit('squashed (#128)');
    const merged = await made.git('rev-parse', 'main');
    for (const pull of github.pulls) pull.merge_commit_sha = merged;
    github.runs = [run('unit', 'success', merged)];
    expect(await oks()).toEqual([true, true, true]);
  });

  test('a rate limit is waited for, as long as it is told to', async () => {
    let left = 2;
    const began = Date.now();
    github.before = (_, response) => {
      if (left === 0) return false;
      left -= 1;
      response.writeHead(left === 1 ? 429 : 403, { 'retry-after': '1', 'content-type': 'application/json' });
      response.end('{"message":"You have exceeded a secondary rate limit"}');
      return true;
    };
    expect(await oks()).toEqual([true, true, true]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(1_000);
  });

  test.each([
    ['a secondary limit that tells no time', {}, 'You have exceeded a secondary rate limit', '1 min'],
    [
      'an exhausted limit that ends in an hour and a half',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'later' },
      '',
      '1 h',
    ],
    ['a Retry-After beyond its time', { 'retry-after': '600' }, '', '10 min'],
  ])('%s is told rather than waited for', async (_, headers: Record<string, string>, message, pause) => {
    github.before = (_request, response) => {
      const reset = String(Math.floor(Date.now() / 1_000) + 5_400);
      const filled = Object.fromEntries(
        Object.entries(headers).map(([key, value]) => [key, value.replace('later', reset)]),
      );
      response.writeHead(403, filled).end(JSON.stringify({ message }));
      return true;
    };
    const found = await look({ junit: junit(made) });
    expect([found.reviewed.ok, found.approved.ok, found.tests.ok]).toEqual([false, false, false]);
    expect(found.approved.text).toMatch(/rate limit reached, to be asked again in/);
    expect(found.approved.text).toContain(pause);
    expect(github.server.requests.length).toBeLessThan(6);
  });

  test('an error of the server is tried again, three times in all', async () => {
    let failures = 2;
    github.before = (request, response) => {
      if (!request.url?.includes('/pulls?') || failures === 0) return false;
      failures -= 1;
      response.writeHead(failures === 1 ? 500 : 502).end('oops');
      return true;
    };
    expect(await oks()).toEqual([true, true, true]);
    failures = 3;
    const found = await look();
    expect([found.reviewed.ok, found.approved.ok, found.tests.ok]).toEqual([false, false, true]);
    expect(found.approved.text).toContain('status 50');
  });

  test.each([
    ['hangs', () => undefined, 'no answer within 200 ms'],
    ['talks nonsense', (response: { end(text: string): void }) => response.end('<html>hello</html>'), 'not understood'],
    [
      'answers something else',
      (response: { end(text: string): void }) => response.end('[{"number":"one"}]'),
      'not understood',
    ],
  ])('one that %s proves nothing, and ends in time', async (_, answer, says) => {
    github.before = (_request, response) => {
      response.setHeader('content-type', 'application/json');
      answer(response);
      return true;
    };
    if (says.startsWith('no answer')) hurry();
    const began = Date.now();
    const found = await look();
    expect([found.reviewed.ok, found.approved.ok, found.tests.ok]).toEqual([false, false, false]);
    expect(found.approved.text).toContain(says);
    expect(Date.now() - began).toBeLessThan(20_000);
  });

  test('a wrong token, a missing one, a renamed repository and a closed door are told apart, without the token', async () => {
    process.env.TEST_GITHUB_TOKEN = 'ghp_wrong-token-that-nobody-sees';
    const wrong = await look();
    expect(wrong.approved.text).toContain('the token is not accepted');
    expect(wrong.all + wrong.kept).not.toContain('ghp_wrong');
    process.env.TEST_GITHUB_TOKEN = '';
    expect((await look()).approved.text).toContain('TEST_GITHUB_TOKEN is not set');
    process.env.TEST_GITHUB_TOKEN = github.token;
    github.before = (_, response) => {
      response.writeHead(301, { location: 'http://127.0.0.1:9/repositories/1' }).end();
      return true;
    };
    expect((await look()).approved.text).toContain('moved to another address');
    expect((await look({}, `http://127.0.0.1:${await deadPort()}`)).approved.text).toContain('connection refused');
  });
});
