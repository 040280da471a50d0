/**
 * What the workflows ask of the world. Each interface is implemented by one file in `src/activities`;
 * workflows import these types only. Every input is plain data without secrets.
 */
import type { Sample } from '../domain/criteria.js';
import type { EvidenceReference, StepReport } from '../domain/evidence.js';
import type { Question } from '../domain/ledger.js';
import type {
  Command,
  Commands,
  EndpointCheck,
  Environment,
  EnvironmentName,
  IndexExpectations,
  LoadLimits,
  LoadTest,
  Metric,
  Migration,
  ResolvedPlan,
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
  checkRepository(input: { key: StepKey; release: ResolvedPlan['release'] }): Promise<StepReport & { commit: string }>;
  checkStaging(input: {
    key: StepKey;
    environments: Environment[];
    minimumRows: { table: string; rows: number };
  }): Promise<StepReport>;
  checkTools(input: { key: StepKey; tools: string[]; scripts: string[]; commands: Commands }): Promise<StepReport>;
}

export interface DatabaseActivities {
  /** pg_dump in custom format, read whole, hashed, stored as evidence (checklist 1.1, 3.1). */
  backUpDatabase(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
  }): Promise<StepReport & { bytes: number; sha256: string }>;
  /** Validity, columns and order from the catalogue, and what plans the queries get (checklist 1.3, 3.5). */
  checkIndexes(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    indexes: IndexExpectations;
  }): Promise<StepReport>;
  /** Slow queries, index use, locks (checklist 4.2). */
  reviewDatabase(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    indexes: IndexExpectations;
  }): Promise<StepReport>;
  /** Counts the rows of a table, exactly. */
  countRows(input: { environment: Environment; table: string }): Promise<number>;
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
  }): Promise<StepReport>;
  /**
   * `current` before, the lock, upgrade or downgrade, `current` after (checklist 1.2, 3.4, rollback options 1 and 3).
   * An upgrade goes to `migration.revision`; a downgrade to exactly `to` (null: nothing), and only from `from`.
   * When the database is already there, nothing is run and the report says so.
   */
  migrate(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    migration: Migration;
    direction: { kind: 'upgrade' } | { kind: 'downgrade'; from: string; to: string | null };
    /** Longest total time, milliseconds; longer is a failed fact. */
    within?: number;
  }): Promise<StepReport & { before: string | null; after: string | null; milliseconds: number }>;
  readRevision(input: { environment: Environment; migration: Migration }): Promise<string | null>;
}

export interface HttpActivities {
  /** Waits until the health endpoint answers 200 and, when given, with this version; `within` milliseconds. */
  awaitHealth(input: {
    key: StepKey;
    environment: Environment;
    path: string;
    version?: string;
    within: number;
  }): Promise<StepReport>;
  /** Functional and smoke checks (checklist 1.4, 3.6). */
  checkEndpoints(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    checks: EndpointCheck[];
  }): Promise<StepReport>;
  /** Waits until the application reports no request in flight, at most `drain` milliseconds (checklist 3.2). */
  awaitDrained(input: { environment: Environment; path: string; drain: number }): Promise<StepReport>;
  /** One path answers 200 (rollback option 3, step 4). */
  checkPath(input: { environment: Environment; path: string }): Promise<StepReport>;
}

export interface LoadActivities {
  /** Checklist 1.5 and 4.4: N requests by C workers, every sample kept as evidence. */
  runLoadTest(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    test: LoadTest;
    limits: LoadLimits;
  }): Promise<StepReport>;
}

export interface MonitorActivities {
  /**
   * One sample of each metric, stamped with the workflow's time. Never fails: what goes wrong is a sample of kind `error`.
   * In virtual time rates look back over the last moment of wall time instead of the metric's window.
   */
  sampleMetrics(input: {
    monitor: string;
    evidence: EvidencePlace;
    at: number;
    clock: Clock;
    metrics: Metric[];
    /** Rows counted before the deployment, by table: what `lostRows` compares with. */
    baselines: Record<string, number>;
  }): Promise<Record<string, Sample>>;
  /** Seals the series of samples of a monitor as evidence. */
  sealSeries(input: { monitor: string; evidence: EvidencePlace }): Promise<EvidenceReference[]>;
}

export interface PeopleActivities {
  /**
   * Tells people that they are asked something. Real time: announces it and returns. In the demo, stand-ins answer
   * before it returns: an activity in flight keeps virtual time from running past the question.
   */
  ask(input: { question: Question; webhook?: string }): Promise<void>;
  /** Announces an event; a receiver that is down never fails a deployment. @returns what could not be told */
  tell(input: { deployment: string; service: string; text: string; webhook?: string }): Promise<{ untold?: string }>;
}

export interface VerificationActivities {
  /** Reads production's real state: revision from the database, version from /health, validity of the indexes. */
  verifyState(input: {
    key: StepKey;
    environment: Environment;
    healthPath: string;
    expected: {
      version?: string;
      revision?: string | null;
      indexes?: { present: boolean; expectations: IndexExpectations };
    };
  }): Promise<StepReport>;
}

export type Activities = AdmissionActivities &
  PrerequisiteActivities &
  DatabaseActivities &
  CommandActivities &
  HttpActivities &
  LoadActivities &
  MonitorActivities &
  PeopleActivities &
  VerificationActivities;

export type { EnvironmentName, Question };
