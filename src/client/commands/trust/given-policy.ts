import { PlanError } from '../../../plan/core/problems.js';
import type { Policy } from '../../../policy/policy.js';
import { usageError } from '../../../temporal/errors.js';

/** A policy that somebody has named. @throws CliError exit 2 with what is wrong with it */
export async function givenPolicy(file: string): Promise<Policy> {
  const { loadPolicy } = await import('../../../policy/policy.js');
  try {
    return loadPolicy(file);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const hint = `Look at it with \`surefoot policy check ${file}\`.`;
    throw usageError(`The policy cannot be used:\n${error.message}`, hint);
  }
}
