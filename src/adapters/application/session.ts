/** A login that is used for a while: it is made when it is first needed, and again before it expires. */
import type { Environment } from '../../contract/plan/environment.js';
import { Deadline } from '../deadline.js';
import { type LoginAnswer, logIn } from './login.js';

/** A token is renewed when this share of its life is over: what is sent with it may take its time. */
const SHARE = 0.8;

export class Session {
  private current: { answer: Promise<LoginAnswer>; renewal?: Deadline } | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly signal: AbortSignal,
  ) {}

  /** Headers to send now, or why there are none. @throws as {@link logIn} */
  async login(): Promise<LoginAnswer> {
    if (this.current === undefined || this.current.renewal?.passed) {
      const made: typeof this.current = { answer: logIn(this.environment, this.signal) };
      this.current = made;
      const answer = await made.answer;
      if ('headers' in answer && answer.lifetime !== undefined) made.renewal = new Deadline(answer.lifetime * SHARE);
    }
    return this.current.answer;
  }
}
