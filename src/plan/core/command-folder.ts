/** Where a command of the worker runs. */
import { resolve } from 'node:path';
import { folderAt } from './document.js';
import type { Path } from './problems.js';
import type { MachineMaps, Resolution as ResolutionOf } from './resolution.js';

type Resolution = ResolutionOf<MachineMaps & { release?: { repository?: string } }>;

/** What the reference says of a command's `in`. */
export const WORKER_FOLDER =
  'A key of `folders`; when left out, the folder of `release.repository`, or of this file where there is none';

/**
 * @param named the key of `folders` that a command gives, if it gives one
 * @param from where it stands, or would stand
 */
export function workerFolder(resolution: Resolution, named: string | undefined, from: Path): string {
  return named === undefined ? unnamedFolder(resolution, from) : resolution.folder(named, from);
}

/** Of a command that gives none. A repository that is no folder is told where it is named. */
export function unnamedFolder(resolution: Resolution, from: Path): string {
  const { repository } = resolution.sections.release ?? {};
  if (repository === undefined) return folderAt(resolution.sources.plan, from);
  const entry = resolution.value('folders', repository);
  return entry === undefined ? '' : resolve(entry.folder, entry.value);
}
