/** A service's evidence as it lies in its folder: what there is of each deployment, and how it is removed. */
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { LoadedDataConverter } from '@temporalio/common';
import { serviceOf } from '../../contract/names.js';
import type { ArchivedEnd, KeptEvidence } from '../../domain/deployments/evidence-retention.js';
import { type Archived, archivesIn, gatherArchived } from '../../report/history/archive.js';
import { innermost } from '../../temporal/errors.js';

/** What was moved away and is being deleted; no deployment has such a name. */
const REMOVED = '.removed';

/** @throws CliError where the folder cannot be read */
export async function keptEvidence(
  { store, service }: { store: string; service: string },
  converter: LoadedDataConverter,
): Promise<KeptEvidence[]> {
  const { archives, unreadable } = await archivesIn(store);
  const names = (await readdir(store).catch(noneIfAbsent)).filter((name) => serviceOf(name) === service).sort();
  const kept: KeptEvidence[] = [];
  for (const deployment of names) {
    const own = archives.filter(({ index }) => index.deployment === deployment);
    const unread = unreadable.filter((file) => relative(store, file).split(sep)[0] === deployment);
    const end = await endOf(own, converter).catch((error: unknown) => ({ unknown: innermost(error) }));
    const lies = await lying(join(store, deployment)).catch((error: unknown) => ({
      ...{ bytes: 0, writtenAt: 0 },
      unknown: innermost(error),
    }));
    const torn = unread.length > 0 ? { unknown: `${unread.join(', ')} cannot be read` } : {};
    kept.push({ deployment, ...end, ...torn, ...lies });
  }
  return kept;
}

/** Of several runs the one that ended last counts, and the longest retention; all of them must be readable. */
async function endOf(archives: readonly Archived[], converter: LoadedDataConverter): Promise<{ end?: ArchivedEnd }> {
  const ends: ArchivedEnd[] = [];
  for (const archived of archives) {
    const { input, ledger } = await gatherArchived(archived, converter);
    // What a demo plays has brought production nowhere.
    const succeeded = ledger.outcome === 'succeeded' && input.clock === 'real';
    ends.push({ at: archived.index.archivedAt, succeeded, retention: input.plan.evidenceRetention ?? 0 });
  }
  const end = ends.toSorted((one, other) => other.at - one.at)[0];
  const retention = Math.max(0, ...ends.map((each) => each.retention ?? 0));
  return end ? { end: { ...end, retention } } : {};
}

/** @throws Error where it is no folder, or a part of it cannot be seen */
async function lying(folder: string): Promise<{ bytes: number; writtenAt: number }> {
  if (!(await lstat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
  const all = { bytes: 0, writtenAt: 0 };
  for (const name of await readdir(folder, { recursive: true })) {
    const { size, mtimeMs } = await lstat(join(folder, name));
    all.bytes += size;
    all.writtenAt = Math.max(all.writtenAt, Math.floor(mtimeMs));
  }
  return all;
}

/** Each whole or not at all: what is cut off in the midst of it is out of the way, and goes with the next. */
export async function removeEvidence(store: string, deployments: readonly string[]): Promise<void> {
  const away = join(store, REMOVED);
  await rm(away, { recursive: true, force: true });
  if (deployments.length === 0) return;
  await mkdir(away, { mode: 0o700 });
  for (const deployment of deployments) {
    await rename(join(store, deployment), join(away, deployment));
    await rm(join(away, deployment), { recursive: true, force: true });
  }
  await rm(away, { recursive: true, force: true });
}

function noneIfAbsent(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
