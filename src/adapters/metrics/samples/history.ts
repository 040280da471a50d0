/** What a worker remembers of a source between two looks: observations with their times, oldest first. */

export interface Observation<T> {
  /** Milliseconds of the clock that only goes forward: the system's may be put right between two looks. */
  at: number;
  value: T;
}

/** How far a rate looks back. Milliseconds. */
export interface Span {
  window: number;
  /** A shorter span says nothing. */
  minimum: number;
  /** How old the observation to compare with may be when none lies inside the window (ticks longer than it). */
  maximum: number;
}

export class ObservationHistory<T> {
  private observations: Observation<T>[] = [];

  get newest(): Observation<T> | undefined {
    return this.observations.at(-1);
  }

  /** Takes one in and forgets what is older than `keep`, but for the last one before it. */
  add(observation: Observation<T>, keep: number): void {
    this.observations.push(observation);
    const kept = this.observations.findIndex(({ at }) => observation.at - at <= keep);
    this.observations.splice(0, Math.max(kept - 1, 0));
  }

  /**
   * The observations that a rate is made from: from the oldest inside the window (or, when that is too young, the last
   * one before it) to the newest.
   * @returns undefined when there is nothing old enough to compare with
   */
  over({ window, minimum, maximum }: Span): Observation<T>[] | undefined {
    const end = this.newest?.at;
    if (end === undefined) return undefined;
    const inside = this.observations.findIndex(({ at }) => end - at <= window);
    const oldEnough = (index: number) => {
      const age = end - (this.observations[index]?.at ?? end);
      return age >= minimum && age <= maximum;
    };
    const from = [inside, inside - 1].find((index) => index >= 0 && oldEnough(index));
    return from === undefined ? undefined : this.observations.slice(from);
  }

  /** Those seen at or after a time. */
  since(time: number): Observation<T>[] {
    return this.observations.filter(({ at }) => at >= time);
  }

  /** Those inside the window that ends with the newest, and the last one before it unless that is too old. */
  around({ window, maximum }: Span): Observation<T>[] {
    const end = this.newest?.at ?? 0;
    const inside = this.observations.findIndex(({ at }) => end - at <= window);
    return this.observations.slice(Math.max(inside - 1, 0)).filter(({ at }) => end - at <= maximum);
  }
}
