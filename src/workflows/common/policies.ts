/** The activities as the workflows call them: one block of timeouts and retries for each group, with its reason. */
import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type {
  AccessActivities,
  AdmissionActivities,
  PrerequisiteActivities,
} from '../../contract/activities/admission.js';
import type { AlertActivities } from '../../contract/activities/alerts.js';
import type { DocumentationActivities, HttpActivities, LoadActivities } from '../../contract/activities/application.js';
import type { ArchiveActivities } from '../../contract/activities/archive.js';
import type { BackupActivities, CommandBackupActivities, RestoreActivities } from '../../contract/activities/backup.js';
import type { CommandActivities, PresenceActivities } from '../../contract/activities/commands.js';
import type { ForgeActivities } from '../../contract/activities/forge.js';
import type { SampleActivities, TrendActivities } from '../../contract/activities/metrics.js';
import type { PeopleActivities } from '../../contract/activities/notify.js';
import type { OwnCheckActivities } from '../../contract/activities/own-checks.js';
import type {
  DatabaseActivities,
  IndexActivities,
  VerificationActivities,
} from '../../contract/activities/postgres.js';
import type { ApprovalActivities, ReviewActivities } from '../../contract/activities/review.js';
import type { WindowActivities } from '../../contract/activities/windows.js';
import { briefly, MOMENT } from './briefly.js';
import { NOT_SERVED_AFTER } from './patience.js';

const PATIENT_RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/** A worker that is away for a weekend is no failure of a step: what waits in the queue goes on when it comes back. */
const LONGEST_ABSENCE = '7d';

const CHECKED = {
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
} as const;

/** Reads that end within a minute and can be made again at will. After five tries a person should hear of it. */
export const checks = proxyActivities<
  AdmissionActivities &
    Pick<ApprovalActivities, 'verifySignature' | 'verifyEnvelope'> &
    Pick<PrerequisiteActivities, 'checkRepository'> &
    ReviewActivities &
    AccessActivities &
    AlertActivities &
    Pick<VerificationActivities, 'verifyState'> &
    Pick<IndexActivities, 'checkIndexes'> &
    Pick<DatabaseActivities, 'reviewDatabase'>
>(CHECKED);

/** The same of what as a rule takes a moment: an event of the history instead of six. */
export const briefChecks = briefly<
  Pick<PrerequisiteActivities, 'checkStaging' | 'checkTools'> & Pick<VerificationActivities, 'verifyState'>
>(CHECKED);

/** This worker's own clock: nothing to wait for, and asked for the time of the very task that asks. */
export const localReads = proxyLocalActivities<Pick<AdmissionActivities, 'checkClock'> & WindowActivities>({
  startToCloseTimeout: '30s',
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});

/**
 * Reads of a second that nobody has to see happen, of databases, services and disks that may take their time. They are
 * made again when a worker dies within them.
 */
export const briefReads = briefly<
  Pick<ApprovalActivities, 'sealProposal'> &
    Pick<IndexActivities, 'checkIndexUse'> &
    Pick<DatabaseActivities, 'countRows'> &
    Pick<HttpActivities, 'checkMaintenance' | 'readStarts'>
>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  heartbeatTimeout: '20s',
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});

type UrgentReads = Pick<VerificationActivities, 'countStored' | 'storedRevision'>;

/** The same where a rollback waits for the answer: what is not known by then is unknown. */
const URGENT = {
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  heartbeatTimeout: '20s',
  retry: { ...PATIENT_RETRY, maximumAttempts: 2 },
} satisfies ActivityOptions;

export const urgentReads = briefly<UrgentReads>(URGENT);

/**
 * What outlives the deployment, at its very end: worth some tries, and nothing that it waits long for. By then it has
 * nobody to listen to: the local try may take nearly as long as a task may.
 */
export const archives = briefly<ArchiveActivities>(
  {
    startToCloseTimeout: '10m',
    scheduleToCloseTimeout: '1h',
    heartbeatTimeout: '20s',
    retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
  },
  7_000,
);

/**
 * Work that takes minutes and heartbeats, so that a dead worker is noticed within the heartbeat's time-out rather than
 * the work's. Repeating it is harmless.
 */
export const longChecks = proxyActivities<
  HttpActivities & DocumentationActivities & OwnCheckActivities & Pick<PeopleActivities, 'sendNotices'>
