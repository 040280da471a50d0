/** What a deployment that was ended from outside has left production in: by what it had begun, for nobody has looked since. */
import { STEPS } from '../steps.js';
import type { Ledger, StepRecord } from './ledger.js';

/** In sentences. */
export function leftBehind({ production, rollback, release, reset, steps }: Ledger): string[] {
  const { codeDeployed, migrated, maintenance } = production;
  const has = ({ id }: { id: string }) => steps.find((step) => step.id === id);
  const left = [
    ...(reset && !reset.answer ? [reset.text] : []),
    ...(codeDeployed ? [howFar(has(STEPS.productionDeploy), `${release.target} was deployed to production`)] : []),
    ...(migrated ? [howFar(has(STEPS.productionMigration), 'its database was migrated')] : []),
    ...(rollback ? [rolledBack(rollback)] : []),
    ...(maintenance ? ['maintenance mode was turned on, and nothing turns it off'] : []),
  ];
  return left.length > 0 ? left : ['production had not been changed'];
}

const howFar = (step: StepRecord | undefined, done: string): string =>
  step?.state === 'passed' ? done : `${done}, or was about to be: how that ended is not known`;

function rolledBack({ option, succeeded, reason }: NonNullable<Ledger['rollback']>): string {
  if (succeeded === undefined) return `its rollback (${option}) goes on by itself`;
  if (succeeded) return `it was rolled back (${option}), proven on production`;
  return `its rollback (${option}) failed: ${reason ?? 'it is not known why'}`;
}

/** Its rollback outlives it, and is waited for before anything else. */
export const stillRollsBack = ({ rollback }: Pick<Ledger, 'rollback'>): boolean =>
  rollback !== undefined && rollback.succeeded === undefined;
