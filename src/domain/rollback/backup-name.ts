/** How people and signatures name a backup: by where it is and what is in it, so that no other goes by its name. */
import type { StoredBackup } from '../ledger/ledger.js';

/** @returns undefined for what is no backup's: one name is never that of two */
export function backupName({ location, sha256 }: Pick<StoredBackup, 'location' | 'sha256'>): string | undefined {
  if (typeof location !== 'string' || typeof sha256 !== 'string' || !/^[^\s()]*$/.test(sha256)) return undefined;
  return `${location} (${sha256 || 'no checksum'})`;
}
