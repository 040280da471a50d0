/** What migration tools print. alembic is known by its forms; any other tool prints its revision on the last line. */
import { bareRevision, readRevisions, sameRevision } from './alembic.js';

export interface MigrationTool {
  /** Every revision in the output of `current` (or `heads`): none yet, one, or alembic's several heads. @throws {UnreadableRevision} */
  read(output: string): string[];
  same(a: string | null, b: string | null): boolean;
  /** As the tool's own commands take it. */
  argument(revision: string): string;
}

const ALEMBIC: MigrationTool = { read: readRevisions, same: sameRevision, argument: bareRevision };

const ANY_OTHER: MigrationTool = {
  read: (output) =>
    output
      .trim()
      .split(/\r?\n/)
      .slice(-1)
      .map((line) => line.trim())
      .filter(Boolean),
  same: (a, b) => a === b,
  argument: (revision) => revision,
};

/** @param name the plan's `migration.tool` */
export const migrationTool = (name: string): MigrationTool => (name === 'alembic' ? ALEMBIC : ANY_OTHER);
