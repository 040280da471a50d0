/** Repositories as other teams have them, and git itself behaving badly. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { examineRepository } from '../../src/activities/review/repository.js';
import { contentAt, type Repository, resolveCommit } from '../../src/adapters/review/git.js';
import { howMerged } from '../../src/adapters/review/git-merges.js';
import { temporaryFolder } from '../activities/support.js';
import { approvedBranch, cloneOf, newRepository, withBranch } from '../helpers/repository.js';
import { type Answer, answerOf, conforms } from './reader.js';

/** Longest time for one question, milliseconds. */
const LIMIT = 1_000;
const SECRET = 'token-of-the-forge';

async function named(repository: Repository, name: string): Promise<Answer> {
  const answer = await answerOf(() => resolveCommit({ ...repository, limit: LIMIT }, name));
  if (!('known' in answer)) return answer;
  const found = answer.known as Awaited<ReturnType<typeof resolveCommit>>;
  return 'commit' in found ? { known: found.commit } : found;
}

/** The repository with its HEAD in this state. */
async function withHead(spoil: (file: string) => void): Promise<Repository> {
  const made = await withBranch();
  const file = join(made.folder, '.git', 'HEAD');
  rmSync(file);
  spoil(file);
  return made;
}
const hanging = () => withHead((file) => spawnSync('mkfifo', [file]));
const garbled = () => withHead((file) => writeFileSync(file, 'nonsense'));

/** A clone without tags and contents, whose origin is named with a credential. */
async function fromForge() {
  const made = await newRepository();
  await made.git('config', 'uploadpack.allowFilter', 'true');
  const copy = await cloneOf(made, '--filter=blob:none', '--no-checkout', '--no-tags');
  await copy.git('remote', 'set-url', 'origin', `https://ana:${SECRET}@forge.invalid/repository`);
  return copy;
}

conforms(
  'adapters/review/git.ts',
  {
    value: async () => named(await newRepository(), 'v1'),
    none: async () => named(await newRepository(), 'v2'),
    hidden: async () => named(await cloneOf(await newRepository(), '--no-tags'), 'v1'),
    partial: async () => {
      const made = await newRepository();
      const first = await made.git('rev-parse', 'HEAD');
      await made.commit('later', 'later\n');
      return named(await cloneOf(made, '--depth', '1', '--no-tags'), first);
    },
    error: async () => named({ folder: temporaryFolder() }, 'main'),
    hang: async () => named(await hanging(), 'main'),
    nonsense: async () => named(await garbled(), 'main'),
    huge: { impossible: 'a name stands for one commit; output is bounded as that of every short command' },
    secrets: async () => {
      const copy = await fromForge();
      // What the clone left out would have to be fetched.
      return answerOf(() => contentAt({ folder: copy.folder, limit: LIMIT * 5 }, 'HEAD', 'README'));
    },
  },
  { secrets: [SECRET] },
);

async function merged(repository: Repository, of?: { head: string; target: string }): Promise<Answer> {
  const made = repository as Awaited<ReturnType<typeof withBranch>>;
  const answer = await answerOf(async () => {
    const ends = of ?? { head: await made.git('rev-parse', 'work'), target: await made.git('rev-parse', 'main') };
    return await howMerged({ folder: repository.folder, limit: LIMIT * 5 }, ends);
  });
  if (!('known' in answer)) return answer;
  const merge = answer.known as Awaited<ReturnType<typeof howMerged>>;
  if (merge.how === 'unknown') return { unknown: merge.why };
  return merge.how === 'not' ? { none: 'no merge' } : { known: merge };
}

const ends = async ({ git }: Awaited<ReturnType<typeof withBranch>>) => ({
  head: await git('rev-parse', 'work'),
  target: await git('rev-parse', 'main'),
});

conforms('adapters/review/git-merges.ts', {
  value: async () => {
    const made = await withBranch();
    await made.git('merge', '--quiet', '--squash', 'work');
    await made.git('commit', '--quiet', '--message', 'squashed');
    return merged(made);
  },
  none: async () => merged(await withBranch()),
  hidden: async () => {
    const made = await withBranch();
    await made.git('config', 'uploadpack.allowFilter', 'true');
    return merged(await cloneOf(made, '--filter=blob:none', '--no-checkout'), await ends(made));
  },
  partial: async () => {
    const made = await withBranch();
    return merged(await cloneOf(made, '--depth', '1', '--no-single-branch'), await ends(made));
  },
  error: async () => merged({ folder: temporaryFolder() }, { head: 'a'.repeat(40), target: 'b'.repeat(40) }),
  hang: async () => {
    const made = await withBranch();
    const asked = await ends(made);
    rmSync(join(made.folder, '.git', 'HEAD'));
    spawnSync('mkfifo', [join(made.folder, '.git', 'HEAD')]);
    return answerOf(() => howMerged({ folder: made.folder, limit: LIMIT }, asked));
  },
  nonsense: async () => merged(await newRepository(), { head: 'a'.repeat(40), target: 'b'.repeat(40) }),
  huge: async () => {
    const made = await newRepository();
    await made.git('checkout', '--quiet', '-b', 'work');
    await made.commit('data.txt', `${'x'.repeat(99)}\n`.repeat(350_000));
    await made.git('checkout', '--quiet', 'main');
    await made.commit('other', 'other\n');
    return merged(made as never);
  },
});

const release = (folder: string) => ({ repository: folder, branch: 'work', target: 'main', previous: 'v1', files: [] });

async function examined(repository: Repository, fact: string): Promise<Answer> {
  const signal = new AbortController().signal;
  const answer = await answerOf(() =>
    examineRepository({ release: release(repository.folder), signal, limit: LIMIT * 2 }),
  );
  if (!('known' in answer)) return answer;
  const { facts } = answer.known as Awaited<ReturnType<typeof examineRepository>>;
  const found = facts.find(({ name }) => name === fact);
  if (found?.unknown) return { unknown: found.text };
  return found?.ok ? { known: found.text } : { none: found?.text ?? '' };
}

conforms('activities/review/repository.ts', {
  value: async () => examined(await approvedBranch(), 'merged'),
  none: async () => examined(await withBranch(), 'merged'),
  // The branch was deleted; whoever squashed it left no trace.
  hidden: async () => {
    const made = await withBranch();
    await made.git('branch', '--quiet', '-D', 'work');
    return examined(await cloneOf(made), 'merged');
  },
  // Merged, but the clone is older than that.
  partial: async () => {
    const made = await withBranch();
    const copy = await cloneOf(made);
    await made.git('merge', '--quiet', '--no-ff', '--message', 'merged', 'work');
    return examined(copy, 'merged');
  },
  error: () => examined({ folder: temporaryFolder() }, 'target'),
  hang: async () => examined(await hanging(), 'target'),
  nonsense: async () => examined(await garbled(), 'previous'),
  huge: { impossible: 'as in adapters/git-merges.ts, which reads the patches' },
});
