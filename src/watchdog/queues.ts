/** Who serves the task queues that deployments wait for. */
import type { SeenQueue } from '../domain/watchdog/seen.js';
import { judgePollers } from '../temporal/queue-service.js';
import { type Description, type ServerView, whyNot } from './server-view.js';
import { timeOf } from './watch-history.js';

/** Temporal's number of a workflow that only the build takes on which it began. */
const PINNED = 1;

/** For one look: each queue is asked about once. */
export class Queues {
  private readonly asked = new Map<string, Promise<SeenQueue>>();

  constructor(private readonly view: ServerView) {}

  /** The queue that a workflow waits for; of a pinned one, the workers of its build. */
  of({ executionConfig, workflowExecutionInfo }: Description): Promise<SeenQueue> {
    const queue = executionConfig?.taskQueue?.name ?? '';
    const { behavior, deploymentVersion, versioningOverride } = workflowExecutionInfo?.versioningInfo ?? {};
    const version = versioningOverride?.pinned?.version ?? (behavior === PINNED ? deploymentVersion : undefined);
    const build = version?.buildId || undefined;
    const name = build === undefined ? queue : `${queue} of build ${build}`;
    const asked = this.asked.get(name) ?? this.ask(queue, { name, build });
    this.asked.set(name, asked);
    return asked;
  }

  private async ask(queue: string, { name, build }: { name: string; build: string | undefined }): Promise<SeenQueue> {
    try {
      const both = await Promise.all([this.view.pollers(queue, 1), this.view.pollers(queue, 2)]);
      const seen = both.map((all) => {
        const pollers = all
          .filter(({ deploymentOptions }) => build === undefined || deploymentOptions?.buildId === build)
          .map(({ identity, lastAccessTime }) => ({ identity: identity ?? '', at: timeOf(lastAccessTime) }));
        const { state, text, advice } = judgePollers(queue, pollers, this.view.now());
        const times = pollers.flatMap(({ at }) => at ?? []);
        const words = build === undefined ? text : `${text} (of the build ${build})`;
        return {
          queue: name,
          state,
          text: words,
          advice,
          ...(times.length > 0 ? { lastAskedAt: Math.max(...times) } : {}),
        };
      });
      const order = ['nobody', 'unknown', 'served'];
      return seen.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))[0] as SeenQueue;
    } catch (error) {
      return { queue: name, state: 'unknown', text: `whether anybody serves ${name} is not known: ${whyNot(error)}` };
    }
  }
}
