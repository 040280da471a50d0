/**
 * Which evidence folder this is: a name made once, kept in the folder. Workers that mount the same one agree; a folder of
 * the same path on another machine has another name, and half of a deployment's proof would go there unseen.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LARGEST_RECORD, readText } from '../../files/bounded-files.js';

/** The file's name in the evidence folder. */
export const EVIDENCE_IDENTITY_FILE = 'evidence.json';

/** Reads the identity, or makes it: whoever comes at once agrees. @throws Error of the folder's */
export async function evidenceIdentity(store: string): Promise<string> {
  await mkdir(store, { recursive: true, mode: 0o700 });
  const known = await readEvidenceIdentity(store);
  if (known !== undefined) return known;
  const identity = randomBytes(8).toString('hex');
  const draft = join(store, `${EVIDENCE_IDENTITY_FILE}.${identity}.part`);
  await writeFile(draft, `${JSON.stringify({ identity, madeAt: new Date().toISOString() })}\n`, { mode: 0o600 });
  // A link, not a rename: the first one stays, and appears together with its content.
  await link(draft, join(store, EVIDENCE_IDENTITY_FILE)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft, { force: true });
  return (await readEvidenceIdentity(store)) ?? identity;
}

/** Undefined where none was made, or the folder is not there. @throws Error when there is one that cannot be read */
export async function readEvidenceIdentity(store: string): Promise<string | undefined> {
  const file = join(store, EVIDENCE_IDENTITY_FILE);
  const text = await readText(file, LARGEST_RECORD).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const { identity } = parsed(text);
  if (typeof identity === 'string' && identity !== '') return identity;
  throw new Error(
    `${file} cannot be understood: bring it back from a backup, or delete it where no deployment is under way`,
  );
}

function parsed(text: string): { identity?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as { identity?: unknown };
  } catch {
    return {};
  }
}
