/** What migration tools print. alembic is known by its forms; any other tool prints its revision on the last line. */
import { NO_REVISION } from '../../domain/rollback/destination.js';
import type { DatabaseClient } from '../postgres/postgres.js';
import { bareRevision, currentOf, headsOf, sameRevision, UnreadableRevision } from './alembic.js';
import { alembicRevisions } from './alembic-table.js';

export interface MigrationTool {
  /** Reads the tool's own table, where it is known; null when the database has none. @throws {UnreadableRevision} */
  readTable?(client: DatabaseClient): Promise<string[] | null>;
  /**
   * Every revision in the output of `current`: none yet, one, or several heads.
   * @param table what {@link readTable} has read
   * @throws {UnreadableRevision} for silence, and for what is no revision
   */
  current(output: string, table: string[] | null): string[];
  /** The newest revisions of the code. @throws {UnreadableRevision} */
  heads(output: string): string[];
  same(a: string | null, b: string | null): boolean;
  /** As the tool's own commands take what the plan calls a revision. */
  argument(revision: string): string;
}

const ALEMBIC: MigrationTool = {
  readTable: alembicRevisions,
  current: currentOf,
  heads: headsOf,
  same: sameRevision,
  argument: bareRevision,
};

const ANY_OTHER: MigrationTool = {
  current: (output) => {
    const last = linesOf(output).at(-1);
    if (last === undefined) {
      throw new UnreadableRevision(
        `it printed nothing. Let it print \`${NO_REVISION}\` where there is no revision yet`,
      );
    }
    return last === NO_REVISION ? [] : [oneWord(last)];
  },
  heads: (output) => {
    const heads = linesOf(output).map(oneWord);
    if (heads.length === 0) throw new UnreadableRevision('it printed no head');
    return [...new Set(heads)];
  },
  same: (a, b) => a === b,
  argument: (revision) => revision,
};

const linesOf = (output: string): string[] =>
  output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);

/** Longest revision, characters. */
const LONGEST = 250;

function oneWord(line: string): string {
  if (/^\S+$/.test(line) && line.length <= LONGEST) return line;
  throw new UnreadableRevision(`No revision can be read in: ${line.slice(0, 200)}`);
}

/** @param name the plan's `migration.tool` */
export const migrationTool = (name: string): MigrationTool => (name === 'alembic' ? ALEMBIC : ANY_OTHER);
