/**
 * A file fits one sitting, and a folder one look: no file of src has more lines than LINES, no folder more files than
 * FILES.
 *
 *   node scripts/checks/sizes.js [FOLDER]
 */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { finish, sourceFiles } from './source.js';

const LINES = 300;
const FILES = 20;

const root = resolve(process.argv[2] ?? '.');
const files = sourceFiles(root, 'src');
const folders = new Map();
for (const file of files) folders.set(dirname(file), (folders.get(dirname(file)) ?? 0) + 1);

const long = files.flatMap((file) => {
  const lines = readFileSync(join(root, file), 'utf8').split('\n').length - 1;
  return lines > LINES ? [`${file}: ${lines} lines are more than ${LINES}: split it by subject`] : [];
});
const full = [...folders].flatMap(([folder, count]) =>
  count > FILES ? [`${folder}: ${count} files are more than ${FILES}: give a subject its own folder`] : [],
);
finish([...long, ...full], `${files.length} files of at most ${LINES} lines, in folders of at most ${FILES}.`);
