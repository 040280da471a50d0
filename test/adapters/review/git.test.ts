import { chownSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isAncestor, lastFetch, missingFiles, resolveCommit, unreadable } from '../../../src/adapters/review/git.js';
import { headOfDeleted, howMerged } from '../../../src/adapters/review/git-merges.js';
import { temporaryFolder } from '../../activities/support.js';
import { cloneOf, newRepository, withBranch } from '../../helpers/repository.js';

afterEach(() => vi.unstubAllEnvs());

describe('how a branch was merged', () => {
  const how = async ({ folder, git }: Awaited<ReturnType<typeof withBranch>>, head = 'work') =>
    howMerged({ folder }, { head: await git('rev-parse', head), target: await git('rev-parse', 'main') });

  test('not at all, or as it is', async () => {
    const made = await withBranch();
    expect(await how(made)).toEqual({ how: 'not' });
    await made.git('merge', '--quiet', '--no-ff', '--message', 'merged', 'work');
    expect(await how(made)).toEqual({ how: 'as it is' });
  });

  test('squashed into one commit, though no history says so', async () => {
    const made = await withBranch();
    await made.git('merge', '--quiet', '--squash', 'work');
    await made.git('commit', '--quiet', '--message', 'Work (#7)');
    const commit = await made.git('rev-parse', 'HEAD');
    await made.commit('later.py', 'later\n');
    expect(await how(made)).toMatchObject({ how: 'squashed', commit });
  });

  test('rebased, commit by commit', async () => {
    const made = await withBranch();
    await made.git('cherry-pick', 'main..work');
    const commit = await made.git('rev-parse', 'HEAD');
    await made.commit('later.py', 'later\n');
    expect(await how(made)).toMatchObject({ how: 'rebased', commit });
  });

  test('what came to the branch after its squash, or in part only, is not merged', async () => {
    const made = await withBranch();
    await made.git('cherry-pick', 'work~1');
    expect(await how(made)).toEqual({ how: 'not' });
    await made.git('cherry-pick', 'work');
    await made.git('checkout', '--quiet', 'work');
    await made.commit('app/three.py', 'three\n');
    expect(await how(made)).toEqual({ how: 'not' });
  });

  test('a squash of other bytes is another change, whatever text they make', async () => {
    const made = await newRepository();
    await made.git('checkout', '--quiet', '-b', 'work');
    await made.commit('name.txt', Buffer.from([0xe9, 0x0a]) as never);
    await made.git('checkout', '--quiet', 'main');
    await made.commit('name.txt', Buffer.from([0xe8, 0x0a]) as never);
    expect(await how(made as never)).toEqual({ how: 'not' });
  });

  test('a shallow clone does not know what it does not hold', async () => {
    const made = await withBranch();
    await made.git('merge', '--quiet', '--no-ff', '--message', 'merged', 'work');
    await made.commit('later.py', 'later\n');
    const copy = await cloneOf(made, '--depth', '1', '--no-single-branch');
    const ends = { head: made.head, target: await copy.git('rev-parse', 'main') };
    expect(await howMerged(copy, ends)).toEqual({ how: 'unknown', why: expect.stringContaining('shallow clone') });
  });

  test('a partial clone is not completed on the way, and says what it cannot tell', async () => {
    const made = await withBranch();
    await made.git('config', 'uploadpack.allowFilter', 'true');
    await made.git('merge', '--quiet', '--squash', 'work');
    await made.git('commit', '--quiet', '--message', 'Work (#7)');
    const copy = await cloneOf(made, '--filter=blob:none', '--no-checkout');
    const before = await copy.git('count-objects', '-v');
    const ends = { head: made.head, target: await copy.git('rev-parse', 'origin/main') };
    expect(await howMerged(copy, ends)).toEqual({ how: 'unknown', why: expect.stringContaining('partial clone') });
    expect(await missingFiles(copy, ends.target, ['app/one.py', 'app/none.py'])).toEqual({
      missing: ['app/none.py'],
      unknown: [],
    });
    expect(await copy.git('count-objects', '-v')).toBe(before);
  });

  test.each([
    ["Merge branch 'work'", true],
    ["Merge branch 'work' into main", true],
    ['Merge pull request #7 from eduautismo/work', true],
    ["Merge branch 'more-work'", false],
    ['Merge pull request #7 from eduautismo/home-work', false],
  ])('a branch that was deleted after "%s" is found by it: %s', async (message, found) => {
    const made = await withBranch();
    await made.git('merge', '--quiet', '--no-ff', '--message', message, 'work');
    await made.git('branch', '--quiet', '-D', 'work');
    const target = await made.git('rev-parse', 'main');
    expect(await headOfDeleted(made, { branch: 'work', target })).toEqual(
      found ? { head: made.head, merge: target } : undefined,
    );
  });
});

