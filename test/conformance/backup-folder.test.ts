import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAY } from '../../src/adapters/backup/backup-store.js';
import { FolderStore } from '../../src/adapters/backup/folder-store.js';
import { temporaryFolder } from '../activities/support.js';
import { type Answer, answerOf, conforms } from './reader.js';

const NAME = '20251124T115100Z_d_1_8d969eef6eca.dump';

/** A folder for dumps in which something was put, and what is read there. */
async function list(put: (folder: string) => void): Promise<Answer> {
  const root = temporaryFolder();
  const folder = join(root, 's', 'production');
  put(folder);
  const signal = new AbortController().signal;
  const store = new FolderStore(root, { service: 's', environment: 'production', retention: 30 * DAY, signal });
  const answer = await answerOf(() => store.list());
  return 'known' in answer && (answer.known as unknown[]).length === 0
    ? { none: 'no such folder, or no dump' }
    : answer;
}

const filled = (folder: string, names: string[]) => {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), 'x');
};

conforms('adapters/backup/folder-store.ts', {
  value: () => list((folder) => filled(folder, [NAME])),
  none: () => list(() => undefined),
  hidden: { impossible: 'a folder that may not be read is the error EACCES; these tests may run as root, who may' },
  // A share that lost a file between the names and their sizes.
  partial: () =>
    list((folder) => {
      filled(folder, []);
      symlinkSync('/nowhere', join(folder, NAME));
    }),
  error: () =>
    list((folder) => {
      filled(join(folder, '..'), []);
      writeFileSync(folder, 'a file where the folder is to be');
    }),
  hang: { impossible: 'a disk that hangs holds the whole process; the activity has its own limit' },
  nonsense: { impossible: 'files of any other name are somebody else’s: they are not read' },
  huge: () =>
    list((folder) =>
      filled(
        folder,
        Array.from({ length: 2_000 }, (_, index) => NAME.replace('_1_', `_${index}_`)),
      ),
    ),
});
