import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, ownIdentity, type ProcessIdentity } from '../../src/local/processes.js';

/** Who holds a lock, and since when (ISO 8601). */
export type LockHolder = ProcessIdentity & { since: string };

export type Lock = { release(): Promise<void> };

/**
 * Takes the lock file, or says who holds it. A lock whose holder is dead is taken over; two processes that find the same
 * dead lock can't both win, because the take-over itself is done under a lock of its own.
 */
export async function acquireLock(path: string): Promise<{ lock: Lock } | { heldBy: LockHolder }> {
  const mine: LockHolder = { ...(await ownIdentity()), since: new Date().toISOString() };
  const text = JSON.stringify(mine);
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2, 10)}`;
  await writeFile(temporary, text, { mode: 0o600 });
  try {
    for (;;) {
      if (await linkIfAbsent(temporary, path)) return { lock: { release: () => release(path, text) } };
      const holder = await readHolder(path);
      if (holder === 'absent') continue;
      if (holder !== 'unreadable' && (await isAlive(holder))) return { heldBy: holder };
      const takeover = await acquireLock(`${path}.takeover`);
      if ('heldBy' in takeover) {
        await delay(10);
        continue;
      }
      try {
        const again = await readHolder(path);
        if (again === 'unreadable' || (again !== 'absent' && !(await isAlive(again)))) {
          await rename(temporary, path);
          return { lock: { release: () => release(path, text) } };
        }
      } finally {
        await takeover.lock.release();
      }
    }
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Who holds the lock now, or undefined when nobody alive does. */
export async function lockHolder(path: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(path);
  return typeof holder === 'object' && (await isAlive(holder)) ? holder : undefined;
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<LockHolder | 'absent' | 'unreadable'> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as LockHolder;
    return typeof holder.pid === 'number' && typeof holder.started === 'string' ? holder : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'unreadable';
  }
}

async function release(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => '')) === text) await rm(path, { force: true });
}
