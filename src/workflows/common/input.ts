/** What every workflow looks at first. */
import { ApplicationFailure } from '@temporalio/workflow';
import { FailureType } from '../../contract/errors.js';

/**
 * Refuses what is no input of this workflow: something started by hand, or in plain text while payloads are encrypted
 * (`src/encryption/codec.ts` puts something else in its place). It ends then, instead of failing its task for ever.
 * @throws ApplicationFailure `Refused`
 */
export function mustHold<Input extends object>(input: Input, ...keys: (keyof Input & string)[]): void {
  const given: unknown = input;
  const known = typeof given === 'object' && given !== null ? given : {};
  const missing = keys.filter((key) => !(key in known));
  if (missing.length === 0) return;
  throw ApplicationFailure.create({
    type: FailureType.Refused,
    message: `Refused: the input has no ${missing.join(', ')}; it was not sent by surefoot, or not encrypted although this worker wants it to be`,
    nonRetryable: true,
  });
}
