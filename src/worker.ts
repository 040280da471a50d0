/** The worker: the only place where workflows, activities and adapters meet. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ActivityInterceptorsFactory,
  NativeConnection,
  type NativeConnectionOptions,
  Runtime,
  type WorkerOptions as SdkWorkerOptions,
  Worker,
} from '@temporalio/worker';
import { type Logger, pino } from 'pino';
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
import { archiveReports } from './activities/evidence/report-archive.js';
import { redactResults } from './activities/evidence/result-redaction.js';
import { createSampleActivities } from './activities/metrics/samples.js';
import { createTrendActivities } from './activities/metrics/trends.js';
import { createPeopleActivities } from './activities/notify/people.js';
import { createOwnCheckActivities } from './activities/own-checks/own-checks.js';
import { createDatabaseActivities } from './activities/postgres/databases.js';
import { createIndexActivities } from './activities/postgres/indexes.js';
import { createPrerequisiteActivities } from './activities/prerequisites.js';
import { createApprovalActivities } from './activities/review/approvals.js';
import { createReviewActivities } from './activities/review/review.js';
import { createVerificationActivities } from './activities/verification.js';
import { createWindowActivities } from './activities/windows.js';
import { IDENTITY_FILE, runnerIdentity } from './adapters/commands/runner-identity.js';
import { redact } from './adapters/evidence/redaction.js';
import { knownSecrets } from './adapters/evidence/secrets.js';
import { MetricReaders } from './adapters/metrics/metric-sources.js';
import { runnerQueue, TASK_QUEUE } from './contract/names.js';
import { SILENT_SINKS } from './contract/sinks.js';
import type { Question } from './domain/ledger/ledger.js';
import { dataConverter } from './encryption/data-converter.js';
import type { Policy } from './policy/policy.js';

export interface WorkerOptions {
  connection: NativeConnectionOptions;
  namespace: string;
  /** Folder for the records of commands, and who the runner is. It must outlive the worker. */
  state: string;
  /** Demo and rehearsal only. */
  allowVirtualTime?: boolean;
  /** Whose word counts for what; without one nobody's is proven, as far as the plan does not ask for it. */
  policy?: Policy;
  /** Folders to look for tools in, before PATH. */
  tools?: string[];
  /** The demo's stand-in people. */
  answer?: (question: Question) => Promise<void>;
  /** The demo's faults. */
  activityInterceptors?: ActivityInterceptorsFactory[];
  logLevel?: 'info' | 'warn' | 'error';
  /** Where Prometheus finds its figures, as address:port; without one none are kept. */
  metrics?: string;
}

export { StateFolderUnusable } from './adapters/commands/runner-identity.js';

const bundle = (name: string): string => fileURLToPath(new URL(`../${name}.js`, import.meta.url));

