/** What an attempt of an activity has found out, for the attempts after it: on this machine, where its commands ran. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What was made of `work` by an earlier attempt, or now. @param file beside the step's own records */
export async function once<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (known !== undefined) return JSON.parse(known) as Result;
  const result = await work();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.part`, JSON.stringify(result), { mode: 0o600 });
  await rename(`${file}.part`, file);
  return result;
}
