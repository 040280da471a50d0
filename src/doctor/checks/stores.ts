/** Where evidence and dumps go: there, writable, and large enough. */

import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openBackupStore } from '../../adapters/backup/open-backup-store.js';
import { withDatabase } from '../../adapters/postgres/postgres.js';
import type { BackupStore } from '../../contract/plan/backup.js';
import type { Environment } from '../../contract/plan/environment.js';
import { databaseOf, environmentsOf } from '../../contract/plan/parts.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';
import { stepsOf } from './databases.js';

export function storeChecks({ plan }: CheckContext): Check[] {
  const { backup } = plan;
  const evidence: Check = {
    id: 'evidence',
    step: STEPS.repository.id,
    run: async () => [{ name: 'evidence', ...(await writable(plan.evidence, 'evidence')) }],
  };
  if (!backup) return [evidence];
  const { store } = backup;
  const environments = environmentsOf(plan);
  const folders = [plan.evidence, ...(store.kind === 'folder' ? [store.folder] : [])];
  return [
    evidence,
    store.kind === 'folder'
      ? {
          id: 'store',
          step: stepsOf(environments[0] ?? plan.environments.production).backup,
          run: async () => [{ name: 'store', ...(await writable(store.folder, 'dumps')) }],
        }
      : {
          id: 'store',
          step: stepsOf(environments[0] ?? plan.environments.production).backup,
          run: (means) => tryS3({ ...plan, ...backup }, store, means),
        },
    ...environments.map((environment) => ({
      id: `${environment.name}-space`,
      step: stepsOf(environment).backup,
      run: () => space(environment, folders),
    })),
  ];
}

/** The folder, or the nearest one above it that is there. */
async function existing(folder: string): Promise<{ folder: string; isFolder: boolean }> {
  const found = await stat(folder).catch(() => undefined);
  if (found) return { folder, isFolder: found.isDirectory() };
  return dirname(folder) === folder ? { folder, isFolder: false } : existing(dirname(folder));
}

async function writable(folder: string, what: string): Promise<Omit<CheckResult, 'name'>> {
  const there = await existing(folder);
  const advice = 'Make it a folder that the worker may write to, or name another one.';
  if (!there.isFolder) return { ok: false, text: `${there.folder}, for ${what}, is no folder`, advice };
  const may = await access(there.folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const which = there.folder === folder ? folder : `${folder}, to be made in ${there.folder}`;
  return may
    ? { ok: true, text: `${which}: writable, for ${what}` }
    : { ok: false, text: `${which}: not writable`, advice };
}

/** A dump is smaller than its database as a rule; where not even that much is free, nobody knows. */
async function space(environment: Environment, folders: string[]): Promise<CheckResult[]> {
  const { name } = environment;
  const bytes = await withDatabase(databaseOf(environment), async (client) => {
    const { rows } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
    return Number(rows[0]?.bytes);
  }).catch(() => undefined);
  // That it can't be reached is told elsewhere.
  if (bytes === undefined) return [];
  const places = await Promise.all(
    folders.map(async (folder) => {
      const { bavail, bsize } = await statfs((await existing(folder)).folder);
      return { folder, free: bavail * bsize };
    }),
  );
  const small = places.filter(({ free }) => free < bytes);
  const text = (small.length > 0 ? small : places)
    .map(({ folder, free }) => `${size(free)} free for ${folder}`)
    .join(', ');
  const ok = small.length === 0;
  return [
    {
      name: `${name}-space`,
      ok,
      text: `the ${name} database has ${size(bytes)}; ${text}`,
      ...(!ok && { advice: 'Free space there, or name another place.' }),
    },
  ];
}

const size = (bytes: number): string => {
  const [divisor, unit] = bytes >= 1e9 ? [1e9, 'GB'] : [1e6, 'MB'];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
};

/** The same calls as a backup makes, but for those that write. */
async function tryS3(
  { service, retention }: { service: string; retention: number },
  s3: Extract<BackupStore, { kind: 's3' }>,
  { signal }: Means,
): Promise<CheckResult[]> {
  const keeping = { service, environment: 'production', retention, signal };
  // Without the right to mend the lifecycle it is only read.
  const store = await openBackupStore({ ...s3, setLifecycle: false }, keeping, 10_000);
  const dumps = await store.list();
  const lifecycle = await store.retain({ name: 'never-stored.dump', bytes: 1 });
  const willBeSet = !lifecycle.ok && s3.setLifecycle;
  return [
    { name: 'store', ok: true, text: `s3://${s3.bucket} can be listed: ${dumps.length} dumps of production` },
    {
      name: 'store-write',
      ok: true,
      note: true,
      text: `s3://${s3.bucket}: the rights to write, read back and encrypt (s3:PutObject, s3:GetObject) cannot be tried without writing`,
    },
    {
      name: 'retention',
      ok: lifecycle.ok || willBeSet,
      text: willBeSet
        ? `${lifecycle.text}; the backup sets a rule, if it may (s3:PutLifecycleConfiguration)`
        : lifecycle.text,
      ...(willBeSet && { note: true as const }),
      ...(!lifecycle.ok &&
        !willBeSet && { advice: 'Give the bucket a lifecycle rule, or the plan `backup.setLifecycle`.' }),
    },
  ];
}
