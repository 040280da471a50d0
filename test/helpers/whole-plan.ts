/** Plans that have every part there can be, as the shipped one has. */
import type { LoadLimits } from '../../src/contract/plan/application.js';
import type { DumpBackup } from '../../src/contract/plan/backup.js';
import type { Environment } from '../../src/contract/plan/environment.js';
import { inRepository, type ReleaseInRepository } from '../../src/contract/plan/parts.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { type LoadOptions, loadPlan } from '../../src/plan/load.js';

type Whole<T, K extends keyof T> = T & Required<Pick<T, K>>;
type WholeEnvironment = Whole<Environment, 'application' | 'database' | 'login'>;

export type WholePlan = Whole<ResolvedPlan, 'backup' | 'migration' | 'indexes' | 'soak' | 'loadLimits'> & {
  release: ReleaseInRepository;
  environments: { staging: WholeEnvironment; production: WholeEnvironment };
  commands: Whole<ResolvedPlan['commands'], 'logs' | 'restartService'>;
  loadLimits: LoadLimits;
  backup: DumpBackup;
};

/** @throws when a part is missing */
export function whole(plan: ResolvedPlan): WholePlan {
  const { backup, migration, indexes, soak, loadLimits, environments, commands } = plan;
  const { staging, production } = environments;
  const parts = [backup, migration, indexes, soak, loadLimits, staging, commands.logs, commands.restartService];
  const places = [staging, production].flatMap((one) => [one?.application, one?.database, one?.login]);
  if ([...parts, ...places].some((part) => part === undefined)) throw new Error('the plan is not whole');
  inRepository(plan);
  return plan as WholePlan;
}

export const loadWhole = (file: string, options: LoadOptions = {}): WholePlan =>
  whole(loadPlan(file, options).resolved);
