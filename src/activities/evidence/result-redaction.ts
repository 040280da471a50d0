/**
 * No activity tells a secret, whoever printed it, nor brings what a terminal would carry out: the one place that every
 * result and every failure comes through.
 */
import { ApplicationFailure } from '@temporalio/common';
import { redact } from '../../adapters/evidence/redaction.js';
import { knownSecrets, rememberSecrets } from '../../adapters/evidence/secrets.js';
import type { EvidencePlace } from '../../contract/activities/step.js';
import { inert } from '../../domain/inert.js';

/** Texts for people. Other values (names of queues, places of dumps) are worked with, and no command can write them. */
const TEXTS = new Set(['summary', 'text', 'title', 'message', 'reason', 'why', 'untold', 'alive']);

/** Learns the plan's secrets before an activity begins, and takes them out of what it comes back with. */
export const redactResults = () => ({
  inbound: {
    async execute<I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
      const asked = input.args[0] as { evidence?: Partial<EvidencePlace> } | undefined;
      await rememberSecrets(asked?.evidence?.secrets ?? []);
      try {
        return withoutSecrets(await next(input), knownSecrets());
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
function withoutSecretsIn(error: unknown, secrets: string[]): unknown {
  if (!(error instanceof Error)) return error;
  error.message = shown(error.message, secrets);
  if (error.stack !== undefined) error.stack = shown(error.stack, secrets);
  if (error instanceof ApplicationFailure && error.details) {
    Object.assign(error, { details: withoutSecrets(error.details, secrets) });
  }
  if (error.cause !== undefined) Object.assign(error, { cause: withoutSecretsIn(error.cause, secrets) });
  return error;
}

/** Colours within a secret would hide it from the search, and be taken out after it. */
const shown = (text: string, secrets: string[]): string => redact(inert(text), secrets);
