import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically } from '../../src/local/folders.js';

const ROOT = '/var/tmp';
const NAME = /^\/var\/tmp\/surefoot-[0-9a-f]{12}-[A-Za-z0-9]{6}$/;

/**
 * The folder outside the state folder for what another account must reach (a state folder below /root is closed to it).
 * Made once, with an unguessable name, and recorded in the state folder so that a reset removes it.
 */
export async function externalFolder(home: string): Promise<string> {
  const recorded = await recordedFolder(home);
  if (recorded && (await stat(recorded).catch(() => undefined))) return recorded;
  const hash = createHash('sha256').update(home).digest('hex').slice(0, 12);
  const folder = await mkdtemp(join(ROOT, `surefoot-${hash}-`));
  await chmod(folder, 0o711);
  await writeAtomically(join(home, 'external-folder'), `${folder}\n`);
  return folder;
}

/** Removes the external folder if this state folder has one. */
export async function removeExternalFolder(home: string): Promise<void> {
  const recorded = await recordedFolder(home);
  if (recorded) await rm(recorded, { recursive: true, force: true, maxRetries: 3 });
}

async function recordedFolder(home: string): Promise<string | undefined> {
  const text = await readFile(join(home, 'external-folder'), 'utf8').catch(() => '');
  const folder = text.trim();
  return NAME.test(folder) ? folder : undefined;
}

/** Whether the account can pass through every folder above `path`, and read it. */
export async function reachableBy(path: string, account: { uid: number; gid: number }): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}
