/** Sending one message to one receiver: what became of it, and how long it may take. */
import { messageOf } from '../../domain/message.js';
import type { Channel, Message } from '../../domain/notifications/notifications.js';
import { shortened } from '../../domain/shortened.js';
import { redact } from '../evidence/redaction.js';
import { readSecret } from '../evidence/secrets.js';
import { type Patience, type PatientRequest, patientRequests } from '../http/patient-request.js';

/**
 * `thread` is what later messages of the deployment reply to, `place` what the message can be edited by. `why` is for
 * people and names no secret.
 */
export type Delivery = { told: true; thread?: string; place?: string } | { told: false; why: string };

/** A message is worth a minute: what is told later than that is yesterday's news, and the board has it. */
export const DELIVERY_PATIENCE: Patience = { answer: 5_000, whole: 60_000, pause: 500 };

/** Characters. */
const LONGEST_REASON = 500;
/** Shorter parts of an address are words, as `services` is one, and hide nothing. */
const SHORTEST_KEY = 9;

/** @typeParam C the channel, as its kind's notifier knows it */
export interface Sending<C = Channel> {
  channel: C;
  message: Omit<Message, 'channel'>;
  /** The deployment's thread in this channel. */
  thread?: string;
  signal: AbortSignal;
  patience?: Patience;
}

/**
 * Reads the secrets, then sends: again after 429, 5xx or no answer, as long as it is worth it. Whatever goes wrong is a
 * delivery that did not happen. @throws only the signal's reason
 */
export async function deliver(
  { signal, patience = DELIVERY_PATIENCE }: Pick<Sending, 'signal' | 'patience'>,
  references: string[],
  send: (request: PatientRequest, secrets: string[]) => Promise<Delivery>,
): Promise<Delivery> {
  let secrets: string[] = [];
  const untold = (why: string): Delivery => ({ told: false, why: receiverWords(why, secrets) });
  try {
    secrets = await Promise.all(references.map(readSecret));
    const delivery = await send(patientRequests(signal, patience), secrets);
    return delivery.told ? delivery : untold(delivery.why);
  } catch (error) {
    signal.throwIfAborted();
    // A mistake in sending is no reason to stop a deployment; a message of its own could hold anything.
    return untold(messageOf(error));
  }
}

/** What a receiver said, for people: without the secrets it was given, and then of a length that is read. */
export const receiverWords = (said: string, secrets: string[]): string =>
  shortened(redact(said, secrets.flatMap(partsOf)), LONGEST_REASON);

/** A receiver that quotes the address it was reached by quotes its path, or the key in it. */
function partsOf(secret: string): string[] {
  if (!URL.canParse(secret)) return [secret];
  const { pathname, search, searchParams } = new URL(secret);
  const keys = [...pathname.split('/'), ...searchParams.values()].filter((part) => part.length >= SHORTEST_KEY);
  return [secret, ...(pathname + search === '/' ? [] : [pathname + search]), ...keys];
}
