import { PlanError, type Problem } from '../../src/plan/core/problems.js';

/** What a file is refused for; nothing where it is taken. */
export function problemsIn(read: () => unknown): readonly Problem[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return error.problems;
  }
}

/** The same in lines, as far as the place in the file is of no account. */
export const problemText = (read: () => unknown): string =>
  problemsIn(read)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('\n') || 'none';
