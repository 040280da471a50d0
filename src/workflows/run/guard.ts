/** Production is never left alone: while people are waited for, it is watched by what calls for a rollback. */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Watch } from '../../contract/plan/watch.js';
import { isFailure, type RollbackNeeded } from './failures.js';
import { reportOf, rollbackFor, type Watching } from './watching.js';

/** Longest guard before the next one takes over, milliseconds. */
const GUARD_LASTS = 7 * 24 * 3_600_000;

export class Guard {
  private post?: { watch: Watch; baselines: Record<string, number> };
  /** How many have stood so far; each is a workflow of its own. */
  private count = 0;

  constructor(private readonly watching: Watching) {}

  /** From here on users are on the new release: whatever waits is guarded by the rules of this watch. */
  set(watch: Watch | undefined, baselines: Record<string, number>): void {
    this.post = watch && { watch, baselines };
  }

  /**
   * Waits with production watched meanwhile by the criteria that call for a rollback: a breach is acted on in every
   * state, also while somebody is being waited for.
   * @throws RollbackNeeded at a breach
   */
  async during<T>(wait: () => Promise<T>): Promise<T> {
    const { watch, baselines = {} } = this.post ?? {};
    const criteria = watch?.criteria.filter(({ tier }) => tier === 'rollback') ?? [];
    if (!watch || criteria.length === 0) return wait();
    const metrics = watch.metrics.filter(({ name }) => criteria.some(({ metric }) => metric === name));
    const title = `Guard while people are waited for (${watch.title})`;
    const guard: Watch = { ...watch, id: 'guard', title, criteria, metrics, trends: [], duration: GUARD_LASTS };
    const scope = new CancellationScope();
    let broken: RollbackNeeded | undefined;
    const standing = scope.run(async () => {
      while (!broken) {
        this.count += 1;
        const watched = await this.watching.over(guard, { generation: this.count, baselines }).catch(replaceable);
        if (watched?.result.breach) broken = rollbackFor(watched.result.breach, reportOf(guard, watched));
        if (!watched) await sleep(guard.tick, { summary: 'Set up another guard' });
      }
    });
    try {
      const waited = wait();
      await Promise.race([waited, standing]);
      if (!broken) return await waited;
    } finally {
      scope.cancel();
      await standing.catch(() => undefined);
    }
    // Also when people answered in the very moment of the breach.
    throw broken;
  }
}

/** A guard that somebody has ended says nothing about production: another one takes its place. */
function replaceable(error: unknown): undefined {
  if (!isFailure(error)) throw error;
}
