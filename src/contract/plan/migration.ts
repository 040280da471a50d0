/** The migration, and what the database must look like after it. */
import type { Command } from './commands.js';

export interface Migration {
  /** One that is known, or any other whose `current` prints the revision on its last line. */
  tool: string;
  /** The revision the deploy brings the database to. */
  revision: string;
  /** Whether users meet the old code on the new schema, or the new code on the old one; left out: after the deploy. */
  when?: 'before-deploy' | 'after-deploy';
  /** Prints it; where there is none, `query` tells. */
  current?: Command;
  /** Prints the newest revisions of the code, one a line. */
  heads?: Command;
  /** One SELECT that gives it, asked over a connection of our own: what `current` prints is held against it. */
  query?: string;
  /** What the tool calls no revision at all, where that is another word than ours. */
  noRevision?: string;
  upgrade: Command;
  downgrade: Command;
  /** Per statement, by PGOPTIONS. */
  lockTimeout: number;
  statementTimeout: number;
  /** Longest total time in production (checklist 3.4: 30 s). */
  within: number;
}

export interface IndexExpectations {
  table: string;
  /** Total number of indexes on the table after the migration, when the plan states it. */
  total?: number;
  expected: { name: string; columns: string[] }[];
  /** Queries whose plans must be able to use an index of the list. */
  queries: PlannedQuery[];
}

export interface PlannedQuery {
  name: string;
  /** One SELECT, with `$1` and so on where the application sends parameters. */
  sql: string;
  /** Sample values for them, in their order. */
  parameters?: string[];
  /** The index that its plan must be able to use. */
  uses: string;
}
