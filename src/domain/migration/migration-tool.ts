/**
 * What has to be known of a migration tool, beside the plan's commands for it: how what it prints, its own table and its
 * files are read. All of it is pure: who runs commands, asks the database or reads a release does so for every tool alike.
 */

/** A migration tool said something that is no answer, or nothing at all. The message is for people. */
export class UnreadableRevision extends Error {}

export interface MigrationTool {
  /** Its own table in the database, where that is known: what the tool says is held against it. */
  table?: RevisionTable;
  /**
   * Every revision in the output of `current`: none yet, one, or several heads.
   * @param stored what its own table says; null when there is none in the database, or none is known
   * @throws {UnreadableRevision} for silence, and for what is no revision
   */
  current(output: string, stored: string[] | null): string[];
  /** The revision that its code could not name, from what it printed: that of a release which is not there any more. */
  cannotName?(output: string): string | undefined;
  /** The newest revisions of the code. @throws {UnreadableRevision} */
  heads(output: string): string[];
  /** Whether two texts mean the same revision; null is none. */
  same(a: string | null, b: string | null): boolean;
  /** As its upgrade takes what the plan calls a revision. */
  upgradeTo(revision: string): string;
  /** As its downgrade takes what the database itself has said; null: none at all. */
  downgradeTo(revision: string | null): string;
  /** Lines of a migration's output that warn. */
  warnings(output: string): string[];
  /** Reads in a release, days before staging proves it, whether there is a way back. @returns nothing without its file */
  inspect?(release: ReleaseFiles, revision: string): Promise<RevisionFile | undefined>;
  /** Reads in a release which of its revisions are the newest: none that has another after it. */
  newest?(release: ReleaseFiles): Promise<ReleaseHeads>;
  /** The command that makes one head of several. */
  merge?: string;
  /** How `surefoot init` finds it, and its commands in a first plan. */
  first?: FirstUse;
}

/** What a service that uses a tool has, and what its first plan runs. */
export interface FirstUse {
  /** The file of its settings, at the top of the service's folder, and what stands in it. */
  settings: { file: string; holding: RegExp };
  /** How people write its commands. */
  mentioned: RegExp;
  commands: { current: string[]; heads?: string[]; upgrade: string[]; downgrade: string[] };
  /** What a team has to look at. */
  advice: string;
}

/** The table in which a tool keeps its books. It is no part of the schema that migrations make. */
export interface RevisionTable {
  name: string;
  /** SQL that gives the revisions in it as `revision`. @param table schema and name, quoted as SQL needs it */
  revisions(table: string): string;
}

/** The files of a release. */
export interface ReleaseFiles {
  /** The names of those with a line that matches, an extended regular expression. */
  holding(pattern: string): Promise<string[]>;
  content(file: string): Promise<string>;
}

/** The heads of a release; or why its files do not tell them. */
export type ReleaseHeads = { found: string[] } | { problem: string };

/** What the file of a revision says. */
export interface RevisionFile {
  name: string;
  /** What is obviously wrong with its way back. */
  problem?: string;
  /** What its upgrade drops, which no downgrade brings back: `table plans`, `column plans.title`. */
  drops: string[];
}
