/** One worker with a queue of its own: a rehearsal has it for itself, and may have it stopped and begun again. */
import { type InjectedSinks, NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../contract/activities/activities.js';
import { SILENT_SINKS, type StateSinks } from '../contract/sinks.js';

/** What is under way gets so long to end when the worker is stopped. */
const GRACE = '5s';

export interface RehearsalWorkerOptions {
  address: string;
  taskQueue: string;
  activities: Activities;
  /** The workflow bundle that is shipped. */
  bundle: string;
  /** How payloads are encrypted, where they are. */
  encryption?: Pick<WorkerOptions, 'dataConverter' | 'interceptors'>;
  /** Who hears how workflows stand; nobody when absent. */
  sinks?: InjectedSinks<StateSinks>;
}

export class RehearsalWorker {
  /** Every worker so far: all but the last have been told to stop. */
  private readonly workers: { worker: Worker; ended: Promise<void> }[] = [];
  private restarts: Promise<void> = Promise.resolve();

  private constructor(private readonly options: RehearsalWorkerOptions) {}

  static async start(options: RehearsalWorkerOptions): Promise<RehearsalWorker> {
    const started = new RehearsalWorker(options);
    await started.begin();
    return started;
  }

  get taskQueue(): string {
    return this.options.taskQueue;
  }

  /**
   * Another worker takes over, with nothing in its cache: it replays what has happened so far. It begins before the old
   * one has ended, for what that one still does may wait for an answer that only the new one can give.
   */
  restart(): void {
    this.restarts = this.restarts.then(async () => {
      this.workers.at(-1)?.worker.shutdown();
      await this.begin();
    });
  }

  async stop(): Promise<void> {
    await this.restarts;
    const last = this.workers.at(-1)?.worker;
    if (last?.getState() === 'RUNNING') last.shutdown();
    await Promise.all(this.workers.map(({ ended }) => ended));
  }

  private async begin(): Promise<void> {
    const { address, taskQueue, activities, bundle, encryption, sinks = SILENT_SINKS } = this.options;
    const connection = await NativeConnection.connect({ address });
    const worker = await Worker.create({
      connection,
      taskQueue,
      activities,
      workflowBundle: { codePath: bundle },
      ...encryption,
      sinks,
      shutdownGraceTime: GRACE,
      maxHeartbeatThrottleInterval: '1s',
    });
    const ended = worker.run().then(() => connection.close());
    ended.catch(() => {});
    this.workers.push({ worker, ended });
  }
}
