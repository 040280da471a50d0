/** Those who are told can be told. Nothing is posted, and nobody is paged. */
import { connect } from 'node:net';
import { z } from 'zod';
import { readSecret } from '../../adapters/evidence/secrets.js';
import { fieldOf, jsonOf, NoAnswer, networkMessage, request } from '../../adapters/http/http.js';
import { EVENTS, type EventKind } from '../../domain/notifications/events.js';
import type { Channel, Notifications } from '../../domain/notifications/notifications.js';
import { STEPS } from '../../domain/steps.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';

type Used = Exclude<Channel, { off: true }>;

/** The channels that are not off on this machine, and the step from which on they may be needed. */
export function channelsInUse({ channels, events, notices }: Notifications): { channel: Used; step: string }[] {
  const order = Object.values(STEPS).map(({ id }) => id);
  return channels
    .filter((channel): channel is Used => !channel.off)
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
    run: async (means) => [{ name: `channel:${channel.id}`, ...(await tryChannel(channel, means)) }],
  }));

function tryChannel(channel: Used, means: Means): Promise<Omit<CheckResult, 'name'>> {
  switch (channel.kind) {
    case 'slack':
      return trySlack(channel, means);
    case 'pagerduty':
      return tryHost(
        channel.api,
        means,
        `PagerDuty (${channel.id})`,
        'its key cannot be tried without paging somebody',
      );
    case 'webhook':
      return tryWebhook(channel, means);
  }
}

const refused = z.object({ ok: z.literal(false), error: z.string().regex(/^[a-z0-9_]{1,80}$/) });

/** https://docs.slack.dev/reference/methods/auth.test posts nothing; whether the app is in the channel it does not say. */
async function trySlack(
  { id, api, token, channel }: Extract<Used, { kind: 'slack' }>,
  { signal, patience }: Means,
): Promise<Omit<CheckResult, 'name'>> {
  const headers = { authorization: `Bearer ${await readSecret(token)}` };
  const what = `Slack ${channel} (${id})`;
  try {
    const url = `${api}/api/auth.test`;
    const answer = await request({ url, method: 'POST', headers, timeout: patience.answer, signal });
    const said = jsonOf(answer);
    if (answer.status === 200 && fieldOf(said, 'ok') === true) {
      return { ok: true, text: `${what}: the token is valid; whether the app is in the channel is not known` };
    }
    const no = refused.safeParse(said);
    if (!no.success) {
      const advice = 'Check the host: it does not answer as Slack does.';
      return { ok: false, text: `${what}: answered ${answer.statusText}`, advice };
    }
    const advice = 'Give the credential a bot token with the scope chat:write.';
    return { ok: false, text: `${what}: refuses the token: ${no.data.error}`, advice };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return {
      ok: false,
      text: `${what}: ${error.message}`,
      advice: 'Check the host and the way to it from this machine.',
    };
  }
}

async function tryWebhook(
  { id, url }: Extract<Used, { kind: 'webhook' }>,
  means: Means,
): Promise<Omit<CheckResult, 'name'>> {
  const address = /^(env|file):/.test(url) ? await readSecret(url) : url;
  return tryHost(address, means, `webhook ${id}`, 'nothing was posted');
}

/** Only the connection. @param untried what it does not say */
async function tryHost(url: string, means: Means, what: string, untried: string): Promise<Omit<CheckResult, 'name'>> {
  if (!URL.canParse(url)) return { ok: false, text: `${what}: its address is no URL`, advice: 'Write it in full.' };
  const { hostname, port, protocol } = new URL(url);
  const number = Number(port || (protocol === 'http:' ? 80 : 443));
  try {
    await connected(hostname.replace(/^\[|\]$/g, ''), number, means);
    return { ok: true, note: true, text: `${what}: ${hostname}:${number} can be reached; ${untried}` };
  } catch (error) {
    means.signal.throwIfAborted();
    const advice = 'Check the host and the way to it from this machine.';
    return { ok: false, text: `${what}: ${hostname}:${number}: ${networkMessage(error)}`, advice };
  }
}

const connected = (host: string, port: number, { signal, patience }: Means): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal, timeout: patience.answer });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new NoAnswer('connecting timed out', 'timeout')));
    socket.once('error', reject);
  });
