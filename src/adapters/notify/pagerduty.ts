/** PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/overview/): alerts begin and are resolved. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { shortened } from '../../domain/shortened.js';
import { type HttpAnswer, jsonOf } from '../http/http.js';
import { channelNotifier } from './channel-notifier.js';
import { probeConnection } from './connection.js';
import { type Delivery, deliver, type Sending } from './deliveries.js';

const LONGEST_KEY = 255;
const LONGEST_SUMMARY = 1_024;

/** A PagerDuty service. `api` is `https://events.pagerduty.com` or what stands in for it. */
const channel = z.object({ id: z.string(), api: z.string(), routingKey: z.string() });
type PagerDutyChannel = z.output<typeof channel>;

const accepted = z.object({ status: z.literal('success') });
const refused = z.object({ message: z.string(), errors: z.array(z.string()).default([]) });

export const pagerduty = channelNotifier({
  channel,
  send: page,
  probe: ({ channel: { id, api }, ...means }) =>
    probeConnection(api, means, {
      what: `PagerDuty (${id})`,
      untried: 'its key cannot be tried without paging somebody',
    }),
});

function page(sending: Sending<PagerDutyChannel>): Promise<Delivery> {
  const { channel, message } = sending;
  const { alert, about } = message;
  if (!alert) return Promise.resolve({ told: false, why: 'a pager is told alerts only' });
  const links = [
    ...(message.page === undefined ? [] : [{ href: message.page, text: 'The question in the console' }]),
    ...(about.link.startsWith('http') ? [{ href: about.link, text: 'The deployment in Temporal' }] : []),
  ];
  return deliver(sending, [channel.routingKey], async (request, [routingKey]) => {
    const event = {
      routing_key: routingKey,
      event_action: alert.action,
      dedup_key: dedupKey(`${about.deployment}/${alert.key}`),
    };
    const payload = alert.action === 'trigger' && {
      client: 'Surefoot',
      ...(links[0] && { client_url: links[0].href, links }),
      payload: {
        summary: shortened(message.text, LONGEST_SUMMARY),
        source: `${about.service}/production`,
        severity: alert.severity,
        component: about.service,
        class: message.event,
        custom_details: { deployment: about.deployment, target: about.target, ...message.values },
      },
    };
    return judge(await request({ url: `${channel.api}/v2/enqueue`, method: 'POST', json: { ...event, ...payload } }));
  });
}

/** The same alert has the same key however long its parts are. */
export const dedupKey = (key: string): string =>
  key.length <= LONGEST_KEY
    ? key
    : `${key.slice(0, LONGEST_KEY - 65)}/${createHash('sha256').update(key).digest('hex')}`;

/** 202 is acceptance, and nothing else is. */
function judge(answer: HttpAnswer): Delivery {
  const said = jsonOf(answer);
  if (answer.status === 202) {
    if (accepted.safeParse(said).success) return { told: true };
    return { told: false, why: 'PagerDuty answered something else than its API describes' };
  }
  const { data } = refused.safeParse(said);
  const why = data ? `: ${[data.message, ...data.errors].join(': ')}` : '';
  return { told: false, why: `PagerDuty answered ${answer.statusText}${why}` };
}