>({
  startToCloseTimeout: '2h',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  heartbeatTimeout: '20s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});

/** A worker that is gone is noticed by then. Milliseconds. */
export const COMMAND_HEARTBEAT = 10_000;

/**
 * Commands that change something, and those of backups. They stay on the machine that admitted the deployment, where
 * their records are. A retry re-attaches, so retries are unlimited within a week: a worker that comes back after a
 * weekend still finds its command. What must not be repeated comes back as a non-retryable failure. Called through
 * `run/runner.ts`, which knows what to make of one that nobody has taken.
 */
export const commandsOn = (runner: string) =>
  proxyActivities<CommandActivities & BackupActivities & RestoreActivities & CommandBackupActivities>({
    taskQueue: runner,
    startToCloseTimeout: '2h',
    scheduleToStartTimeout: NOT_SERVED_AFTER,
    scheduleToCloseTimeout: LONGEST_ABSENCE,
    heartbeatTimeout: COMMAND_HEARTBEAT,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...PATIENT_RETRY, maximumInterval: '10s' },
  });

/** Load tests: where the commands are, as they read the log, and as harmless to repeat as the long checks. */
export const loadOn = (runner: string) =>
  proxyActivities<LoadActivities>({
    taskQueue: runner,
    startToCloseTimeout: '2h',
    scheduleToStartTimeout: NOT_SERVED_AFTER,
    scheduleToCloseTimeout: LONGEST_ABSENCE,
    heartbeatTimeout: '20s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
  });

/**
 * What only looks at an environment that has a runner of its own: there, as that is where its credentials are. As
 * patient as the same looks elsewhere, but that a runner nobody serves is told to people (`run/runner.ts`).
 */
export const looksOn = (runner: string) =>
  proxyActivities<
    HttpActivities &
      DocumentationActivities &
      OwnCheckActivities &
      PrerequisiteActivities &
      VerificationActivities &
      IndexActivities &
      DatabaseActivities
  >({
    taskQueue: runner,
    startToCloseTimeout: '2h',
    scheduleToStartTimeout: NOT_SERVED_AFTER,
    scheduleToCloseTimeout: LONGEST_ABSENCE,
    heartbeatTimeout: '20s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
  });

/** The same where a rollback waits for the answer. */
export const urgentReadsOn = (runner: string) =>
  proxyActivities<UrgentReads>({
    ...URGENT,
    taskQueue: runner,
    scheduleToStartTimeout: NOT_SERVED_AFTER,
  });

/** A runner's own answer that it is there. It changes nothing: it is waited for as long as it takes. */
export const presenceOn = (runner: string) =>
  proxyActivities<PresenceActivities>({ taskQueue: runner, startToCloseTimeout: '10s', retry: PATIENT_RETRY });

/** The same of a runner that is there now, or is not. */
export const presenceNow = (runner: string) =>
  proxyActivities<PresenceActivities>({
    taskQueue: runner,
    startToCloseTimeout: '5s',
    scheduleToCloseTimeout: '10s',
    retry: PATIENT_RETRY,
  });

/** Messages: worth a few tries, never worth waiting for. The stand-in people of virtual time answer within it. */
export const people = proxyActivities<Pick<PeopleActivities, 'tell'>>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout: '30s',
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});

/** In virtual time, where somebody is asked: the demo has people at its console answer, who think as long as they like. */
export const LONGEST_THOUGHT = { startToCloseTimeout: '12h', scheduleToCloseTimeout: '12h' } as const;

/**
 * The same of the forge: a telling finds what the one before it has written. Until a worker that is gone is noticed, the
 * forge shows what is over.
 */
export const forges = proxyActivities<ForgeActivities>({
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout: '10s',
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});

/** Whether the deployment still runs: asked by a watch that is cancelled, and for which its deployment may be waiting. */
export const parentLook = proxyLocalActivities<Pick<AdmissionActivities, 'stateOfRun'>>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '500ms', maximumAttempts: 3 },
});

/**
 * One tick's samples, as a rule: local, because a watch of 24 hours has 1,440 of them: half the events and half the time
 * of an ordinary activity. It reports a source's failure as a sample and so hardly ever fails itself.
 */
export const briefSamples = proxyLocalActivities<Pick<SampleActivities, 'sampleMetrics'>>({
  startToCloseTimeout: MOMENT,
  retry: { maximumAttempts: 1 },
});

/** The same of sources that take their time. */
export const slowSamples = proxyActivities<Pick<SampleActivities, 'sampleMetrics'>>({
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  heartbeatTimeout: '20s',
  retry: { ...PATIENT_RETRY, maximumAttempts: 3 },
});

/** The same of an environment that has a runner of its own. One that does not take it soon has nothing to say of that tick. */
export const samplesOn = (runner: string) =>
  proxyActivities<Pick<SampleActivities, 'sampleMetrics'>>({
    taskQueue: runner,
    startToCloseTimeout: '45s',
    scheduleToStartTimeout: '20s',
    scheduleToCloseTimeout: '2m',
    heartbeatTimeout: '20s',
    retry: { ...PATIENT_RETRY, maximumAttempts: 3 },
  });

/** What becomes of the samples of a watch that has ended: about five minutes of tries, for the watch may have taken a day. */
export const series = proxyActivities<Pick<SampleActivities, 'sealSeries'> & TrendActivities>({
  startToCloseTimeout: '5m',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  retry: { ...PATIENT_RETRY, maximumAttempts: 15 },
});

/** The same where something urgent goes on: beside a rollback, and before the watch that relieves a guard. */
export const urgentSeal = proxyActivities<Pick<SampleActivities, 'sealSeries'>>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '15s',
  retry: { maximumAttempts: 2 },
});
