/**
 * What the workflows ask of the world. Each interface is implemented by one file in `src/activities`;
 * workflows import these types only. Every input is plain data without secrets.
 */
import type { StepReport } from '../../domain/evidence.js';
import type { Eligibility, FoundProduction } from '../../domain/ledger/ledger.js';
import type { Command } from '../plan/commands.js';
import type { Environment, EnvironmentName } from '../plan/environment.js';
import type { Migration } from '../plan/migration.js';
import type { CommandExpectation } from '../plan/own-checks.js';
import type { EvidencePlace, StepKey } from './step.js';

/** Served on a runner's own queue, as its commands are. */
export interface PresenceActivities {
  /**
   * Whoever answers is the runner: with its state folder, on its queue.
   * @returns nothing where it was not yet said
   */
  present(): Promise<RunnerPresence | undefined>;
}

/** What a runner says of itself. */
export interface RunnerPresence {
  /** The build that its worker is of; none where it has none. */
  build?: string;
  /** The only environment that its worker serves; any where it says none. */
  environment?: EnvironmentName;
  /** Environments that its own policy names it for. */
  named?: EnvironmentName[];
}

/** Commands run on the machine that admitted the deployment, by its own task queue. */
export interface CommandActivities extends PresenceActivities {
  /**
   * Runs a command once for its key and waits for its end; a second call re-attaches to the running command or
   * reads how it ended. Non-zero exit: ApplicationFailure of type `CommandFailed`; unknown outcome: `OutcomeUnknown`.
   */
  runCommand(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    command: Command;
    /** Values for the command's placeholders, `{version}` and the like. */
    values: Record<string, string>;
  }): Promise<StepReport>;
  /**
   * As `runCommand`, held against what its exit code and a field of the JSON that it prints must be: a check of the team's
   * own. Facts: `ran`; `field` where one is expected.
   */
  checkCommand(
    input: Parameters<CommandActivities['runCommand']>[0] & { expect: CommandExpectation },
  ): Promise<StepReport>;
  /** As `runCommand`, and its output must show no line that matches the pattern. */
  checkLogs(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    command: Command;
    critical: string;
    /** An earlier `checkLogs`: only the lines that its output did not have are looked at, and there must be some. */
    since?: StepKey;
    /** With `since`: a pattern that one of the new lines must match. */
    started?: string;
  }): Promise<StepReport>;
  /**
   * Look, lock, upgrade or downgrade, look again (checklist 1.2, 3.4, rollback options 1 and 3).
   * An upgrade goes to `migration.revision`; a downgrade to exactly `to` (null: nothing), and only from `from`.
   * When the database is already there, nothing is run and the report says so. A migration that fails or must not be
   * started is a report whose facts do not hold; only an unknown outcome is a failure (`OutcomeUnknown`).
   */
  migrate(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    migration: Migration;
    direction: { kind: 'upgrade' } | { kind: 'downgrade'; from: string; to: string | null };
    /** Longest total time, milliseconds; longer is a failed fact. */
    within?: number;
    /**
     * Counts rows and values too, by reading every table: staging only. `since` is the step of the upgrade that this one
     * undoes or makes again, and is compared with.
     */
    stock?: { since?: StepKey };
  }): Promise<
    StepReport & {
      /** Revisions (null: none yet); missing when they are not known. */
      before?: string | null;
      after?: string | null;
      milliseconds: number;
      /** Fingerprints of the schema; missing when nothing could be looked at. */
      schema?: { before: string; after: string };
      /** Tables and columns that are new; with `stock` only. */
      added?: NonNullable<Eligibility['drops']>;
      /** What is not as the first upgrade found it (downgrade) or left it (upgrade), in words; nothing when all is. */
      compared?: { schema: string; lost: string[] };
    }
  >;
  /**
   * Ends what is left of a step's commands, when people have said that something is to follow them.
   * @param input.environment whose runner they are on
   * @returns the processes that could not be ended, in words
   */
  endCommands(input: { key: StepKey; environment?: Environment }): Promise<{ alive: string[] }>;
  /** @throws ApplicationFailure when it is not known: an empty answer is none. */
  readRevision(input: { environment: Environment; migration: Migration }): Promise<string | null>;
  /**
   * What production runs while nothing has been changed yet, and whether that is what is expected. Facts: `version`,
   * `revision`, `maintenance`.
   */
  checkProduction(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    /** Without one nothing is asked of a revision. */
    migration?: Migration;
    healthPath: string;
    expected: ExpectedProduction;
  }): Promise<StepReport & { found: FoundProduction }>;
}

export interface ExpectedProduction {
  version: string;
  /** The release that is to be deployed, which must not run there yet. */
  target: string;
  /** The revision when it was looked at before (null: none yet); missing when any will do. */
  revision?: string | null;
  /** The revision that a deployment which was ended from outside may have brought, where this one starts over it. */
  left?: string;
}
