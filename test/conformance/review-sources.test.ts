/** Where reviews are kept: every kind of source, put through every situation. */
import type { ServerResponse } from 'node:http';
import { expect } from 'vitest';
import { patientRequests } from '../../src/adapters/http/patient-request.js';
import { type Repository, resolveCommit } from '../../src/adapters/review/git.js';
import type { BranchReview, ReviewPlace, ReviewSourceKind } from '../../src/adapters/review/review-source.js';
import { openReviews, REVIEW_SOURCES } from '../../src/adapters/review/review-sources.js';
import { temporaryFolder } from '../activities/support.js';
import { type FakeGitHub, serveGitHub } from '../helpers/github.js';
import { approvedBranch, cloneOf, newRepository, type TestRepository, withBranch } from '../helpers/repository.js';
import { portConforms } from './port.js';
import { type Answer, answerOf } from './reader.js';
import { hasty, throttled, usual } from './sources.js';

const SECRET = 'ghp_not-to-be-seen-anywhere';

interface Asked {
  repository: Repository;
  deployed: string;
  patience?: typeof usual;
}

/** Whether the branch `work` was approved. */
async function approved<K extends ReviewSourceKind>(source: ReviewPlace<K>, asked: Asked): Promise<Answer> {
  const { repository, deployed, patience = usual } = asked;
  const ask = patientRequests(new AbortController().signal, patience);
  const release = { repository: repository.folder, branch: 'work', target: 'main', previous: 'v1', files: [] };
  const answer = await answerOf(async () => {
    const branch = await resolveCommit(repository, release.branch);
    return (await openReviews(source, { repository, ask })).reviewOf({ release, branch, deployed });
  });
  if (!('known' in answer)) return answer;
  const found = (answer.known as BranchReview).approved;
  if (found.unknown) return { unknown: found.text };
  return found.ok ? { known: found.text } : { none: found.text };
}

const inGit = ({ folder }: Repository, deployed: string): Promise<Answer> =>
  approved<'git'>({ kind: 'git' }, { repository: { folder, limit: 5_000 }, deployed });
const inIt = async (made: TestRepository): Promise<Answer> => inGit(made, await made.git('rev-parse', 'main'));

/** A clone without the contents of files, whose origin is named with a credential. */
async function partialClone() {
  const made = await approvedBranch();
  await made.git('config', 'uploadpack.allowFilter', 'true');
  const copy = await cloneOf(made, '--filter=blob:none', '--no-checkout');
  await copy.git('branch', '--quiet', 'work', 'origin/work');
  await copy.git('remote', 'set-url', 'origin', `https://ana:${SECRET}@forge.invalid/repository`);
  return copy;
}

/** #7, merged, and approved by Bruno. */
async function onGitHub(arrange: (fake: FakeGitHub) => void, patience = usual): Promise<Answer> {
  const made = await withBranch();
  const { head: sha } = made;
  const fake = await serveGitHub();
  const ana = { login: 'ana' };
  const merged = { merged_at: '2025-11-24T20:40:00Z', merge_commit_sha: sha };
  fake.pulls = [{ number: 7, user: ana, state: 'closed', head: { ref: 'work', sha }, ...merged }];
  fake.commits = [{ sha, author: ana, commit: { message: 'work' } }];
  const at = (minute: number) => `2025-11-24T20:${minute}:00Z`;
  fake.reviews = [
    { user: { login: 'carla' }, state: 'COMMENTED', commit_id: sha, submitted_at: at(10) },
    { user: { login: 'bruno' }, state: 'APPROVED', commit_id: sha, submitted_at: at(20) },
  ];
  arrange(fake);
  process.env.TEST_REVIEWS_TOKEN = SECRET;
  const place = { kind: 'github', api: fake.server.url, token: 'env:TEST_REVIEWS_TOKEN' } as const;
  return approved<'github'>(
    { ...place, owner: 'eduautismo', repository: 'backend' },
    { repository: made, deployed: await made.git('rev-parse', 'main'), patience },
  );
}

const answering = (write: (response: ServerResponse) => void) => (fake: FakeGitHub) => {
  fake.before = (_, response) => {
    response.setHeader('content-type', 'application/json');
    write(response);
    return true;
  };
};
const saying = (status: number, body: object) =>
  answering((response) => response.writeHead(status).end(JSON.stringify(body)));
const ofTheMachine = { impossible: 'the repository is on the machine, and git gives an answer whole' };

portConforms('review source', REVIEW_SOURCES, {
  git: {
    module: 'adapters/review/git-review.ts',
    situations: {
      // The squash carries the names: the branch's own commits do not.
      value: async () => inIt(await approvedBranch()),
      none: async () => inIt(await withBranch()),
      hidden: async () => inIt(await partialClone()),
      partial: async () => {
        const made = await approvedBranch();
        return inIt(await cloneOf(made, '--depth', '1', '--no-single-branch'));
      },
      error: () => inGit({ folder: temporaryFolder() }, 'b'.repeat(40)),
      hang: { impossible: 'as in adapters/review/git.ts, which asks' },
      nonsense: async () => inIt(await newRepository()),
      huge: { impossible: 'as in adapters/review/git-merges.ts, which reads the patches' },
      rateLimit: ofTheMachine,
      paging: ofTheMachine,
      secrets: async () => inIt(await partialClone()),
    },
    secrets: [SECRET],
  },
  github: {
    module: 'adapters/review/github-review.ts',
    situations: {
      value: () => onGitHub(() => {}),
      none: () => onGitHub((fake) => Object.assign(fake, { pulls: [] })),
      hidden: () => onGitHub(saying(404, { message: 'Not Found' })),
      partial: () =>
        onGitHub((fake) => {
          const [commit] = fake.commits;
          fake.commits = Array.from({ length: 250 }, () => commit as (typeof fake.commits)[number]);
        }),
      error: () => onGitHub(saying(500, { message: 'Server Error' }), hasty),
      hang: () => onGitHub((fake) => Object.assign(fake, { before: () => true }), hasty),
      nonsense: () => onGitHub(answering((response) => response.end('<html>'))),
      huge: () =>
        onGitHub(
          saying(
            200,
            Array.from({ length: 100 }, () => ({ number: 1 })),
          ),
        ),
      rateLimit: () =>
        onGitHub((fake) => {
          fake.before = (request, response) => {
            void throttled(request, response);
            return true;
          };
        }, hasty),
      paging: {
        read: () => onGitHub((fake) => Object.assign(fake, { page: 1 })),
        whole: expect.stringMatching(/^#7 .*approved by bruno/),
      },
      secrets: () => onGitHub(saying(401, { message: `Bad credentials: ${SECRET}` })),
    },
    secrets: [SECRET],
  },
});
