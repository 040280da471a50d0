/**
 * A limit on time. By the clock that only ever goes forward: the system's clock is put right now and then, by an hour
 * too, and no wait is to end or to last because of it.
 */
export class Deadline {
  private readonly end: number;

  /** @param within milliseconds from now */
  constructor(within: number) {
    this.end = performance.now() + within;
  }

  /** Milliseconds, none once it has passed. */
  get left(): number {
    return Math.max(this.end - performance.now(), 0);
  }

  get passed(): boolean {
    return this.left === 0;
  }
}
