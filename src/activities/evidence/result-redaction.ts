/**
 * No activity tells a secret, whoever printed it, nor brings what a terminal would carry out, nor more than a history
 * holds: the one place that every result and every failure comes through. What reads has limits of its own, for memory.
 */
import { ApplicationFailure } from '@temporalio/common';
import { redact } from '../../adapters/evidence/redaction.js';
import { knownSecrets, rememberSecrets } from '../../adapters/evidence/secrets.js';
import type { EvidencePlace } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import { inert } from '../../domain/inert.js';
import { shortened } from '../../domain/shortened.js';

/** Texts for people. Other values (names of queues, places of dumps) are worked with, and no command can write them. */
const TEXTS = new Set(['summary', 'text', 'title', 'message', 'reason', 'why', 'untold', 'alive']);

/** Characters of one text, and of where a failure came from: nobody reads more, and a history holds some thousand. */
const LONGEST_TEXT = 4_000;
const LONGEST_STACK = 8_000;

/** Bytes of JSON. Temporal takes 2 MB, and makes a failure of more that says nothing of it. */
const LARGEST_RESULT = 1_500_000;

/**
 * How long an activity waits until the plan's secrets are known, milliseconds: half of what a sample may take. What it uses
 * itself it learns by reading it.
 */
const LONGEST_LOOK = 1_000;

/** A failure within a failure within …: some libraries make circles of them. */
const DEEPEST_CAUSE = 10;

/** Learns the plan's secrets before an activity begins, and takes them out of what it comes back with. */
export const redactResults = () => ({
  inbound: {
    async execute<I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
      const asked = input.args[0] as { evidence?: Partial<EvidencePlace> } | undefined;
      await rememberSecrets(asked?.evidence?.secrets ?? [], LONGEST_LOOK);
      try {
        return fitting(withoutSecrets(await next(input), knownSecrets()));
      } catch (error) {
        throw withoutSecretsIn(error, knownSecrets());
      }
    },
  },
});

function withoutSecrets(value: unknown, secrets: string[], isText = false): unknown {
  if (typeof value === 'string') return isText ? shown(value, secrets) : value;
  if (Array.isArray(value)) return value.map((each) => withoutSecrets(each, secrets, isText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withoutSecrets(each, secrets, TEXTS.has(key))]),
  );
}

/** The same error, so that its kind stays what it is; a cause can hold what a message does not. */
function withoutSecretsIn(error: unknown, secrets: string[], within = new Set<unknown>()): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? shown(error, secrets) : error;
  error.message = shown(error.message, secrets);
  if (error.stack !== undefined) error.stack = shown(error.stack, secrets, LONGEST_STACK);
  if (error instanceof ApplicationFailure && error.details) {
    const details = withoutSecrets(error.details, secrets);
    // What it brings is lost; that it failed, and with what words, is not.
    Object.assign(error, { details: sizeOf(details) > LARGEST_RESULT ? [] : details });
  }
  if (error.cause !== undefined) {
    within.add(error);
    const isEnd = within.has(error.cause) || within.size > DEEPEST_CAUSE;
    Object.assign(error, { cause: isEnd ? undefined : withoutSecretsIn(error.cause, secrets, within) });
  }
  return error;
}

/** Not cut: what is left of a place or of a list would be another one. */
function fitting(result: unknown): unknown {
  const size = sizeOf(result);
  if (size <= LARGEST_RESULT) return result;
  const message = `What came of it has ${size} bytes, more than the ${LARGEST_RESULT} that a history takes: it is unknown`;
  throw ApplicationFailure.nonRetryable(message, FailureType.OutcomeUnknown);
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** Colours within a secret would hide it from the search, and be taken out after it; a part of one is not found. */
const shown = (text: string, secrets: string[], longest = LONGEST_TEXT): string =>
  shortened(redact(inert(text), secrets), longest);
