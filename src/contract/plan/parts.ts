/** Parts of the plan that may not be there, as those have them who work with them. */
import { ApplicationFailure } from '@temporalio/common';
import type { BetweenBoth } from '../../domain/rollback/between.js';
import { CHANGING, CHANGING_STEPS, type StepNature } from '../../domain/steps.js';
import type { RollbackOption } from '../../domain/watch/criteria.js';
import { FailureType } from '../errors.js';
import type { DumpBackup, FileKeeping } from './backup.js';
import type { Command } from './commands.js';
import type { Database, Environment } from './environment.js';
import type { Release, ResolvedPlan } from './plan.js';
import type { Watch } from './watch.js';

/**
 * What a step is about, in its work.
 * @throws where the plan has none: the runbook has such a step off, and it does not run
 */
export function needed<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error('a step runs without the part of the plan that it is about');
  return part;
}

/** Staging, where there is one, and production. */
export const environmentsOf = ({ environments }: Pick<ResolvedPlan, 'environments'>): Environment[] =>
  environments.staging ? [environments.staging, environments.production] : [environments.production];

/** The soak, where there is one, and the watches. */
export const watchesOf = ({ soak, watches }: Pick<ResolvedPlan, 'soak' | 'watches'>): Watch[] =>
  soak ? [soak, ...watches] : watches;

/** The watch that a monitor goes by. The guard watches with the criteria of one of the watches: any has its metrics. */
export const watchedBy = (plan: Pick<ResolvedPlan, 'soak' | 'watches'>, monitor: string): Watch | undefined =>
  watchesOf(plan).find(({ id }) => id === monitor) ?? plan.watches.at(-1);

/** @throws ApplicationFailure where the plan names none: what asks for it is refused by `plan check` */
export function databaseOf({ name, database }: Pick<Environment, 'name' | 'database'>): Database {
  if (database) return database;
  throw ApplicationFailure.create({
    type: FailureType.PreconditionFailed,
    message: `The plan names no database of ${name}`,
    nonRetryable: true,
  });
}

/** What can be undone: without a migration only the code. */
export const rollbackOptions = ({ migration }: Pick<ResolvedPlan, 'migration'>): RollbackOption[] =>
  migration ? ['migration', 'code', 'full'] : ['code'];

/** The backup where it is PostgreSQL's own dump. */
export const dumpOf = ({ backup }: Pick<ResolvedPlan, 'backup'>): DumpBackup | undefined =>
  backup?.by === undefined ? backup : undefined;

/** How the file of a backup is kept, where it is a file. */
export function fileOf({ backup }: Pick<ResolvedPlan, 'backup'>): FileKeeping | undefined {
  if (backup?.by === undefined) return backup;
  return backup.leaves.kind === 'file' ? backup.leaves : undefined;
}

/** Whether there is a way to put a backup in the place of the database: the last resort. */
export const canRestore = ({ backup }: Pick<ResolvedPlan, 'backup'>): boolean =>
  backup !== undefined && (backup.by === undefined || backup.restore !== undefined);

/** The schema goes ahead of the code, on staging as in production. */
export const migratesFirst = ({ migration }: Pick<ResolvedPlan, 'migration'>): boolean =>
  migration?.when === 'before-deploy';

/** What the plan does first of the two. */
export const inOrder = <Step>(
  plan: Pick<ResolvedPlan, 'migration'>,
  { deploying, migrating }: Record<'deploying' | 'migrating', Step[]>,
): Step[] => (migratesFirst(plan) ? [...migrating, ...deploying] : [...deploying, ...migrating]);

/** What users are on between the deploy and the migration, as far as the plan says it; undefined without a migration. */
export const betweenOf = ({ migration, production, environments, release }: Between): BetweenBoth | undefined =>
  migration && {
    migratesFirst: migratesFirst({ migration }),
    maintenance: production.maintenance.enabled,
    tried: environments.staging !== undefined,
    release,
  };

type Between = Pick<ResolvedPlan, 'migration' | 'production' | 'environments' | 'release'>;

/** What follows when this step fails, where the plan says so. */
export function failureOf({ production }: Pick<ResolvedPlan, 'production'>, id: string): Partial<StepNature> {
  const key = CHANGING_STEPS.find((name) => CHANGING[name].id === id);
  const said = key && production.onFailure?.[key];
  return said ? { onFailure: said === 'ask' ? 'ask' : 'rollback' } : {};
}

/** The migration tool; without a migration one of which nothing is known. */
export const toolOf = ({ migration }: Pick<ResolvedPlan, 'migration'>): string => migration?.tool ?? 'none';

/** How logs are read, and what they must not show. */
export const logsOf = ({
  commands,
  criticalLogs,
}: Pick<ResolvedPlan, 'commands' | 'criticalLogs'>): { command: Command; critical: string } => ({
  command: needed(commands.logs),
  critical: needed(criticalLogs),
});

/** A release of which more can be known than its name. */
export type ReleaseInRepository = Release & { repository: string; branch: string };

export const inRepository = ({ release }: Pick<ResolvedPlan, 'release'>): ReleaseInRepository => ({
  ...release,
  repository: needed(release.repository),
  branch: needed(release.branch),
});