describe('what a name stands for', () => {
  test('a tag, a branch or a commit', async () => {
    const { folder, git } = await withBranch();
    const main = await git('rev-parse', 'main');
    for (const name of ['main', 'v1', main, main.slice(0, 10)]) {
      expect(await resolveCommit({ folder }, name)).toEqual({ commit: await git('rev-parse', name) });
    }
    expect(await resolveCommit({ folder }, 'none')).toEqual({ none: `none is not in ${folder}` });
    expect(await resolveCommit({ folder }, '--all')).toEqual({ none: `--all is not in ${folder}` });
  });

  test('a name that is both a tag and a branch is not guessed at', async () => {
    const { folder, git } = await withBranch();
    await git('tag', 'work', 'main');
    const found = await resolveCommit({ folder }, 'work');
    expect(found).toEqual({ unknown: expect.stringMatching(/several commits .*the tag is .*, the branch is /) });
    await git('tag', '--force', 'work', 'refs/heads/work');
    expect(await resolveCommit({ folder }, 'work')).toEqual({ commit: await git('rev-parse', 'refs/heads/work') });
  });

  test('a branch that stands here where its origin has gone on from is not taken for the origin’s', async () => {
    const made = await newRepository();
    const copy = await cloneOf(made);
    const later = await made.commit('later.py', 'later\n');
    await copy.git('fetch', '--quiet');
    expect(await resolveCommit(copy, 'main')).toEqual({ unknown: expect.stringContaining("origin's branch is") });
    expect(await resolveCommit(copy, 'origin/main')).toEqual({ commit: later });
  });

  test('what an old clone has not heard of is unknown, with the time of its last fetch', async () => {
    const made = await newRepository();
    const copy = await cloneOf(made);
    await made.git('tag', 'v2');
    expect(await resolveCommit(copy, 'v2')).toEqual({ unknown: expect.stringContaining('never fetched since') });
    await copy.git('fetch', '--quiet', '--no-tags');
    utimesSync(join(copy.folder, '.git', 'FETCH_HEAD'), 1_700_000_000, 1_700_000_000);
    expect(await resolveCommit(copy, 'v2')).toEqual({
      unknown: `v2 is not in ${copy.folder} as it was last fetched, 2023-11-14 22:13 UTC`,
    });
    expect(await lastFetch(made)).toBeUndefined();
  });
});

describe('which repository is asked', () => {
  test.each(['GIT_DIR', 'GIT_WORK_TREE', 'GIT_OBJECT_DIRECTORY', 'GIT_INDEX_FILE', 'GIT_NAMESPACE'])(
    'a worker with %s in its environment still asks the one that the plan names',
    async (name) => {
      const [asked, other] = [await newRepository(), await newRepository()];
      const here = await asked.commit('here.py', 'here\n');
      await other.commit('there.py', 'there\n');
      vi.stubEnv(
        name,
        name === 'GIT_OBJECT_DIRECTORY' ? join(other.folder, '.git/objects') : join(other.folder, '.git'),
      );
      expect(await resolveCommit({ folder: asked.folder }, 'main')).toEqual({ commit: here });
    },
  );

  test('settings of the worker’s user and environment change no answer', async () => {
    const made = await newRepository();
    vi.stubEnv('GIT_CONFIG_COUNT', '1');
    vi.stubEnv('GIT_CONFIG_KEY_0', 'core.bare');
    vi.stubEnv('GIT_CONFIG_VALUE_0', 'nonsense');
    expect(await unreadable({ folder: made.folder })).toBeUndefined();
  });

  test('a folder inside a repository is not that repository, nor is a submodule that was not checked out', async () => {
    const made = await newRepository();
    mkdirSync(join(made.folder, 'vendored'));
    expect(await unreadable({ folder: join(made.folder, 'vendored') })).toContain('name that one');
  });

  test('bare ones, linked worktrees with a detached head and other owners are read', async () => {
    const made = await withBranch();
    const bare = await cloneOf(made, '--bare');
    expect(await resolveCommit(bare, 'work')).toEqual({ commit: made.head });
    const linked = join(temporaryFolder(), 'linked');
    await made.git('worktree', 'add', '--quiet', '--detach', linked, 'work');
    expect(await resolveCommit({ folder: linked }, 'HEAD')).toEqual({ commit: made.head });
    // Only root can give a folder away.
    if (process.getuid?.() === 0) {
      chownSync(made.folder, 65_534, 65_534);
      chownSync(join(made.folder, '.git'), 65_534, 65_534);
    }
    expect(await unreadable(made)).toBeUndefined();
    expect(await isAncestor(made, { ancestor: 'v1', of: 'work' })).toBe(true);
  });

  test('a file in a submodule is not missed: it is not looked into', async () => {
    const [made, part] = [await newRepository(), await newRepository()];
    await made.git('submodule', '--quiet', 'add', `file://${part.folder}`, 'part');
    await made.git('commit', '--quiet', '--message', 'part');
    const target = await made.git('rev-parse', 'HEAD');
    expect(await missingFiles(made, target, ['part/README', 'part', 'README', './README', 'none'])).toEqual({
      missing: ['none'],
      unknown: ['part/README is in the submodule part, which is not looked into'],
    });
  });
});
