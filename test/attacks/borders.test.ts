/** What a plan, its machines and its repository try to make the worker read or run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { storeEvidence } from '../../src/adapters/evidence/evidence-store.js';
import { readSecret } from '../../src/adapters/evidence/secrets.js';
import { contentAt } from '../../src/adapters/review/git.js';
import { readDocument } from '../../src/plan/core/document.js';
import { temporaryFolder } from '../activities/support.js';

afterEach(() => vi.unstubAllEnvs());

describe('a credential of a bindings file that points to', () => {
  const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n';
  const keyFile = () => {
    const file = join(temporaryFolder(), 'payload.key');
    writeFileSync(file, 'dGhpcnR5LXR3by1ieXRlcy1vZi1rZXktbWF0ZXJpYWw=');
    return file;
  };
  test.each<[string, () => string]>([
    ['the list of payload keys', () => 'env:SUREFOOT_PAYLOAD_KEYS'],
    ["the worker's own key to Temporal", () => 'env:TEMPORAL_API_KEY'],
    [
      'the variable with a payload key',
      () => {
        vi.stubEnv('SUREFOOT_PAYLOAD_KEYS', 'one=env:THE_KEY');
        return 'env:THE_KEY';
      },
    ],
    [
      'the file with a payload key, by another name',
      () => {
        const file = keyFile();
        vi.stubEnv('SUREFOOT_PAYLOAD_KEYS', `one=file:${file}`);
        symlinkSync(file, `${file}.password`);
        return `file:${file}.password`;
      },
    ],
    ["the worker's whole environment", () => 'file:/proc/self/environ'],
    [
      'a private key',
      () => {
        const file = keyFile();
        writeFileSync(file, KEY);
        return `file:${file}`;
      },
    ],
  ])('%s, is not read', async (_, reference) => {
    vi.stubEnv('SUREFOOT_PAYLOAD_KEYS', 'one=env:ANOTHER');
    vi.stubEnv('TEMPORAL_API_KEY', 'a-key');
    vi.stubEnv('THE_KEY', 'a-key');
    await expect(readSecret(reference())).rejects.toMatchObject({
      message: expect.stringContaining('is not for plans to name'),
      nonRetryable: true,
    });
  });
});

test('a repository that would fetch what it lacks by a program of its own, runs nothing', async () => {
  const folder = temporaryFolder();
  const mark = join(folder, 'ran');
  const git = (...words: string[]) => execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8' }).trim();
  git('init', '--quiet');
  git('config', 'user.email', 'nobody@example.com');
  git('config', 'user.name', 'nobody');
  writeFileSync(join(folder, 'file'), 'content');
  git('add', 'file');
  git('commit', '--quiet', '-m', 'one');
  const blob = git('rev-parse', 'HEAD:file');
  git('config', 'extensions.partialClone', 'origin');
  git('config', 'remote.origin.url', `ext::sh -c touch% ${mark}`);
  git('config', 'remote.origin.promisor', 'true');
  git('config', 'protocol.ext.allow', 'always');
  rmSync(join(folder, '.git', 'objects', blob.slice(0, 2), blob.slice(2)));
  // The attack works where nobody holds it.
  expect(() => git('cat-file', 'blob', 'HEAD:file')).toThrow();
  expect(existsSync(mark)).toBe(true);
  rmSync(mark);

  await expect(contentAt({ folder }, 'HEAD', 'file')).rejects.toThrow(/git cat-file/);
  expect(existsSync(mark)).toBe(false);
});

test.each(['../x', '..', 'a/b', '/etc', ''])(
  'evidence of a deployment named "%s" is written nowhere',
  async (deployment) => {
    const folder = temporaryFolder();
    const store = join(folder, 'store');
    const place = { store, deployment };
    await expect(storeEvidence(place, { title: 'x', path: 'x.txt', content: 'x' })).rejects.toThrow(/names no folder/);
    expect(readdirSync(folder)).toEqual([]);
  },
);

test('a person named __proto__ is a mistake of the plan, not a person who vanishes', () => {
  const text = 'surefoot: 1\napprovals:\n  roster:\n    __proto__: {name: Nobody, roles: [tech-lead]}\n';
  const { document, problems } = readDocument('plan.yaml', text);
  expect(document).toBeUndefined();
  expect(problems).toMatchObject([{ line: 4, message: expect.stringContaining('__proto__') }]);
});
