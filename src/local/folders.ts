import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'surefoot';

/** The checkout's (or installed package's) root, from the sources as well as from `dist/`. */
export function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (packageName(folder) !== PACKAGE) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json of ${PACKAGE} above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return folder;
}

function packageName(folder: string): string | undefined {
  const file = join(folder, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name : undefined;
}

/** Where downloads are kept between runs: `SUREFOOT_CACHE`, else `~/.cache/surefoot`. */
export function cacheFolder(): string {
  return resolve(process.env.SUREFOOT_CACHE || join(homedir(), '.cache', 'surefoot'));
}

/** Where all of the sandbox's state lives: `SUREFOOT_HOME`, else `.surefoot` in the current folder. */
export function defaultHome(): string {
  return resolve(process.env.SUREFOOT_HOME || '.surefoot');
}

/** Writes a file so that a reader sees the old text or the new, never half of it. */
export async function writeAtomically(path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2, 10)}.tmp`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, path);
}
