/** The activities as the workflows call them: one block of timeouts and retries for each group, with its reason. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type {
  AdmissionActivities,
  CommandActivities,
  DatabaseActivities,
  HttpActivities,
  LoadActivities,
  MonitorActivities,
  PeopleActivities,
  PrerequisiteActivities,
  VerificationActivities,
} from '../contract/activities.js';

const PATIENT_RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/** A worker that is away for a weekend is no failure of a step: what waits in the queue goes on when it comes back. */
const LONGEST_ABSENCE = '7d';

/** Reads that end within a minute and can be made again at will. After five tries a person should hear of it. */
export const checks = proxyActivities<
  AdmissionActivities &
    PrerequisiteActivities &
    VerificationActivities &
    Pick<DatabaseActivities, 'checkIndexes' | 'reviewDatabase' | 'countRows'>
>({
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});

/**
 * Work that takes minutes and heartbeats, so that a dead worker is noticed within the heartbeat's time-out rather than
 * the work's. Repeating it is harmless.
 */
export const longChecks = proxyActivities<HttpActivities & LoadActivities & Pick<DatabaseActivities, 'backUpDatabase'>>(
  {
    startToCloseTimeout: '2h',
    scheduleToCloseTimeout: LONGEST_ABSENCE,
    heartbeatTimeout: '20s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
  },
);

/**
 * Commands that change something. They stay on the machine that admitted the deployment, where their records are. A
 * retry re-attaches, so retries are unlimited within a week: a worker that comes back after a weekend still finds its
 * command. What must not be repeated comes back as a non-retryable failure.
 */
export const commandsOn = (runner: string) =>
  proxyActivities<CommandActivities>({
    taskQueue: runner,
    startToCloseTimeout: '2h',
    scheduleToCloseTimeout: LONGEST_ABSENCE,
    heartbeatTimeout: '10s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...PATIENT_RETRY, maximumInterval: '10s' },
  });

/** Announcements: worth a few tries, never worth waiting for. The stand-in people of a demo answer within it. */
export const people = proxyActivities<PeopleActivities>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout: '30s',
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});

/**
 * One tick's samples. Local, because a watch of 24 hours has 1,440 of them: half the events and half the time of an
 * ordinary activity. It reports a source's failure as a sample and so hardly ever fails itself.
 */
export const sampling = proxyLocalActivities<Pick<MonitorActivities, 'sampleMetrics'>>({
  startToCloseTimeout: '45s',
  retry: { maximumAttempts: 3 },
});

export const series = proxyActivities<Pick<MonitorActivities, 'sealSeries'>>({
  startToCloseTimeout: '5m',
  scheduleToCloseTimeout: LONGEST_ABSENCE,
  retry: { ...PATIENT_RETRY, maximumAttempts: 5 },
});
