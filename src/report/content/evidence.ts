/** The evidence folder of a deployment, as far as it is on this machine. Evidence that is not what it was is not used. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { EvidenceReference } from '../../domain/evidence.js';
import { fileStream, readText, whyUnread } from '../../files/bounded-files.js';

/** Bytes of one file that a page is made from. */
const LARGEST_READ = 64_000_000;

export interface EvidenceFolder {
  folder: string;
  /** Why there is none here. */
  missing?: string;
}

/** @param store the plan's evidence folder, on the worker's machine */
export function evidenceFolder(store: string, deployment: string): EvidenceFolder {
  const folder = join(store, deployment);
  if (existsSync(folder)) return { folder };
  return { folder, missing: `the evidence folder ${folder} is not on this machine` };
}

/** The file that a path of the store stands for; none when the path leaves the folder. */
export function evidencePathIn({ folder }: EvidenceFolder, path: string): string | undefined {
  const inside = normalize(path);
  return inside.startsWith('..') || isAbsolute(inside) ? undefined : join(folder, inside);
}

export type Flaw = { path: string; kind: 'missing' | 'changed'; text: string };

/** Whether a file is there and is what it was when it was kept. */
export async function flawOf(place: EvidenceFolder, reference: EvidenceReference): Promise<Flaw | undefined> {
  const { path, sha256, bytes } = reference;
  const file = evidencePathIn(place, path);
  if (file === undefined) return { path, kind: 'missing', text: 'its path leaves the evidence folder' };
  try {
    const hash = createHash('sha256');
    await pipeline(await fileStream(file), hash);
    const now = hash.digest('hex');
    if (now === sha256) return undefined;
    const size = (await stat(file)).size;
    const sizes = size === bytes ? '' : `, ${size} bytes instead of ${bytes}`;
    return { path, kind: 'changed', text: `its sha256 is ${now} instead of ${sha256}${sizes}` };
  } catch (error) {
    const code = whyUnread(error);
    return { path, kind: 'missing', text: code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})` };
  }
}

/** Text of evidence, or why it is not used. `reference` is missing for a series that has not been sealed yet. */
export async function readEvidence(
  place: EvidenceFolder,
  path: string,
  reference: EvidenceReference | undefined,
): Promise<{ text: string } | { unused: string }> {
  if (place.missing !== undefined) return { unused: place.missing };
  const file = evidencePathIn(place, path);
  if (file === undefined) return { unused: `${path}: its path leaves the evidence folder` };
  const flaw = reference && (await flawOf(place, reference));
  if (flaw) return { unused: `${path}: ${flaw.text}` };
  try {
    return { text: await readText(file, LARGEST_READ) };
  } catch (error) {
    const code = whyUnread(error);
    return { unused: `${path}: ${code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`}` };
  }
}
