/** Sending one message to one receiver: what became of it, and how long it may take. */
import { messageOf } from '../../domain/message.js';
import type { Message } from '../../domain/notifications/notifications.js';
import { redact } from '../evidence/redaction.js';
import { readSecret } from '../evidence/secrets.js';
import { NoAnswer } from '../http/http.js';
import { type Patience, type PatientRequest, patientRequests } from '../http/patient-request.js';

/** `thread` is what later messages of the deployment reply to. `why` is for people and names no secret. */
export type Delivery = { told: true; thread?: string } | { told: false; why: string };

/** A message is worth a minute: what is told later than that is yesterday's news, and the board has it. */
export const DELIVERY_PATIENCE: Patience = { answer: 5_000, whole: 60_000, pause: 500 };

export interface Sending<C extends Message['channel'] = Message['channel']> {
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
  try {
    secrets = await Promise.all(references.map(readSecret));
    const delivery = await send(patientRequests(signal, patience), secrets);
    return delivery.told ? delivery : { told: false, why: redact(delivery.why, secrets) };
  } catch (error) {
    signal.throwIfAborted();
    // A mistake in sending is no reason to stop a deployment; a message of its own could hold anything.
    if (error instanceof NoAnswer) return { told: false, why: error.message };
    return { told: false, why: redact(messageOf(error), secrets) };
  }
}

/** A text of outside origin or of any length, as receivers take it. */
export const shortened = (text: string, longest: number): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
