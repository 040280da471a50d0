/** GitHub as it answers others: without rights, cut off, hanging, in nonsense. */
import type { ServerResponse } from 'node:http';
import { expect } from 'vitest';
import { patientRequests } from '../../src/adapters/http/patient-request.js';
import { openGitHub } from '../../src/adapters/review/github.js';
import { type FakeGitHub, serveGitHub } from '../helpers/github.js';
import { type Answer, answerOf, conforms } from './reader.js';

const COMMIT = 'a'.repeat(40);
const PATIENCE = { answer: 500, whole: 1_000, pause: 10 };
const SECRET = 'ghp_not-to-be-seen-anywhere';

type Read = 'pullRequest' | 'checks';

async function github(read: Read, arrange: (fake: FakeGitHub) => void): Promise<Answer> {
  const fake = await serveGitHub();
  fake.pulls = [
    {
      number: 7,
      user: { login: 'ana' },
      state: 'closed',
      head: { ref: 'work', sha: COMMIT },
      merged_at: '2025-11-24T20:40:00Z',
      merge_commit_sha: COMMIT,
    },
  ];
  fake.commits = [{ sha: COMMIT, author: { login: 'ana' }, commit: { message: 'work' } }];
  fake.runs = [{ name: 'unit', head_sha: COMMIT, status: 'completed', conclusion: 'success' }];
  arrange(fake);
  process.env.TEST_GITHUB_TOKEN = SECRET;
  const place = { kind: 'github', token: 'env:TEST_GITHUB_TOKEN', owner: 'eduautismo', repository: 'backend' } as const;
  const ask = patientRequests(new AbortController().signal, PATIENCE);
  const opened = await openGitHub({ ...place, api: fake.server.url }, ask);
  if (read === 'checks') {
    const answer = await answerOf(() => opened.checks(COMMIT));
    return 'known' in answer && (answer.known as []).length === 0 ? { none: 'no check' } : answer;
  }
  const answer = await answerOf(() => opened.pullRequest('work', 'main'));
  return 'known' in answer && answer.known === undefined ? { none: 'no pull request' } : answer;
}

const answering = (write: (response: ServerResponse) => void) => (fake: FakeGitHub) => {
  fake.before = (_, response) => {
    response.setHeader('content-type', 'application/json');
    write(response);
    return true;
  };
};
const full = answering((response) => response.end(JSON.stringify(Array.from({ length: 100 }, () => ({ number: 1 })))));

for (const read of ['pullRequest', 'checks'] as const) {
  conforms(
    `adapters/review/github.ts (${read})`,
    {
      value: () => github(read, () => {}),
      none: () => github(read, (fake) => Object.assign(fake, { pulls: [], runs: [] })),
      hidden: () =>
        github(
          read,
          answering((response) => response.writeHead(404).end('{"message":"Not Found"}')),
        ),
      partial: () =>
        github(read, (fake) => {
          const commits = Array.from({ length: 250 }, () => ({ sha: COMMIT, author: null, commit: { message: '' } }));
          const runs = Array.from({ length: 50 }, () => ({ ...fake.runs[0] }));
          Object.assign(fake, { commits, runs, links: false, page: read === 'checks' ? 30 : 100 });
        }),
      error: () =>
        github(
          read,
          answering((response) => response.writeHead(500).end('{"message":"Server Error"}')),
        ),
      hang: () => github(read, (fake) => Object.assign(fake, { before: () => true })),
      nonsense: () =>
        github(
          read,
          answering((response) => response.end(`<html>${SECRET}</html>`)),
        ),
      huge: () => github(read, full),
      rateLimit: () =>
        github(
          read,
          answering((response) => {
            response.setHeader('x-ratelimit-remaining', '0');
            response.setHeader('x-ratelimit-reset', String(Math.floor(Date.now() / 1_000) + 3_600));
            response.writeHead(403).end('{"message":"API rate limit exceeded"}');
          }),
        ),
      paging: {
        read: () =>
          github(read, (fake) => {
            const bruno = { login: 'bruno' };
            fake.commits.push({ sha: COMMIT, author: bruno, commit: { message: 'more' } });
            fake.runs.push({ name: 'slow', head_sha: COMMIT, status: 'completed', conclusion: 'failure' });
            fake.page = 1;
          }),
        whole:
          read === 'checks'
            ? [
                { name: 'unit', conclusion: 'success' },
                { name: 'slow', conclusion: 'failure' },
              ]
            : expect.objectContaining({ number: 7, authors: ['ana', 'bruno'] }),
      },
      secrets: () =>
        github(
          read,
          answering((response) => response.writeHead(401).end(`{"message":"Bad credentials: ${SECRET}"}`)),
        ),
    },
    { secrets: [SECRET] },
  );
}
