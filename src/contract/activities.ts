/**
 * What the workflows ask of the world. Each interface is implemented by one file in `src/activities`;
 * workflows import these types only. Every input is plain data without secrets.
 */
import type { Sample } from '../domain/criteria.js';
import type { EvidenceReference, StepReport } from '../domain/evidence.js';
import type { Eligibility, FoundProduction, Question, StoredBackup } from '../domain/ledger.js';
import type { About, Message, Notice } from '../domain/notifications.js';
import type { ProposalContent } from '../domain/proposal.js';
import type { Trend, TrendResult } from '../domain/trends/trend.js';
import type {
  Access,
  Alerts,
  ApiDocumentation,
  Backup,
  Command,
  Commands,
  EndpointCheck,
  Environment,
  EnvironmentName,
  Freeze,
  IndexExpectations,
  LoadLimits,
  LoadTest,
  MaintenanceMessage,
  Metric,
  Migration,
  ResolvedPlan,
  Review,
  SecretReference,
  WeeklyWindow,
} from './plan.js';

/** real: wall-clock time. virtual: the server skips time (demo and rehearsal only). */
export type Clock = 'real' | 'virtual';

/** Identifies one run of one step: the key of its side effects. A retry that a person asked for is a new generation. */
export interface StepKey {
  deployment: string;
  step: string;
  generation: number;
}

/** Where the evidence of a deployment goes. */
export interface EvidencePlace {
  store: string;
  deployment: string;
  /** Every reference to a secret in the plan: what must not stand in evidence, results or failures, whoever printed it. */
  secrets?: SecretReference[];
}

export interface AdmissionActivities {
  /**
   * Refuses what this worker must not run: a plan whose digest differs, virtual time on a worker that does not allow it,
   * a workflow clock that disagrees with the wall clock.
   * @returns the task queue of this very machine, so that commands stay where they were started
   */
  admit(input: { plan: ResolvedPlan; digest: string; clock: Clock; workflowTime: number }): Promise<{ runner: string }>;
  /** Refuses to go on when the workflow's clock ran ahead of the wall clock although time is real. */
  checkClock(input: { clock: Clock; workflowTime: number }): Promise<void>;
}

export interface PrerequisiteActivities {
  checkRepository(input: {
    key: StepKey;
    evidence: EvidencePlace;
    release: ResolvedPlan['release'];
    /** Its forge remembers merges of which the repository shows no trace. */
    review?: Review;
  }): Promise<StepReport & { commit: string }>;
  checkStaging(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environments: Environment[];
    minimumRows: { table: string; rows: number };
  }): Promise<StepReport>;
  checkTools(input: {
    key: StepKey;
    evidence: EvidencePlace;
    tools: string[];
    scripts: string[];
    commands: Commands;
  }): Promise<StepReport>;
}

export interface ReviewActivities {
  /** Reviewed by others than the authors, approved for the head commit and merged, tested (checklist, Pré-requisitos). */
  checkReview(input: {
    key: StepKey;
    evidence: EvidencePlace;
    release: ResolvedPlan['release'];
    review: Review;
  }): Promise<StepReport>;
}

export interface AccessActivities {
  /** One fact for each: it answers, and lets the worker do what is named. Changes nothing. */
  checkAccess(input: { key: StepKey; evidence: EvidencePlace; access: Access[] }): Promise<StepReport>;
}

export interface AlertActivities {
  /** One fact for each alert: it exists, is on, and fires at the threshold that the plan states (checklist 4.3). */
  checkAlerts(input: { key: StepKey; evidence: EvidencePlace; alerts: Alerts }): Promise<StepReport>;
}

export interface BackupActivities {
  /**
   * Dumps the database in custom format, proves the dump by a trial restore, and stores it (checklist 1.1, 3.1).
   * @returns also its size, its sha256, where it is stored when it is, and how long the restore took, milliseconds
   */
  backUpDatabase(input: {
    key: StepKey;
    evidence: EvidencePlace;
    service: string;
    environment: Environment;
    backup: Backup;
  }): Promise<StepReport & { bytes: number; sha256: string; location?: string; restoreMilliseconds?: number }>;
}

export interface RestoreActivities {
  /**
   * The last resort after a rollback that failed: puts the dump from before the deploy in the database's place. What was
   * there is kept beside it under another name. Facts: `fetched` (with the sha256 it had), `restored` (as the record of
   * the dump says), `in-place`.
   */
  restoreDatabase(input: {
    key: StepKey;
    evidence: EvidencePlace;
    service: string;
    environment: Environment;
    backup: Backup;
    from: StoredBackup;
  }): Promise<StepReport>;
}

