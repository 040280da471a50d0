/** pg_dump and pg_restore as programs that outlive whoever started them: how one is called, and how it ended. */
import type { CommandLine } from '../commands/command-line.js';
import { programVariables } from '../commands/program-variables.js';

/** How a program of PostgreSQL's ended. */
export interface ToolRun {
  /** Missing where it did not end by itself: killed, out of time, never started. */
  exitCode?: number;
  /** That it did not end well, for everybody. */
  problem?: string;
  /** What it said on stderr. */
  errors: string;
  /** Why that is not all that it said. */
  notWhole?: string;
  milliseconds: number;
}

/**
 * Runs a program, waits for it where it runs already, or tells how it ended: never twice.
 * @throws AttemptLost, and whatever ends the waiting
 */
export type RunTool = (line: CommandLine) => Promise<ToolRun>;

/** A program that failed. `message` is for everybody, `whole` for the evidence: what it printed, rows and all. */
export class ToolFailure extends Error {
  constructor(
    message: string,
    readonly whole: string,
  ) {
    super(message);
  }
}

export const printedBy = (error: unknown): string | undefined =>
  error instanceof ToolFailure ? error.whole : undefined;

/** Nobody knows what came of an attempt, nothing of it runs any more, and it changed nothing but what was its own. */
export class AttemptLost extends Error {
  /** @param failure what it is where no other attempt follows */
  constructor(readonly failure: Error) {
    super(failure.message);
  }
}

/** @param how.variables of its connection; they may hold secrets */
export const toolLine = (
  argv: string[],
  { title, variables = {} }: { title: string; variables?: NodeJS.ProcessEnv },
): CommandLine => ({
  argv,
  cwd: '/',
  host: 'local',
  environment: { ...programVariables(), ...variables },
  title,
  overSsh: false,
});
