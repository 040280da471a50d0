/** The worker: the only place where workflows, activities and adapters meet. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import {
  type ActivityInterceptorsFactory,
  NativeConnection,
  type NativeConnectionOptions,
  type WorkerOptions as SdkWorkerOptions,
  Worker,
  type WorkerDeploymentOptions,
} from '@temporalio/worker';
import { createAdmissionActivities } from './activities/admission.js';
import { createAlertActivities } from './activities/alerts/alerts.js';
import { createBrowserActivities } from './activities/application/documentation.js';
import { createHttpActivities } from './activities/application/endpoints.js';
import { createLoadActivities } from './activities/application/load.js';
import { demandAuthority } from './activities/authority.js';
import { createBackupActivities } from './activities/backup/backups.js';
import { createCommandBackupActivities } from './activities/backup/command-backups.js';
import { createRestoreActivities } from './activities/backup/restore.js';
import { createAccessActivities } from './activities/cloud/access.js';
import { createCommandActivities } from './activities/commands.js';
import { createArchiveActivities } from './activities/evidence/deployment-archive.js';
import { keepToOwnEvidence } from './activities/evidence/own-evidence.js';
import { archiveReports } from './activities/evidence/report-archive.js';
import { redactResults } from './activities/evidence/result-redaction.js';
import { createForgeActivities } from './activities/forge/forge.js';
import { createSampleActivities } from './activities/metrics/samples.js';
import { createTrendActivities } from './activities/metrics/trends.js';
import { createPeopleActivities } from './activities/notify/people.js';
import { createOwnCheckActivities } from './activities/own-checks/own-checks.js';
import { keepToEnvironment } from './activities/own-environment.js';
import { createDatabaseActivities } from './activities/postgres/databases.js';
import { createIndexActivities } from './activities/postgres/indexes.js';
import { createPrerequisiteActivities } from './activities/prerequisites.js';
import { publishedKeys } from './activities/published-keys.js';
import { createApprovalActivities } from './activities/review/approvals.js';
import { createReviewActivities } from './activities/review/review.js';
import { createVerificationActivities } from './activities/verification.js';
import { createWindowActivities } from './activities/windows.js';
import { copyWarning, formerQueue, runnerIdentity } from './adapters/commands/runner-identity.js';
import { MetricReaders } from './adapters/metrics/metric-sources.js';
import { Tracing } from './adapters/traces/tracing.js';
import { runnerQueue, TASK_QUEUE, WATCHDOG, WORKER_DEPLOYMENT } from './contract/names.js';
import type { EnvironmentName } from './contract/plan/environment.js';
import { heardBy, SILENT_SINKS, UNHEARD } from './contract/sinks.js';
import type { Question } from './domain/ledger/ledger.js';
import { boundAnswers } from './encryption/bound-answers.js';
import { clientEncryption, dataConverter } from './encryption/data-converter.js';
import { readTextSync } from './files/bounded-files.js';
import { ownBuild } from './local/release.js';
import { environmentsNaming, type Policy } from './policy/policy.js';
import { WITHOUT_POLICY } from './policy/words.js';
import { reportOfArchive } from './report/archived.js';
import { releaseFirst } from './temporal/first-release.js';
import { withoutMemos } from './temporal/runs.js';
import { createWatchdogActivities } from './watchdog/activities.js';
import { ensureWatchdog } from './watchdog/schedule.js';
import { installRuntime } from './worker/runtime.js';

export interface WatchdogOptions {
  connection: NativeConnectionOptions;
  namespace: string;
  logLevel?: 'info' | 'warn' | 'error';
  /** Where Prometheus finds its figures, as address:port; without one none are kept. */
  metrics?: string;
  /** Whose word counts for what; without one nobody's is proven, as far as the plan does not ask for it. */
  policy?: Policy;
}

