/** Who is told what: channels, which events go to them, texts, contacts, reminders, notices. */
import { z } from 'zod';
import {
  EVENT_KINDS,
  EVENTS,
  type EventKind,
  ROUTED_KINDS,
  type RoutedKind,
} from '../../domain/notifications/events.js';
import { duration, id, named, prose, reference, strict, text } from '../core/basics.js';

const host = () => reference('hosts').describe('A key of `hosts`; an empty host turns the channel off on this machine');

const channel = z.discriminatedUnion('kind', [
  strict({
    kind: z.literal('slack').describe('A Slack channel, by an app’s token with the scope `chat:write`'),
    host: host().optional().describe('A key of `hosts`: Slack’s API; `https://slack.com` when left out'),
    token: reference('credentials'),
    channel: text()
      .regex(/^#?[\p{L}\p{N}._-]+$/u, 'Not the name of a Slack channel; write for example "#deploys", in quotes')
      .describe('Name or ID of the channel, in quotes: `"#deploys"`'),
  }),
  strict({
    kind: z.literal('pagerduty').describe('A PagerDuty service, by its Events API v2 integration'),
    host: host().optional().describe('A key of `hosts`: the API; `https://events.pagerduty.com` when left out'),
    routingKey: reference('credentials'),
  }),
  strict({
    kind: z.literal('webhook').describe('Any receiver of JSON'),
    host: host().optional().describe('A key of `hosts`: the URL that is posted to. Write this or `url`'),
    url: reference('credentials').optional().describe('A key of `credentials`: the URL, when it is a secret by itself'),
    secret: reference('credentials')
      .optional()
      .describe('A key of `credentials`: signs each message as Standard Webhooks do'),
  }),
]);

const events = Object.fromEntries(
  ROUTED_KINDS.map((kind) => [
    kind,
    z.array(reference('notifications.channels')).optional().describe(EVENTS[kind].meaning),
  ]),
) as Record<RoutedKind, z.ZodOptional<z.ZodArray<ReturnType<typeof reference>>>>;

const templates = Object.fromEntries(
  EVENT_KINDS.map((kind) => [kind, prose().optional().describe(placeholders(kind))]),
) as Record<EventKind, z.ZodOptional<ReturnType<typeof prose>>>;

function placeholders(kind: EventKind): string {
  const own = EVENTS[kind].placeholders.map((name) => `\`{${name}}\``).join(', ');
  return `${EVENTS[kind].meaning}${own === '' ? '' : `: ${own}`}`;
}

const contact = strict({
  title: text().describe('What people read'),
  slack: text()
    .regex(/^[UWS][A-Z0-9]{2,}$/, 'Not the ID of a Slack user (U…, W…) or user group (S…)')
    .optional()
    .describe('Slack’s ID of a user (U…) or a user group (S…), who is named in messages'),
  pagerduty: reference('notifications.channels')
    .optional()
    .describe('A PagerDuty channel: paged when something is escalated to this contact'),
});

export const notifications = strict({
  webUi: reference('hosts').optional().describe('A key of `hosts`: Temporal’s Web UI, for `{link}`'),
  channels: named(channel).describe('Where people are told'),
  events: strict(events)
    .prefault({})
    .describe('Which event goes to which channels; reminders and answers go where their question went'),
  templates: strict(templates)
    .prefault({})
    .describe(
      'Texts in the team’s language; everywhere `{title}`, `{service}`, `{deployment}`, `{target}`, `{previous}`, `{startedBy}`, `{link}`',
    ),
  contacts: named(contact)
    .default({})
    .describe('Who is named: a role of the sign-offs, a person of the roster, or anybody else to escalate to'),
  reminders: strict({
    after: duration().describe('A question that has waited so long is reminded of'),
    every: duration().describe('And again each time so much later'),
    escalateAfter: duration().optional().describe('A question that has waited so long is escalated, once'),
    escalateTo: z.array(id()).default([]).describe('Keys of `channels` and `contacts`'),
  })
    .optional()
    .describe('What happens to questions that nobody answers'),
  notices: named(
    strict({
      title: text().describe('What it is'),
      to: z
        .array(reference('notifications.channels'))
        .default([])
        .describe('Keys of `channels`; none: the text is prepared, kept as evidence and sent to nobody'),
      text: prose().describe('The message; its placeholders are those that every template may hold'),
    }),
  )
    .default({})
    .describe('Messages sent after the sign-offs (checklist 2.2)'),
});

export type AuthoredNotifications = z.output<typeof notifications>;