export interface DatabaseActivities {
  /** Slow queries and locks (checklist 4.2). */
  reviewDatabase(input: { key: StepKey; evidence: EvidencePlace; environment: Environment }): Promise<StepReport>;
  /** Counts the rows of a table, exactly. */
  countRows(input: { environment: Environment; table: string }): Promise<number>;
}

/** How often indexes have been scanned, as the server has counted by then. */
export interface IndexUse {
  /** When its statistics were last reset, as text; null: never. */
  reset: string | null;
  /** By index; one that is not there is not named. */
  scans: Record<string, number>;
  /** Why the server counts none, when it doesn't. */
  uncounted?: string;
}

export interface IndexActivities {
  /**
   * Validity, columns and order from the catalogue, and what plans the queries get (checklist 1.3, 3.5).
   * @returns with `use` as it is afterwards: what use in production is counted from
   */
  checkIndexes(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    indexes: IndexExpectations;
  }): Promise<StepReport & { use: IndexUse }>;
  /** Each index of the plan's queries has been scanned since the baseline (checklist 4.2); waits for late counters. */
  checkIndexUse(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    indexes: IndexExpectations;
    baseline?: IndexUse;
    /** What is not used yet does not fail the step. */
    advisory: boolean;
  }): Promise<StepReport>;
}

/** Commands run on the machine that admitted the deployment, by its own task queue. */
export interface CommandActivities {
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
    migration: Migration;
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
}

export interface HttpActivities {
  /**
   * Waits until the health endpoint answers 200 and, when given, with this version and with none of these starts;
   * `within` milliseconds. All instances that answer at its address must agree.
   */
  awaitHealth(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    path: string;
    version?: string;
    startedBefore?: string[];
    within: number;
  }): Promise<StepReport>;
  /** When the instances started that answer at the health endpoint (`started_at`); empty when none tells. */
  readStarts(input: { environment: Environment; path: string }): Promise<string[]>;
  /** Functional and smoke checks (checklist 1.4, 3.6). */
  checkEndpoints(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    checks: EndpointCheck[];
  }): Promise<StepReport>;
  /** Waits until the application reports no request in flight, at most `drain` milliseconds (checklist 3.2). */
  awaitDrained(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    path: string;
    drain: number;
  }): Promise<StepReport>;
  /**
   * What users see: the message while maintenance mode is on (checklist 3.2), the application without it when it is off
   * (3.7). A proxy may take a moment to follow, so it is looked at for some seconds before it counts as wrong.
   */
  checkMaintenance(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    message: MaintenanceMessage;
    on: boolean;
  }): Promise<StepReport>;
  /** One path answers 200 (rollback option 3, step 4). */
  checkPath(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    path: string;
  }): Promise<StepReport>;
}

export interface DocumentationActivities {
  /**
   * The API's documentation in a real browser: it loads, describes the endpoint, and the endpoint can be tried out
   * (checklist 1.6). `browser` is false where the worker has none: then no fact holds, and people have to look.
   */
  checkApiDocumentation(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    documentation: ApiDocumentation;
  }): Promise<StepReport & { browser: boolean }>;
}

export interface LoadActivities {
  /**
   * Checklist 1.5 and 4.4: N requests by C workers, every sample kept as evidence. Runs where the commands run: the
   * health endpoint and the log are read before and after, to see whether the application ran out of memory.
   */
  runLoadTest(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    test: LoadTest;
    limits: LoadLimits;
    healthPath: string;
    logs: Command;
  }): Promise<StepReport>;
}

/** Whether a window is open, and when that changes, epoch milliseconds. */
export interface Opening {
  open: boolean;
  /** When it is closed, unless it never opens again. */
  opensAt?: number;
  /** When it is open and closes within two weeks. */
  closesAt?: number;
  /** For people: `opens Mon 09:00 America/Sao_Paulo (in 14 h)`. */
  text: string;
}

export interface WindowActivities {
  /** Local clocks and their changes, which workflow code must not read. Without weekly windows only freezes close. */
  nextOpening(input: {
    timeZone: string;
    freeze: Freeze[];
    weekly: WeeklyWindow[];
    /** The workflow's time. */
    at: number;
  }): Promise<Opening>;
}