export interface WorkerOptions extends WatchdogOptions {
  /** Folder for the records of commands, and who the runner is. It must outlive the worker. */
  state: string;
  /** Serves this environment's commands alone, on its own queue: somebody else decides, looks and watches. */
  environment?: EnvironmentName;
  /** The build that it says to be of; what its code is when absent. */
  build?: string;
  /** Whether it makes its build current also where another one is: on a machine's own sandbox, where nobody else does. */
  releasesItself?: boolean;
  /** Demo and rehearsal only. */
  allowVirtualTime?: boolean;
  /** Folders to look for tools in, before PATH. */
  tools?: string[];
  /** Where the console is, for questions of plans that do not say it. */
  console?: string;
  /** The demo's stand-in people. */
  answer?: (question: Question) => Promise<void>;
  /** The demo's faults. */
  activityInterceptors?: ActivityInterceptorsFactory[];
  /** Where a collector takes traces, OTLP over HTTP; without one none are made. */
  traces?: string;
}

export { StateFolderUnusable } from './adapters/commands/runner-identity.js';
export { MetricsUnservable } from './worker/runtime.js';

const bundle = (name: string): string => fileURLToPath(new URL(`../${name}.js`, import.meta.url));

/**
 * Runs until SIGINT, SIGTERM or SIGHUP. Two task queues: one that all workers share, and one of this runner alone, where
 * the commands of the deployments that it admitted are run and found again. A worker for one environment has the second
 * one only.
 * @throws StateFolderUnusable
 * @throws MetricsUnservable
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const state = resolve(options.state);
  const { identity, older, copied } = await runnerIdentity(state);
  // From here on the runtime keeps the process alive, until its last connection is closed.
  const log = installRuntime(options.logLevel ?? 'info', options.metrics);
  const runner = runnerQueue(identity);
  const { namespace, environment, build = ownBuild() } = options;
  const policy = options.policy && { ...options.policy, findProviderKeys: publishedKeys(state) };
  const about = { runner: identity, build, state, namespace, address: options.connection.address, environment };
  const serving = environment === undefined ? '' : `, for ${environment} only`;
  log.info(about, `runner ${identity} starts, build ${build}${serving}`);
  if (!policy) log.warn(WITHOUT_POLICY);
  if (copied) log.warn(copyWarning(state, identity));
  const connection = await NativeConnection.connect(options.connection);
  const metrics = new MetricReaders();
  const named = policy && environmentsNaming(policy, identity);
  const commands = createCommandActivities({ state, runner: identity, presence: { build, environment, named } });
  const converter = dataConverter('replace');
  const tracing =
    options.traces === undefined ? undefined : new Tracing(options.traces, identity, (message) => log.warn(message));
  const traced = tracing ? [tracing.interceptor] : [];
  const shared = {
    dataConverter: converter,
    interceptors: {
      activity: [
        ...(converter ? [boundAnswers] : []),
        ...traced,
        redactResults,
        keepToOwnEvidence,
        archiveReports,
        ...(environment ? [keepToEnvironment(environment)] : []),
        ...(policy ? [demandAuthority({ policy, runner: identity, state })] : []),
        ...(options.activityInterceptors ?? []),
      ],
    },
    connection,
    namespace,
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
  } satisfies Partial<SdkWorkerOptions>;
  // An environment is looked at where its commands run, where those have a runner of their own.
  const looks = {
    ...createPrerequisiteActivities({ tools: options.tools }),
    ...createDatabaseActivities(),
    ...createBrowserActivities(),
    ...createHttpActivities(),
    ...createIndexActivities(),
    ...createOwnCheckActivities(metrics),
    ...createSampleActivities(metrics),
    ...createVerificationActivities(),
  };
  const released = new AbortController();
  try {
    // Demos come and go, and their time is not the server's.
    const isWatched = !options.allowVirtualTime;
    const isShared = environment === undefined;
    if (isShared && isWatched) {
      await ensureWatchdog(new Client({ connection, namespace, ...clientEncryption('replace') })).catch((error) =>
        log.error(`the watchdog's schedule cannot be made: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
    const deploying = () =>
      Worker.create({
        ...shared,
        workerDeploymentOptions: pinnedTo(build),
        taskQueue: TASK_QUEUE,
        ...workflows(bundle(converter ? 'encrypting-workflow-bundle' : 'workflow-bundle'), tracing?.published),
        activities: {
          ...createAdmissionActivities({ runner, state, allowVirtualTime: !isWatched, policy, runsOf: withoutMemos }),
          ...createApprovalActivities({ policy }),
          ...looks,
          ...createArchiveActivities({ report: reportOfArchive }),
          ...createTrendActivities(),
          ...createPeopleActivities({ answer: options.answer, console: options.console }),
          ...createForgeActivities(),
          ...createReviewActivities(),
          ...createAccessActivities(),
          ...createAlertActivities(),
          ...createWindowActivities(),
        },
      });
    const workers = await Promise.all([
      ...(isShared ? [deploying()] : []),
      // What waits in a queue of then began without a build, and goes on without one.
      ...[{ taskQueue: runner, workerDeploymentOptions: pinnedTo(build) }, ...(older ? [formerQueue(state)] : [])].map(
        (queue) =>
          Worker.create({
            ...shared,
            ...queue,
            activities: {
              ...commands,
              ...createBackupActivities({ state, runner: identity }),
              ...createRestoreActivities({ state, runner: identity }),
              ...createCommandBackupActivities({ state, runner: identity }),
              ...createLoadActivities({ state }),
              ...looks,
            },
          }),
      ),
      // Unversioned, whatever the others are: it looks at the deployments of every build.
      ...(isShared && isWatched ? [watchdogWorker(shared, policy)] : []),
    ]);
    const working = Promise.all(workers.map((worker) => worker.run()));
    // Where nobody carries deployments out, none may begin.
    const releasing =
      isShared &&
      releaseFirst(
        { connection, namespace },
        {
          build,
          always: options.releasesItself ?? false,
          tell: (level, text) => log[level](text),
          signal: released.signal,
        },
      );
    await working.finally(() => released.abort());
    await releasing;
  } finally {
    await metrics.close();
    await tracing?.close();
    await connection.close();
  }
}

/**
 * The watchdog alone, until SIGINT, SIGTERM or SIGHUP: it runs no command, has no state folder, and is best somewhere else
 * than the workers that it misses when they are away. Makes its schedule.
 * @throws MetricsUnservable; what Temporal says when it takes no schedule
 */
