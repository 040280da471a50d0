/**
 * Production is never left alone: while it changes, while somebody is waited for, and while what is done after a watch takes
 * its time, what calls for a rollback is watched.
 */
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow';
import { guardRelieved } from '../../contract/messages.js';
import { GUARD, watchWorkflowId } from '../../contract/names.js';
import type { Watch } from '../../contract/plan/watch.js';
import type { Notifier } from '../telling/notifier.js';
import type { Context } from './context.js';
import { isFailure, RollbackNeeded } from './failures.js';
import { reportOf, rollbackFor, type Watching } from './watching.js';

/** Longest guard before the next one takes over, milliseconds. */
const GUARD_LASTS = 7 * 24 * 3_600_000;

/** What is over by then is not worth a workflow of its own: a watch as a rule looks no more often. Milliseconds. */
const BRIEF = 60_000;

export class Guard {
  private post?: { watch: Watch; baselines: Record<string, number> };
  private standing?: Standing;
  /** Stands while somebody is waited for, whatever else is waited for within that. */
  private passing?: Standing;
  /** How many have stood so far; each is a workflow of its own. */
  private count = 0;

  constructor(
    private readonly context: Context,
    private readonly watching: Watching,
    private readonly notifier: Pick<Notifier, 'notify'>,
  ) {}

  /** From here on whatever is guarded is guarded by the rules of this watch. */
  set(watch: Watch | undefined, baselines: Record<string, number>): void {
    this.post = watch && { watch, baselines };
  }

  /**
   * Watches from here on, whatever the deployment does, until it is relieved. In virtual time a child's clock would run
   * ahead of commands that take real time: there production is guarded while people are waited for.
   */
  stand(): void {
    this.appoint({ begun: true });
    this.standing?.begin();
  }

  /**
   * The same where what comes now is over in a moment as a rule, which it shall not cost more than a timer. What takes
   * longer is guarded from then on.
   */
  standBy(): void {
    this.appoint({ begun: false });
  }

  /**
   * What has stood says what it has seen, in its record.
   * @throws RollbackNeeded when there has been a breach
   */
  async relieve(): Promise<void> {
    const { deployment } = this.context.input;
    const guard = getExternalWorkflowHandle(watchWorkflowId(deployment, GUARD, this.count));
    await this.standing?.relieve(() => guard.signal(guardRelieved));
    this.raise();
    await this.leave();
  }

  /** Nobody stands from here on. */
  async leave(): Promise<void> {
    await this.standing?.end();
    this.standing = undefined;
  }

  /**
   * A breach is not acted on beside a command that runs: whoever has waited for one asks here.
   * @throws RollbackNeeded when there has been one
   */
  raise(): void {
    if (this.standing?.broken) throw this.standing.broken;
  }

  /**
   * Waits with production watched meanwhile by the criteria that call for a rollback: a breach is acted on in every
   * state, also while somebody is being waited for.
   * @throws RollbackNeeded at a breach
   */
  async during<T>(wait: () => Promise<T>): Promise<T> {
    const there = this.standing ?? this.passing;
    const guard = there ?? this.another({ begun: true });
    if (!guard) return wait();
    if (!there) this.passing = guard;
    guard.begin();
    const waiting = new CancellationScope();
    try {
      const waited = waiting.run(wait);
      await Promise.race([waited, guard.done]);
      if (!guard.broken) return await waited;
      // Nobody is waited for any more: whoever is about to answer hears that it is too late.
      waiting.cancel();
      await waited.catch(isOver);
    } finally {
      if (!there) {
        this.passing = undefined;
        // Unless it has been asked to stay meanwhile.
        if (guard !== this.standing) await guard.end();
      }
    }
    // Also when people answered in the very moment of the breach.
    throw guard.broken;
  }

  /** Whoever is there while somebody is waited for stays from here on. */
  private appoint(how: { begun: boolean }): void {
    if (this.context.input.clock === 'real') this.standing ??= this.passing ?? this.another(how);
  }

  /**
   * @returns undefined where nothing calls for a rollback by itself, while maintenance mode is on before the first watch (what
   *   users meet then says nothing of the release), and where production is on its way back already
   */
  private another({ begun }: { begun: boolean }): Standing | undefined {
    const { watch, baselines = {} } = this.post ?? {};
    const criteria = watch?.criteria.filter(({ tier }) => tier === 'rollback') ?? [];
    const { production, ending, phase } = this.context.ledger;
    // Whoever went on to the watches without having seen it off has production watched: between them as in them.
    const usersAreOut = production.maintenance && phase === 'production';
    if (!watch || criteria.length === 0 || usersAreOut || ending !== undefined) return undefined;
    const metrics = watch.metrics.filter(({ name }) => criteria.some(({ metric }) => metric === name));
    const title = `Guard of production (${watch.title})`;
    const guard: Watch = { ...watch, id: GUARD, title, criteria, metrics, trends: [], duration: GUARD_LASTS };
    return new Standing(begun, async () => {
      this.count += 1;
      const watched = await this.watching.over(guard, { generation: this.count, baselines }).catch(replaceable);
      const breach = watched?.result.breach;
      if (watched && breach) {
        // A command that is at work is attended to before it is acted on; people are told at once.
        const told = { kind: 'breach', criterion: breach.title, reason: breach.text } as const;
        void CancellationScope.nonCancellable(() => this.notifier.notify(told));
        return rollbackFor(breach, reportOf(guard, watched));
      }
      if (!watched) await sleep(guard.tick, { summary: 'Set up another guard' });
      return undefined;
    });
  }
}

/** One guard after the other, until there is a breach or nobody needs one. */
class Standing {
  broken?: RollbackNeeded;
  private isRelieved = false;
  /** Settles at a breach, or at its end. */
  readonly done: Promise<void>;
  private readonly scope = new CancellationScope();

  /** @param begun at once, rather than when somebody wants it, or what is guarded is not over in a moment */
  constructor(
    private begun: boolean,
    watch: () => Promise<RollbackNeeded | undefined>,
  ) {
    this.done = this.scope.run(async () => {
      if (!this.begun) await this.wanted();
      while (!this.broken && !this.isRelieved) this.broken = await watch();
    });
    // It is waited for later, if at all.
    this.done.catch(() => undefined);
  }

  /** From now on. */
  begin(): void {
    this.begun = true;
  }

  /** @param tell it to come to its end; where nobody hears that, it is ended */
  async relieve(tell: () => Promise<void>): Promise<void> {
    this.isRelieved = true;
    try {
      if (this.begun) await tell();
    } catch (error) {
      if (!isFailure(error)) throw error;
      return this.end();
    }
    await this.done;
  }

  async end(): Promise<void> {
    this.scope.cancel();
    await this.done.catch((error) => {
      if (!isCancellation(error)) throw error;
    });
  }

  private async wanted(): Promise<void> {
    await condition(() => this.begun || this.isRelieved, BRIEF, { summary: 'Set up a guard' });
    this.begun ||= !this.isRelieved;
  }
}

/** What becomes of a wait that a breach has ended is of no account; a mistake in this code is. */
function isOver(error: unknown): void {
  if (!(error instanceof RollbackNeeded || error instanceof TemporalFailure)) throw error;
}

/** A guard that somebody has ended says nothing about production: another one takes its place. */
function replaceable(error: unknown): undefined {
  if (!isFailure(error)) throw error;
}
