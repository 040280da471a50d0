/**
 * What every notifier is put through: a message that was not taken is untold, with its reason; trying a channel tells
 * nobody anything, and is sure of nothing that it has not seen; no credential is told to anybody.
 */
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/adapters/notify/deliveries.js';
import { notifierOf } from '../../src/adapters/notify/notifiers.js';
import type { About, Channel, Message } from '../../src/domain/notifications/notifications.js';
import { type Answer, conforms, type Impossible, type Situation, type Situations } from './reader.js';

/** Somebody who is told, as a test meets them. */
export interface Receiver {
  channel: Channel;
  /** How many messages have been taken there. */
  taken: () => number;
}

type Meet = () => Promise<Receiver>;

/** A notifier reads one answer to one message: there are no pages. */
type NotifierSituation = Exclude<Situation, 'paging'>;

export type Receivers = Record<NotifierSituation, Meet | Impossible>;

const PATIENCE = { answer: 300, whole: 3_000, pause: 10 };
/** Longest text that people are shown, characters. */
const LONGEST_TEXT = 1_000;
/** In these a channel that seems well is a channel that is well. */
const WELL: readonly NotifierSituation[] = ['value', 'rateLimit', 'secrets'];

const message: Omit<Message, 'channel'> = {
  id: 'm-1',
  event: 'breach',
  subject: 'x',
  text: 'x',
  values: {},
  about: { deployment: 'd-1', service: 'plans', target: 'v2', link: '' } as About,
  loud: false,
  mentions: [],
  alert: { key: 'k', action: 'trigger', severity: 'critical' },
};

/**
 * Registers a test for each situation that is possible, of sending and of trying.
 * @param notifier its module, from `src/`, and what is particular about the receivers
 * @param secrets the credentials of the channels, and what they are known by
 */
export function notifierConforms(notifier: string, receivers: Receivers, { secrets }: { secrets: string[] }): void {
  const possible = (Object.keys(receivers) as NotifierSituation[]).flatMap((situation) => {
    const meet = receivers[situation];
    return typeof meet === 'function' ? [{ situation, meet }] : [];
  });
  const sent = possible.map(({ situation, meet }) => [situation, async () => answerOf(await tell(await meet()))]);
  conforms(notifier, Object.fromEntries(sent) as Situations, { secrets });

  describe(`${notifier} is tried`, () => {
    test.each(possible)(
      '$situation: nobody is told, and what was not seen is not well',
      async ({ situation, meet }) => {
        const { channel, taken } = await meet();
        const { signal } = new AbortController();
        const probe = await notifierOf(channel).probe({ channel, signal, patience: PATIENCE });
        expect(taken()).toBe(0);
        expect(probe.text).not.toBe('');
        expect(probe.text.length).toBeLessThanOrEqual(LONGEST_TEXT);
        for (const secret of secrets) expect(JSON.stringify(probe)).not.toContain(secret);
        if (situation === 'value') expect(probe.ok, probe.text).toBe(true);
        else if (!WELL.includes(situation)) expect(probe.ok && !probe.note, probe.text).toBe(false);
      },
    );
  });

  const taking = possible.filter(({ situation }) => situation === 'value' || situation === 'rateLimit');
  test.each(taking)(`${notifier} tells once what is taken ($situation)`, async ({ meet }) => {
    const receiver = await meet();
    expect(await tell(receiver)).toMatchObject({ told: true });
    expect(receiver.taken()).toBe(1);
  });
}

function tell({ channel }: Receiver): Promise<Delivery> {
  const { signal } = new AbortController();
  return notifierOf(channel).send({ channel, message, signal, patience: PATIENCE });
}

const answerOf = (delivery: Delivery): Answer => (delivery.told ? { known: delivery } : { unknown: delivery.why });
