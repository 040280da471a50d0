/** Folders that this machine's worker is to write to, before it does. */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The folder, or the nearest one above it that is there. */
async function existing(folder: string): Promise<{ folder: string; isFolder: boolean }> {
  const found = await stat(folder).catch(() => undefined);
  if (found) return { folder, isFolder: found.isDirectory() };
  return dirname(folder) === folder ? { folder, isFolder: false } : existing(dirname(folder));
}

/** Whether it can be written to, or made. @param what it is for: `dumps` */
export async function writable(folder: string, what: string): Promise<{ ok: boolean; text: string; advice?: string }> {
  const there = await existing(folder);
  const advice = 'Make it a folder that the worker may write to, or name another one.';
  if (!there.isFolder) return { ok: false, text: `${there.folder}, for ${what}, is no folder`, advice };
  const may = await access(there.folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const which = there.folder === folder ? folder : `${folder}, to be made in ${there.folder}`;
  return may
    ? { ok: true, text: `${which}: writable, for ${what}` }
    : { ok: false, text: `${which}: not writable`, advice };
}

/** Bytes that are free where it is, or will be. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs((await existing(folder)).folder);
  return bavail * bsize;
}
