/** Dumps in a folder: `SERVICE/ENVIRONMENT/NAME.dump`. Nothing but files with names of our own making is ever touched. */
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writable } from '../folders.js';
import {
  DAY,
  hashOfFile,
  type Keeping,
  moreThan,
  type OpenStore,
  type RetentionFinding,
  type StoredDump,
  type StoreProbe,
  timeOfName,
} from './backup-store.js';

/**
 * Which files of a folder may go, by the times in their names. None while one is of the future: whose clock is wrong, nobody
 * knows. The dump that was stored just now is not among them. Pure.
 */
export function expired(
  names: readonly string[],
  { retention, now }: { retention: number; now: number },
): { old: string[]; inDoubt?: string } {
  // Half a copy is what a worker that was killed has left.
  const ours = names.flatMap((name) => {
    const at = timeOfName(name.replace(/\.part$/, ''));
    return at === undefined ? [] : [{ name, at }];
  });
  const inDoubt = ours.find(({ at }) => at > now)?.name;
  if (inDoubt !== undefined) return { old: [], inDoubt };
  return { old: ours.flatMap(({ name, at }) => (at < now - retention ? name : [])).sort() };
}

export class FolderStore implements OpenStore {
  private readonly folder: string;

  constructor(
    private readonly root: string,
    private readonly keeping: Keeping,
  ) {
    this.folder = join(root, keeping.service, keeping.environment);
  }

  async list(): Promise<StoredDump[]> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const ours = names.sort().flatMap((name) => {
      const at = timeOfName(name);
      return at === undefined ? [] : [{ name, at }];
    });
    return Promise.all(ours.map(async (dump) => ({ ...dump, bytes: (await stat(join(this.folder, dump.name))).size })));
  }

  async keep(file: string, dump: { name: string; sha256: string }): Promise<RetentionFinding & { location?: string }> {
    const location = join(this.folder, dump.name);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const there = await stat(location).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!there) await moveDurably(file, location);
    const sha256 = await hashOfFile(location, this.keeping.signal);
    if (sha256 === dump.sha256) return { ok: true, text: `stored as ${location}, sha256 ${sha256}`, location };
    if (there) return { ok: false, text: `${location} is there already, with other content: sha256 ${sha256}` };
    await rm(location, { force: true });
    return { ok: false, text: `what was stored differs from the dump that was proven: sha256 ${sha256}` };
  }

  async fetch({ location, bytes }: { location: string; bytes: number }, file: string): Promise<string> {
    if (dirname(location) !== this.folder) throw new Error(`${location} is not in ${this.folder}`);
    if ((await stat(location)).size > bytes) throw new Error(`${location} is ${moreThan(bytes)}`);
    await copyFile(location, file);
    return hashOfFile(file, this.keeping.signal);
  }

  async retain(dump: { name: string }): Promise<RetentionFinding> {
    const names = (await readdir(this.folder)).filter((name) => name !== dump.name);
    const { retention } = this.keeping;
    const { old, inDoubt } = expired(names, { retention, now: Date.now() });
    await Promise.all(old.map((name) => rm(join(this.folder, name), { force: true })));
    const removed = old.length > 0 ? `removed now: ${old.join(', ')}` : 'none is older now';
    const kept = inDoubt && `none is removed now: the clock is in doubt, for ${inDoubt} is of the future`;
    return { ok: true, text: `${this.kept}; ${kept ?? removed}` };
  }

  private get kept(): string {
    return `dumps are kept for ${this.keeping.retention / DAY} days and removed by the next backup after that`;
  }

  async probe(): Promise<StoreProbe[]> {
    return [
      { name: 'store', ...(await writable(this.root, 'dumps')) },
      { name: 'retention', ok: true, text: this.kept },
    ];
  }
}

/** To its place in one step, and on the disk before it counts as stored; from another disk by way of a copy. */
async function moveDurably(file: string, location: string): Promise<void> {
  let source = file;
  const copy = `${location}.part`;
  if ((await stat(file)).dev !== (await stat(dirname(location))).dev) {
    await copyFile(file, copy);
    source = copy;
  }
  await sync(source);
  await rename(source, location);
  await sync(dirname(location));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
