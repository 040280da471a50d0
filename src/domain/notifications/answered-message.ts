/** What has been told of a question, once the question is answered: by whom stands first, and its page is not offered any more. */
import { inFewWords, valuesOf } from './event-words.js';
import { type AnsweredEvent, EVENTS } from './events.js';
import { type About, fillIn, type Message, type Notifications } from './notifications.js';

export interface AnsweredMessage {
  event: AnsweredEvent;
  about: About;
  /** What was told. */
  message: Pick<Message, 'channel' | 'text'>;
  /** The same, as its channel knows it. */
  edits: string;
}

/** @returns the edit, as a message without its ID */
export function answeredMessage(
  { templates }: Pick<Notifications, 'templates'>,
  { event, about, message: { channel, text }, edits }: AnsweredMessage,
): Omit<Message, 'id'> {
  const values = valuesOf(event);
  const { kind } = event;
  const answer = fillIn(templates[kind] ?? EVENTS[kind].template, { ...about, ...values });
  const told = { channel, event: kind, subject: inFewWords(event), text: `${answer}\n${text}`, values, about };
  return { ...told, loud: false, mentions: [], edits };
}
