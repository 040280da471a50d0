/** How people and signatures name a backup: by where it is and what is in it, so that no other goes by its name. */
import type { StoredBackup } from '../ledger/ledger.js';

/** The same for none but the same. What others keep may have a checksum of any kind, or none. */
export const backupName = ({ location, sha256 }: Pick<StoredBackup, 'location' | 'sha256'>): string =>
  /^[^\s()]*$/.test(sha256) ? `${location} (${sha256 || 'no checksum'})` : JSON.stringify([location, sha256]);
