/** One worker with a queue of its own: a rehearsal has it for itself, and may have it stopped and begun again. */
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Activities } from '../contract/activities.js';

/** What is under way gets so long to end when the worker is stopped. */
const GRACE = '5s';

export class Lane {
  private worker: Worker | undefined;
  private running: Promise<void> = Promise.resolve();
  private restarts: Promise<void> = Promise.resolve();

  private constructor(
    readonly taskQueue: string,
    private readonly make: () => Promise<Worker>,
  ) {}

  static async start(options: {
    connection: NativeConnection;
    taskQueue: string;
    activities: Activities;
    /** The workflow bundle that is shipped. */
    bundle: string;
  }): Promise<Lane> {
    const { connection, taskQueue, activities, bundle } = options;
    const make = () =>
      Worker.create({
        connection,
        taskQueue,
        activities,
        workflowBundle: { codePath: bundle },
        shutdownGraceTime: GRACE,
        maxHeartbeatThrottleInterval: '1s',
      });
    const lane = new Lane(taskQueue, make);
    await lane.begin();
    return lane;
  }

  /** Another worker takes over, with nothing in its cache: it replays what has happened so far. */
  restart(): void {
    this.restarts = this.restarts.then(async () => {
      await this.end();
      await this.begin();
    });
  }

  async stop(): Promise<void> {
    await this.restarts;
    await this.end();
  }

  private async begin(): Promise<void> {
    this.worker = await this.make();
    this.running = this.worker.run();
    this.running.catch(() => {});
  }

  private async end(): Promise<void> {
    if (this.worker?.getState() === 'RUNNING') this.worker.shutdown();
    await this.running;
  }
}
