/**
 * In activities of workers that encrypt: an answer is marked as one. What else an activity has, as its heartbeats, is
 * encrypted for the same place, and is there for whoever has Temporal to copy: it must not be taken for its answer.
 */
import { defaultPayloadConverter, RawValue } from '@temporalio/common';
import { markedFor, USES } from './places.js';

/** The outermost of an activity's interceptors: what it returns is sent as it is. */
export const boundAnswers = () => ({
  inbound: {
    async execute<Input>(input: Input, next: (input: Input) => Promise<unknown>): Promise<unknown> {
      const answer = defaultPayloadConverter.toPayload(await next(input));
      return RawValue.fromPayload(markedFor(USES.result, answer));
    },
  },
});
