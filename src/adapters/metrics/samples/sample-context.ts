/** How sources are looked at: in real time, and in virtual time, where only the last moment of wall time is real. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../contract/activities/step.js';
import { type Observation, ObservationHistory, type Span } from './history.js';

/** One look of a monitor: its clock, and what ends a wait. */
export interface SampleContext {
  clock: Clock;
  signal: AbortSignal;
}

/** What virtual time wants of a kind of source, milliseconds of wall time. */
export interface VirtualTimeSpans {
  /** An observation younger than this is taken again. */
  reuse: number;
  /** Stands in for the metric's window. */
  window: number;
  /** Shortest span of a rate. */
  minimum: number;
}

/** How long virtual time waits for something to happen at a source. */
export const LONGEST_WAIT = 15_000;

/** A failure of the source: it stands as long as an observation would. */
interface Failure {
  /** As {@link Observation.at}. */
  at: number;
  error: unknown;
}

/**
 * One source as the worker remembers it. Looks at the same time share one request, and what is younger than
 * {@link VirtualTimeSpans.reuse} is taken again: ticks of virtual time come many times a second.
 */
export class ObservedSource<T> {
  private readonly history = new ObservationHistory<T>();
  private running: Promise<void> | undefined;
  private failure: Failure | undefined;
  private keep = 0;

  constructor(
    private readonly observe: () => Promise<T>,
    private readonly moment: VirtualTimeSpans,
  ) {}

  /** The newest observation. @throws what the source failed with */
  async now(): Promise<Observation<T>> {
    await this.refresh();
    return this.history.newest as Observation<T>;
  }

  /**
   * The observations to make a rate from, oldest first; the newest alone when there is nothing to compare with yet.
   * In virtual time it waits for a second one. @throws what the source failed with
   */
  async over(context: SampleContext, window: number): Promise<Observation<T>[]> {
    const span = this.span(context, window);
    await this.refresh();
    let found = this.history.over(span);
    while (!found && context.clock === 'virtual') {
      await sleep(50, undefined, { signal: context.signal });
      await this.refresh();
      found = this.history.over(span);
    }
    return found ?? [this.history.newest as Observation<T>];
  }

  /** All observations from the time of one to now. @throws what the source failed with */
  async since(start: Observation<T>): Promise<Observation<T>[]> {
    await this.refresh();
    return this.history.since(start.at);
  }

  /** All observations of the window, and the last one before it. @throws what the source failed with */
  async around(context: SampleContext, window: number): Promise<Observation<T>[]> {
    const span = this.span(context, window);
    await this.refresh();
    return this.history.around(span);
  }

  /** In real time the second look gives the first rate, over what span there is, and a tick may exceed the window. */
  private span(context: SampleContext, window: number): Span {
    const { moment } = this;
    const span =
      context.clock === 'virtual'
        ? { window: moment.window, minimum: moment.minimum, maximum: moment.window * 2 }
        : { window, minimum: Math.min(1_000, window), maximum: window * 2 };
    this.keep = Math.max(this.keep, span.window, LONGEST_WAIT);
    return span;
  }

  private async refresh(): Promise<void> {
    const young = (at: number | undefined) => at !== undefined && performance.now() - at < this.moment.reuse;
    if (young(this.failure?.at)) throw this.failure?.error;
    if (!this.failure && young(this.history.newest?.at)) return;
    this.running ??= this.take().finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  private async take(): Promise<void> {
    try {
      const value = await this.observe();
      this.history.add({ at: performance.now(), value }, this.keep);
      this.failure = undefined;
    } catch (error) {
      this.failure = { at: performance.now(), error };
      throw error;
    }
  }
}
