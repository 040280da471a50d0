/** Where backups go, and where they are restored on trial. */
import { join } from 'node:path';
import type { Backup, BackupStore, FileKeeping } from '../../contract/plan/backup.js';
import type { Database, Environment, EnvironmentName } from '../../contract/plan/environment.js';
import { backupStore, database } from '../core/hosts.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';
import { resolveCommandBackup } from './resolve-commands.js';
import type { AuthoredBackup, AuthoredDumpBackup } from './schema.js';

type Resolution = ResolutionOf<MachineMaps & { backup?: AuthoredBackup }>;

type Authored = AuthoredBackup;

/** @param evidence the folder of the evidence: without a store, dumps are kept in it */
export function resolveBackup(
  resolution: Resolution,
  { environments, evidence }: { environments: Partial<Record<EnvironmentName, Environment>>; evidence?: string },
): Backup | undefined {
  const authored = resolution.sections.backup;
  if (authored === undefined) return undefined;
  const keeping = () => resolveKeeping(resolution, authored, evidence);
  if (authored.by === 'commands') return resolveCommandBackup(resolution, { authored, environments, keeping });
  const kept = keeping();
  const scratch = resolveScratch(resolution, authored, environments);
  const { timeout } = authored;
  return kept && scratch && { ...kept, ...(timeout === undefined ? {} : { timeout }), scratch };
}

function resolveKeeping(resolution: Resolution, authored: Authored, evidence?: string): FileKeeping | undefined {
  const { retention, smallest } = authored;
  if (retention < DAY) resolution.report(['backup', 'retention'], 'Is shorter than a day; write for example "30d"');
  const store = resolveStore(resolution, authored, evidence);
  return store && { store, retention, smallest };
}

const DAY = 24 * 3_600_000;

function resolveStore(resolution: Resolution, authored: Authored, evidence = ''): BackupStore | undefined {
  const { credentials, encryption, kmsKey, setLifecycle } = authored;
  const secret = (name: string, key: string) => resolution.secret(name, ['backup', 'credentials', key]);
  const keys = credentials && {
    accessKeyId: secret(credentials.accessKeyId, 'accessKeyId'),
    secretAccessKey: secret(credentials.secretAccessKey, 'secretAccessKey'),
  };
  if (kmsKey !== undefined && encryption !== 'aws:kms')
    resolution.report(['backup', 'kmsKey'], 'Is a KMS key, but `encryption` is not "aws:kms"');
  if (authored.store === undefined) return { kind: 'folder', folder: join(evidence, 'backups') };
  const found = backupStore(resolution, { name: authored.store, path: ['backup', 'store'] });
  if (found?.kind !== 's3') return found;
  const store: BackupStore = { ...found, encryption, setLifecycle };
  if (keys !== undefined) store.place = { ...found.place, credentials: keys };
  if (kmsKey !== undefined) store.kmsKey = kmsKey;
  return store;
}

/** A trial restore takes processor, disk and locks: staging's server has them to spare, production's is named or left alone. */
function resolveScratch(
  resolution: Resolution,
  { scratch: named }: AuthoredDumpBackup,
  { staging, production }: Partial<Record<EnvironmentName, Environment>>,
): Database | undefined {
  if (named !== undefined) {
    const at = ['backup', 'scratch'];
    return {
      ...database(resolution, { name: named.host, path: [...at, 'host'] }),
      password: resolution.secret(named.password, [...at, 'password']),
    };
  }
  const [a, b] = [staging?.database, production?.database];
  if (b === undefined) return undefined;
  if (a === undefined) {
    const message = 'There is no staging database for trial restores of dumps: name a server in `backup.scratch`';
    resolution.report(['backup'], { message, key: true });
    return undefined;
  }
  if (a.host !== '' && a.host === b.host && a.port === b.port) {
    resolution.report(
      ['environments', 'production', 'database', 'host'],
      'Is on the same server as staging’s: name the server for trial restores of dumps in `backup.scratch`',
    );
  }
  return a;
}
