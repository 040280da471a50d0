import type { BackupStore } from '../../contract/plan/backup.js';
import type { Keeping, OpenStore } from './backup-store.js';
import { FolderStore } from './folder-store.js';

/** @param idle how long S3 may say nothing in the middle of a request, milliseconds */
export async function openBackupStore(store: BackupStore, keeping: Keeping, idle?: number): Promise<OpenStore> {
  if (store.kind === 'folder') return new FolderStore(store.folder, keeping);
  // AWS' client takes a while to load, and most workers never need it.
  const { openS3Store } = await import('./s3-store.js');
  return openS3Store(store, keeping, idle);
}
