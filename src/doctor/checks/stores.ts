/** Where evidence and dumps go: there, writable, and large enough. */
import { folderOf, openBackupStore } from '../../adapters/backup/open-backup-store.js';
import { freeBytes, writable } from '../../adapters/folders.js';
import { withDatabase } from '../../adapters/postgres/postgres.js';
import type { FileKeeping } from '../../contract/plan/backup.js';
import type { Environment } from '../../contract/plan/environment.js';
import { evidenceKept } from '../../contract/plan/kept.js';
import { databaseOf, environmentsOf, fileOf } from '../../contract/plan/parts.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';
import { stepsOf } from './databases.js';

export function storeChecks({ plan }: CheckContext): Check[] {
  const evidence: Check = {
    id: 'evidence',
    step: STEPS.repository.id,
    run: async () => [
      { name: 'evidence', ...(await writable(plan.evidence, 'evidence')) },
      { name: 'evidence-retention', ok: true, text: `kept: ${evidenceKept(plan)}` },
    ],
  };
  const kept = fileOf(plan);
  if (!kept) return [evidence];
  const environments = environmentsOf(plan);
  const folders = [plan.evidence, folderOf(kept.store)].filter((folder) => folder !== undefined);
  const { backup: step } = stepsOf(environments[0] ?? plan.environments.production);
  return [
    evidence,
    { id: 'store', step, run: (means) => tryStore({ service: plan.service, kept }, means) },
    ...environments
      .filter(({ database }) => database)
      .map((environment) => ({
        id: `${environment.name}-space`,
        step: stepsOf(environment).backup,
        run: () => space(environment, folders),
      })),
  ];
}

/** How long a store may say nothing, milliseconds. */
const IDLE = 10_000;

async function tryStore(
  { service, kept }: { service: string; kept: FileKeeping },
  { signal }: Means,
): Promise<CheckResult[]> {
  const keeping = { service, environment: 'production', retention: kept.retention, signal };
  return (await openBackupStore(kept.store, keeping, IDLE)).probe();
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
  const places = await Promise.all(folders.map(async (folder) => ({ folder, free: await freeBytes(folder) })));
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