/** What ends a worker in order: a terminal that goes away, too. */
const STOPPED_BY: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs until SIGINT, SIGTERM or SIGHUP. Two task queues: one that all workers share, and one of this runner alone, where
 * the commands of the deployments that it admitted are run and found again.
 * @throws StateFolderUnusable
 * @throws MetricsUnservable
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const state = resolve(options.state);
  const { identity, older, copied } = await runnerIdentity(state);
  // From here on the runtime keeps the process alive, until its last connection is closed.
  const log = installRuntime(options.logLevel ?? 'info', options.metrics);
  const runner = runnerQueue(identity);
  const { namespace, policy } = options;
  log.info({ runner: identity, state, namespace, address: options.connection.address }, `runner ${identity} starts`);
  if (!policy) log.warn(UNSIGNED);
  if (copied) log.warn(copyWarning(state, identity));
  const connection = await NativeConnection.connect(options.connection);
  const metrics = new MetricReaders();
  const commands = createCommandActivities({ state, runner: identity });
  const converter = dataConverter('replace');
  const shared = {
    dataConverter: converter,
    interceptors: {
      activity: [
        redactResults,
        archiveReports,
        ...(policy ? [demandAuthority({ policy, runner: identity, state })] : []),
        ...(options.activityInterceptors ?? []),
      ],
    },
    connection,
    namespace,
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
  } satisfies Partial<SdkWorkerOptions>;
  try {
    const workers = await Promise.all([
      Worker.create({
        ...shared,
        taskQueue: TASK_QUEUE,
        sinks: SILENT_SINKS,
        workflowBundle: { codePath: bundle(converter ? 'encrypting-workflow-bundle' : 'workflow-bundle') },
        activities: {
          ...createAdmissionActivities({ runner, allowVirtualTime: options.allowVirtualTime ?? false, policy }),
          ...createApprovalActivities({ policy }),
          ...createPrerequisiteActivities({ tools: options.tools }),
          ...createBackupActivities(),
          ...createRestoreActivities(),
          ...createDatabaseActivities(),
          ...createBrowserActivities(),
          ...createHttpActivities(),
          ...createIndexActivities(),
          ...createSampleActivities(metrics),
          ...createTrendActivities(),
          ...createOwnCheckActivities(metrics),
          ...createPeopleActivities({ answer: options.answer }),
          ...createReviewActivities(),
          ...createAccessActivities(),
          ...createAlertActivities(),
          ...createVerificationActivities(),
          ...createWindowActivities(),
        },
      }),
      ...[runner, ...(older ? [formerQueue(state)] : [])].map((taskQueue) =>
        Worker.create({
          ...shared,
          taskQueue,
          activities: {
            ...commands,
            ...createCommandBackupActivities({ state, runner: identity }),
            ...createLoadActivities({ state }),
          },
        }),
      ),
    ]);
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await metrics.close();
    await connection.close();
  }
}

/**
 * The queue's name before runners had an identity. Deployments that were admitted then wait there, and their records
 * are in this folder; it is found again where the machine still has the name of then.
 */
const formerQueue = (state: string): string =>
  `${TASK_QUEUE}@${hostname()}-${createHash('sha256').update(state).digest('hex').slice(0, 8)}`;

const UNSIGNED =
  'this worker has no policy (--policy): whoever reaches Temporal can decide in any name, but for approvals that a plan wants signed';

const copyWarning = (state: string, identity: string): string =>
  `the identity of runner ${identity} was made in another folder than ${state}: if this is a copy, stop the other worker, ` +
  `as both would run each other's commands; or delete ${IDENTITY_FILE} here, and this becomes a runner of its own`;

/** The address for the metrics cannot be listened on. */
export class MetricsUnservable extends Error {
  override name = 'MetricsUnservable';
}

/** One JSON line for each event on stderr, without secrets: stdout belongs to the commands' own output. */
function installRuntime(level: 'info' | 'warn' | 'error', metrics: string | undefined): Logger {
  const stderr = pino.destination(2);
  const lines = { write: (line: string) => stderr.write(redact(line, knownSecrets())) };
  const logger = pino({ level, base: { service: 'surefoot-worker' } }, lines);
  const write = (at: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    logger[at](printable(meta), message);
  try {
    Runtime.install({
      shutdownSignals: STOPPED_BY,
      logger: {
        log: (at, message, meta) => write(at.toLowerCase() as 'info')(message, meta),
        trace: write('trace'),
        debug: write('debug'),
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
      },
      telemetryOptions: {
        // What is not forwarded goes to stdout, as text.
        logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
        ...(metrics === undefined
          ? {}
          : { metrics: { attachServiceName: false, prometheus: { bindAddress: metrics, ...PROMETHEUS_NAMES } } }),
      },
    });
  } catch (error) {
    if (metrics === undefined) throw error;
    throw new MetricsUnservable(`The metrics cannot be served at ${metrics}`, { cause: error });
  }
  return logger;
}

/** Units and names as Prometheus recommends them. */
const PROMETHEUS_NAMES = { unitSuffix: true, useSecondsForDurations: true, countersTotalSuffix: true };

/** The SDK's metadata without what JSON cannot hold. */
const printable = (meta: object | undefined): object =>
  Object.fromEntries(
    Object.entries(meta ?? {}).map(([name, value]) => [
      name,
      value instanceof Error ? `${value.name}: ${value.message}` : typeof value === 'bigint' ? String(value) : value,
    ]),
  );
