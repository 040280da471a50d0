/** The kinds of places for dumps. */
import type { BackupStore } from '../../contract/plan/backup.js';
import type { Keeping, OpenStore } from './backup-store.js';
import { FolderStore } from './folder-store.js';

interface StoreKind<S> {
  /** @param idle how long the store may say nothing in the middle of a request, milliseconds; where it is asked over a network */
  open(store: S, keeping: Keeping, idle?: number): Promise<OpenStore>;
  /** The folder on the worker's machine that dumps fill. */
  folder?(store: S): string;
}

const KINDS: { [K in BackupStore['kind']]: StoreKind<Extract<BackupStore, { kind: K }>> } = {
  folder: {
    open: async (store, keeping) => new FolderStore(store.folder, keeping),
    folder: (store) => store.folder,
  },
  s3: {
    // AWS' client takes a while to load, and most workers never need it.
    open: async (store, keeping, idle) => (await import('./s3-store.js')).openS3Store(store, keeping, idle),
  },
};

export const BACKUP_STORES: readonly string[] = Object.keys(KINDS);

const kindOf = ({ kind }: BackupStore): StoreKind<BackupStore> => KINDS[kind];

/** @param idle how long it may say nothing in the middle of a request, milliseconds */
export const openBackupStore = (store: BackupStore, keeping: Keeping, idle?: number): Promise<OpenStore> =>
  kindOf(store).open(store, keeping, idle);

/** The folder on the worker's machine that dumps fill; nothing where they are kept elsewhere. */
export const folderOf = (store: BackupStore): string | undefined => kindOf(store).folder?.(store);
