/**
 * Which deployments were admitted, by which run: kept for good, as Temporal forgets its runs. An old start can be sent again
 * by whoever reaches Temporal, word for word; what it names has been carried out, and is not carried out once more.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LARGEST_RECORD, readText } from '../../files/bounded-files.js';

/** No deployment has such a name. */
const FOLDER = '.admitted';

/**
 * Records that a run was admitted, unless another one was: who comes first stays.
 * @returns the run that the deployment was admitted for, this one or an earlier one
 * @throws Error of the folder's; Error where a record cannot be understood: nobody knows then
 */
export async function admittedRun(folder: string, deployment: string, run: string): Promise<string> {
  const records = join(folder, FOLDER);
  await mkdir(records, { recursive: true, mode: 0o700 });
  const file = join(records, `${deployment}.json`);
  const draft = `${file}.${randomBytes(8).toString('hex')}.part`;
  try {
    const written = await open(draft, 'wx', 0o600);
    await written.writeFile(`${JSON.stringify({ run, at: new Date().toISOString() })}\n`);
    await written.sync();
    await written.close();
    // A link, not a rename: the first one stays, and appears together with its content.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  const known = runIn(await readText(file, LARGEST_RECORD));
  if (known === undefined) throw new Error(`${file} cannot be understood: bring it back from a backup`);
  return known;
}

function runIn(text: string): string | undefined {
  try {
    const { run } = JSON.parse(text) as { run?: unknown };
    return typeof run === 'string' ? run : undefined;
  } catch {
    return undefined;
  }
}