export async function runWatchdog({ logLevel = 'info', metrics, ...options }: WatchdogOptions): Promise<void> {
  const policy = options.policy && { ...options.policy, findProviderKeys: publishedKeys() };
  const log = installRuntime(logLevel, metrics);
  const { namespace } = options;
  log.info({ namespace, address: options.connection.address }, 'the watchdog starts');
  const connection = await NativeConnection.connect(options.connection);
  const converter = dataConverter('replace');
  try {
    await ensureWatchdog(new Client({ connection, namespace, ...clientEncryption('replace') }));
    const worker = await watchdogWorker({ dataConverter: converter, connection, namespace }, policy);
    await worker.run();
  } finally {
    await connection.close();
  }
}

/** Bytes, of our own making. */
const LARGEST_BUNDLE = 64_000_000;

/** @param published who listens to what they publish, if anybody does */
const workflows = (codePath: string, published?: Parameters<typeof heardBy>[0]): Partial<SdkWorkerOptions> =>
  published
    ? { sinks: heardBy(published), workflowBundle: { codePath } }
    : { workflowBundle: { code: `${UNHEARD}${readTextSync(codePath, LARGEST_BUNDLE)}` } };

/** Small: there is one look at a time. */
const watchdogWorker = (shared: Partial<SdkWorkerOptions>, policy: Policy | undefined): Promise<Worker> =>
  Worker.create({
    ...shared,
    taskQueue: WATCHDOG,
    sinks: SILENT_SINKS,
    // A look is no step of a deployment: neither its report nor its trace.
    interceptors: { activity: [...(shared.dataConverter ? [boundAnswers] : []), redactResults] },
    maxCachedWorkflows: 2,
    workflowBundle: { codePath: bundle(shared.dataConverter ? 'encrypting-workflow-bundle' : 'workflow-bundle') },
    activities: createWatchdogActivities({ policy }),
  });

/** What begins on this build ends on it: a deployment, its watches and rollbacks, and their activities on either queue. */
const pinnedTo = (buildId: string): WorkerDeploymentOptions => ({
  useWorkerVersioning: true,
  version: { deploymentName: WORKER_DEPLOYMENT, buildId },
  defaultVersioningBehavior: 'PINNED',
});
