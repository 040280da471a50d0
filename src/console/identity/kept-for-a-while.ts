/** Things that are kept in memory under names that nobody guesses, for a while. */
import { randomBytes } from 'node:crypto';

interface Times {
  /** From when it is put in, milliseconds. */
  longest: number;
  /** From when it was last asked for, milliseconds. */
  idle?: number;
}

/** More than people have browsers; the oldest makes room, so that nobody fills the memory by asking. */
const MOST = 10_000;

export class KeptForAWhile<T> {
  private readonly held = new Map<string, { value: T; since: number; used: number }>();

  constructor(
    private readonly times: Times,
    private readonly clock: () => number,
  ) {}

  /** @returns its name: 256 bits of chance */
  put(value: T): string {
    const now = this.clock();
    const [oldest] = this.held.keys();
    if (this.held.size >= MOST && oldest !== undefined) this.held.delete(oldest);
    const name = randomBytes(32).toString('base64url');
    this.held.set(name, { value, since: now, used: now });
    return name;
  }

  get(name: string | undefined): T | undefined {
    const found = name === undefined ? undefined : this.held.get(name);
    if (name === undefined || !found) return undefined;
    const { longest, idle = longest } = this.times;
    const now = this.clock();
    if (now - found.since >= longest || now - found.used >= idle) {
      this.held.delete(name);
      return undefined;
    }
    found.used = now;
    return found.value;
  }

  /** Once: nobody else finds it any more. */
  take(name: string | undefined): T | undefined {
    const value = this.get(name);
    if (name !== undefined) this.held.delete(name);
    return value;
  }
}
