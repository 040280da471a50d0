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
  Worker,
} from '@temporalio/worker';
import { pino } from 'pino';
import { createAdmissionActivities } from './activities/admission.js';
import { createCommandActivities } from './activities/commands.js';
import { createDatabaseActivities } from './activities/databases.js';
import { createHttpActivities } from './activities/http.js';
import { createLoadActivities } from './activities/load.js';
import { createMonitorActivities, monitorSources } from './activities/monitor.js';
import { createPeopleActivities } from './activities/people.js';
import { createPrerequisiteActivities } from './activities/prerequisites.js';
import { createVerificationActivities } from './activities/verification.js';
import type { Question } from './contract/activities.js';
import { TASK_QUEUE } from './contract/names.js';

export interface WorkerOptions {
  connection: NativeConnectionOptions;
  namespace: string;
  /** Folder for the records of commands. It must outlive the worker and stay on this machine. */
  state: string;
  /** Demo and rehearsal only. */
  allowVirtualTime?: boolean;
  /** Folders to look for tools in, before PATH. */
  tools?: string[];
  /** The demo's stand-in people. */
  answer?: (question: Question) => Promise<void>;
  /** The demo's faults. */
  activityInterceptors?: ActivityInterceptorsFactory[];
  logLevel?: 'info' | 'warn' | 'error';
}

const BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/**
 * Runs until SIGINT or SIGTERM. Two task queues: one that all workers share, and one of this machine alone, where the
 * commands of the deployments that it admitted are run and found again.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const state = resolve(options.state);
  installLogger(options.logLevel ?? 'info');
  const runner = `${TASK_QUEUE}@${hostname()}-${createHash('sha256').update(state).digest('hex').slice(0, 8)}`;
  const connection = await NativeConnection.connect(options.connection);
  const sources = monitorSources();
  const commands = createCommandActivities({ state });
  const shared = {
    connection,
    namespace: options.namespace,
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
  };
  try {
    const [main, own] = await Promise.all([
      Worker.create({
        ...shared,
        taskQueue: TASK_QUEUE,
        workflowBundle: { codePath: BUNDLE },
        interceptors: { activity: options.activityInterceptors },
        activities: {
          ...createAdmissionActivities({ runner, allowVirtualTime: options.allowVirtualTime ?? false }),
          ...createPrerequisiteActivities({ tools: options.tools }),
          ...createDatabaseActivities(),
          ...createHttpActivities(),
          ...createLoadActivities(),
          ...createMonitorActivities(sources),
          ...createPeopleActivities({ answer: options.answer }),
          ...createVerificationActivities(),
        },
      }),
      Worker.create({
        ...shared,
        taskQueue: runner,
        interceptors: { activity: options.activityInterceptors },
        activities: { ...commands },
      }),
    ]);
    await Promise.all([main.run(), own.run()]);
  } finally {
    await sources.postgres.close();
    await connection.close();
  }
}

/** One JSON line for each event on stderr: stdout belongs to the commands' own output. */
function installLogger(level: 'info' | 'warn' | 'error'): void {
  const logger = pino({ level, base: { service: 'surefoot-worker' } }, pino.destination(2));
  const write = (at: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    logger[at](printable(meta), message);
  Runtime.install({
    logger: {
      log: (at, message, meta) => write(at.toLowerCase() as 'info')(message, meta),
      trace: write('trace'),
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
  });
}

/** The SDK's metadata without what JSON cannot hold. */
const printable = (meta: object | undefined): object =>
  Object.fromEntries(
    Object.entries(meta ?? {}).map(([name, value]) => [
      name,
      value instanceof Error ? `${value.name}: ${value.message}` : typeof value === 'bigint' ? String(value) : value,
    ]),
  );
