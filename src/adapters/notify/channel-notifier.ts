/** The port to whoever is told: what the notifier of a kind of channel does. `notifiers.ts` has one for each kind. */
import type { z } from 'zod';
import type { Channel } from '../../domain/notifications/notifications.js';
import type { Patience } from '../http/patient-request.js';
import type { Delivery, Sending } from './deliveries.js';

/** What a trial was answered. `ok` with a `note` is no more than that nothing speaks against it. */
export interface ChannelProbe {
  ok: boolean;
  /** In one line; names no secret. */
  text: string;
  /** What to do about it. */
  advice?: string;
  note?: true;
}

/** @typeParam C the channel, as its kind's notifier knows it */
export interface ChannelTrial<C = Channel> {
  channel: C;
  signal: AbortSignal;
  patience: Patience;
}

export interface ChannelNotifier {
  /** Sends one message. Whatever goes wrong is a delivery that did not happen. @throws only the signal's reason */
  send(sending: Sending): Promise<Delivery>;
  /**
   * Whether a message would arrive, as far as that can be seen without telling anybody.
   * @throws SecretMissing; the signal's reason
   */
  probe(trial: ChannelTrial): Promise<ChannelProbe>;
  /** What people call the place: `#deploys`. */
  placeOf(channel: Channel): string;
}

/** @typeParam C what this kind needs of a channel */
interface Kind<C> {
  /** Held against each channel before it is used: plans are resolved elsewhere, maybe by another release. */
  channel: z.ZodType<C>;
  send(sending: Sending<C>): Promise<Delivery>;
  probe(trial: ChannelTrial<C>): Promise<ChannelProbe>;
  /** Its key in the plan, when left out. */
  placeOf?(channel: C): string;
}

/** The notifier of a kind. A channel that is not what its kind needs is told nothing, and that is said. */
export function channelNotifier<C>({ channel: schema, send, probe, placeOf }: Kind<C>): ChannelNotifier {
  const read = (channel: Channel): { channel: C } | { wrong: string } => {
    const { data, error } = schema.safeParse(channel);
    if (!error) return { channel: data };
    const keys = error.issues.map(({ path }) => path.join('.'));
    return { wrong: `this release cannot read a channel of kind ${channel.kind} without a good ${keys.join(', ')}` };
  };
  return {
    send: async (sending) => {
      const found = read(sending.channel);
      return 'wrong' in found ? { told: false, why: found.wrong } : send({ ...sending, channel: found.channel });
    },
    probe: async (trial) => {
      const found = read(trial.channel);
      if ('wrong' in found) return { ok: false, text: `${trial.channel.id}: ${found.wrong}` };
      return probe({ ...trial, channel: found.channel });
    },
    placeOf: (channel) => {
      const found = read(channel);
      return 'channel' in found && placeOf ? placeOf(found.channel) : channel.id;
    },
  };
}