export interface MonitorActivities {
  /**
   * The samples of each metric since its last one, oldest first: of a source that keeps history every value, at most
   * `MOST_VALUES`, with its own time, and none while none is due; of any other source one, stamped with the
   * workflow's time. Never fails: what goes wrong is a sample of kind `error`. In virtual time every source gives its
   * present value, stamped with the workflow's time, and rates look back over the last moment of wall time.
   */
  sampleMetrics(input: {
    monitor: string;
    evidence: EvidencePlace;
    at: number;
    /** The time of each metric's last sample, by name; of one that has none yet, when the watch began. */
    since: Record<string, number>;
    clock: Clock;
    metrics: Metric[];
    /** Rows counted before the deployment, by table: what `lostRows` compares with. */
    baselines: Record<string, number>;
  }): Promise<Record<string, Sample[]>>;
  /** Seals the series of samples of a monitor as evidence. */
  sealSeries(input: { monitor: string; evidence: EvidencePlace }): Promise<EvidenceReference[]>;
}

export interface TrendActivities {
  /**
   * Judges the trends of a watch over its sealed series, and keeps what they rest on as evidence.
   * @param from with `to` the span that was watched, the monitor's own time
   */
  assessTrends(input: {
    monitor: string;
    evidence: EvidencePlace;
    from: number;
    to: number;
    trends: Trend[];
  }): Promise<{ results: TrendResult[]; evidence: EvidenceReference[] }>;
}

export interface PeopleActivities {
  /**
   * Sends messages, each channel apart from the others; a receiver that is down never fails a deployment. In virtual
   * time stand-in people then answer the questions before it returns, or say when they will.
   * @param input `threads`: the deployment's thread in each Slack channel, as far as it has one
   * @returns the threads that were begun, and what could not be told to whom, and why; `later`: in so many milliseconds
   * stand-in people want to be asked again
   */
  tell(input: { messages: Message[]; threads: Record<string, string>; questions: Question[] }): Promise<{
    threads: Record<string, string>;
    untold: string[];
    later?: number;
  }>;
  /** Checklist 2.2: one fact for each notice, told or prepared; its text is kept as evidence. */
  sendNotices(input: {
    key: StepKey;
    evidence: EvidencePlace;
    /** The workflow's time. */
    at: number;
    notices: (Notice & { messages: Message[] /** Its channels that are off on this machine. */; off: string[] })[];
    about: About;
    threads: Record<string, string>;
  }): Promise<StepReport>;
}

export interface ApprovalActivities {
  /**
   * Keeps what people are asked to sign off as evidence, with the commit that the release is at this moment.
   * Fact `unchanged`: it is still the commit that staging has proven.
   */
  sealProposal(input: {
    key: StepKey;
    evidence: EvidencePlace;
    release: ResolvedPlan['release'];
    content: ProposalContent;
  }): Promise<StepReport & { digest: string; commit: string }>;
  /** Whether a statement was signed by one of a person's keys (`ssh-keygen -Y verify`, namespace `surefoot`). */
  verifySignature(input: {
    statement: string;
    signature: string;
    who: string;
    keys: string[];
  }): Promise<{ valid: boolean; reason: string }>;
}

export interface VerificationActivities {
  /** How much is in what a downgrade would drop: rows by `table`, values by `table.column`. */
  countStored(input: {
    environment: Environment;
    drops: NonNullable<Eligibility['drops']>;
  }): Promise<Record<string, number>>;
  /** Reads production's real state: revision from the database, version from /health, validity of the indexes. */
  verifyState(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    healthPath: string;
    expected: {
      version?: string;
      revision?: string | null;
      /** The revision that the tool reports; without it alembic's table in the database is read. */
      reported?: string | null;
      indexes?: { present: boolean; expectations: IndexExpectations };
    };
  }): Promise<StepReport>;
}

export type Activities = AdmissionActivities &
  ApprovalActivities &
  PrerequisiteActivities &
  ReviewActivities &
  AccessActivities &
  AlertActivities &
  BackupActivities &
  RestoreActivities &
  DatabaseActivities &
  IndexActivities &
  CommandActivities &
  HttpActivities &
  DocumentationActivities &
  LoadActivities &
  MonitorActivities &
  TrendActivities &
  PeopleActivities &
  VerificationActivities &
  WindowActivities;

export type { EnvironmentName, Question };
