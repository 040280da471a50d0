/** Those who are told can be told. Nothing is posted, and nobody is paged. */
import { notifierOf } from '../../adapters/notify/notifiers.js';
import { EVENTS, type EventKind } from '../../domain/notifications/events.js';
import type { Channel, Notifications } from '../../domain/notifications/notifications.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext } from './check.js';

/** The channels that are not off on this machine, and the step from which on they may be needed. */
export function channelsInUse({ channels, events, notices }: Notifications): { channel: Channel; step: string }[] {
  const order = Object.values(STEPS).map(({ id }) => id);
  return channels
    .filter(({ off }) => !off)
    .map((channel) => {
      const told = Object.entries(events).filter(([, to]) => to?.includes(channel.id));
      const steps: string[] = [
        ...told.map(([kind]) => EVENTS[kind as EventKind].notBefore ?? STEPS.admission.id),
        ...(notices.some(({ to }) => to.includes(channel.id)) ? [STEPS.notices.id] : []),
      ];
      return { channel, step: order.find((step) => steps.includes(step)) ?? STEPS.admission.id };
    });
}

export const channelChecks = ({ plan }: CheckContext): Check[] =>
  channelsInUse(plan.notifications).map(({ channel, step }) => ({
    id: `channel:${channel.id}`,
    step,
    run: async ({ signal, patience }) => [
      { name: `channel:${channel.id}`, ...(await notifierOf(channel).probe({ channel, signal, patience })) },
    ],
  }));
