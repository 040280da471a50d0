/**
 * Microsoft Teams, by a workflow "when a Teams webhook request is received": a message with an adaptive card
 * (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
 */
import { z } from 'zod';
import { inert } from '../../domain/inert.js';
import { shortened } from '../../domain/shortened.js';
import { readSecret } from '../evidence/secrets.js';
import { channelNotifier } from './channel-notifier.js';
import { probeConnection } from './connection.js';
import { type Delivery, deliver, type Sending } from './deliveries.js';

/** Teams takes 28 KB in all; nobody reads that many. Characters. */
const LONGEST_TEXT = 3_900;
const LONGEST_LABEL = 75;

/** `url` is a reference: whoever knows a workflow's URL can post by it. */
const channel = z.object({ id: z.string(), url: z.string() });
type TeamsChannel = z.output<typeof channel>;

export const teams = channelNotifier({
  channel,
  send: postToTeams,
  probe: async ({ channel: { id, url }, ...means }) =>
    probeConnection(await readSecret(url), means, { what: `Teams (${id})`, untried: 'nothing was posted' }),
});

function postToTeams(sending: Sending<TeamsChannel>): Promise<Delivery> {
  return deliver(sending, [sending.channel.url], async (request, [url = '']) => {
    const { status, statusText } = await request({ url, method: 'POST', json: postOf(sending.message) });
    // 202 is acceptance, and nothing else is: what the workflow then does with it nobody is told.
    return status === 202 ? { told: true } : { told: false, why: `Teams answered ${statusText}` };
  });
}

const postOf = (message: Sending['message']) => ({
  type: 'message',
  attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: cardOf(message) }],
});

/** In text runs, which know no Markdown: text of outside origin becomes no link and names nobody. */
function cardOf({ text, page, values, about, loud }: Sending['message']) {
  const said = shortened(inert(text), LONGEST_TEXT);
  const links = [
    ...(page === undefined ? [] : [openUrl(values.question ?? page, page)]),
    ...(about.link.startsWith('http') ? [openUrl('Temporal', about.link)] : []),
  ];
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: said,
    body: [{ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: said, ...(loud && { weight: 'Bolder' }) }] }],
    ...(links.length > 0 && { actions: links }),
    msteams: { width: 'Full' },
  };
}

const openUrl = (title: string, url: string) => ({
  type: 'Action.OpenUrl',
  title: shortened(inert(title), LONGEST_LABEL),
  url,
});
