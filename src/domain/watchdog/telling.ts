/** The watchdog's calls as messages, by the notifications of the deployment's own plan. Pure. */
import {
  type About,
  isPager,
  type Message,
  messagesFor,
  type Notifications,
  WATCHDOG_ALERT,
  whereProductionIsLeft,
} from '../notifications/notifications.js';
import type { Call } from './alarms.js';

/** None where a plan has no channel that is on: then nobody can be told. */
export function messagesOf(notifications: Notifications, call: Call, about: About): Message[] {
  const { kind, id, reason, lasted, channels = whereTheWatchdogTells(notifications) } = call;
  const pagers = notifications.channels.filter((channel) => isPager(channel.kind) && channels.includes(channel.id));
  const alerts = Object.fromEntries(pagers.map((pager) => [pager.id, [WATCHDOG_ALERT]]));
  const event = { kind, reason, lasted };
  const messages = messagesFor(notifications, { event, about, to: { channels, contacts: [] }, alerts });
  return messages.map((message) => ({ id: `${id}/${message.channel.id}`, ...message }));
}

/** Where production is left to people, or else where a step that failed is told; where a plan says neither, everywhere. */
function whereTheWatchdogTells({ events, channels }: Notifications): string[] {
  const on = channels.filter(({ off }) => !off).map(({ id }) => id);
  const places = [whereProductionIsLeft({ events }).channels, events['step-failed'] ?? []];
  return places.map((place) => place.filter((id) => on.includes(id))).find((place) => place.length > 0) ?? on;
}
