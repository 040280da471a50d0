/** The registry of notifiers: one for each kind of channel that plans may name. */
import type { Channel } from '../../domain/notifications/notifications.js';
import type { ChannelNotifier } from './channel-notifier.js';
import { email } from './email.js';
import { pagerduty } from './pagerduty.js';
import { slack } from './slack.js';
import { teams } from './teams.js';
import { webhook } from './webhook.js';

export const NOTIFIERS: Readonly<Record<string, ChannelNotifier>> = { slack, pagerduty, email, teams, webhook };

/** Who tells a channel. One of a kind that this release does not know is told nothing, and that is said. */
export function notifierOf({ kind }: Channel): ChannelNotifier {
  const known = Object.hasOwn(NOTIFIERS, kind) ? NOTIFIERS[kind] : undefined;
  if (known) return known;
  const why = `this release has no notifier for channels of kind ${kind}`;
  return {
    send: async () => ({ told: false, why }),
    probe: async ({ channel }) => ({ ok: false, text: `${channel.id}: ${why}` }),
    placeOf: ({ id }) => id,
  };
}
