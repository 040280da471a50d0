/** What an attempt of an activity has found out, for the attempts after it: on this machine, where its commands ran. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LARGEST_RECORD, readText } from '../../files/bounded-files.js';

/** What was made of `work` by an earlier attempt, or now. @param file beside the step's own records */
export async function once<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const known = await recall<Result>(file);
  if (known !== undefined) return known;
  const result = await work();
  await remember(file, result);
  return result;
}

export async function remember(file: string, what: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.part`, JSON.stringify(what), { mode: 0o600 });
  await rename(`${file}.part`, file);
}

/** Undefined where nothing is remembered. */
export async function recall<What>(file: string): Promise<What | undefined> {
  const known = await readText(file, LARGEST_RECORD).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return known === undefined ? undefined : (JSON.parse(known) as What);
}
