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
import { CHANNEL_KINDS } from './channel-kinds.js';

const schemas = Object.values(CHANNEL_KINDS).map(({ schema }) => schema);

const channel = z.discriminatedUnion('kind', schemas as [(typeof schemas)[number], ...typeof schemas]);

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

/** How a contact is reached, by the kinds of channels that know people. The others have no such key. */
const contactWays = Object.fromEntries(
  Object.entries(CHANNEL_KINDS).flatMap(([kind, { contact }]) => (contact ? [[kind, contact.schema]] : [])),
) as Record<keyof typeof CHANNEL_KINDS, z.ZodOptional<z.ZodString>>;

export const notifications = strict({
  webUi: reference('hosts').optional().describe('A key of `hosts`: Temporal’s Web UI, for `{link}`'),
  console: reference('hosts')
    .optional()
    .describe('A key of `hosts`: the console, for links from questions to the page where they are answered'),
  channels: named(channel).describe('Where people are told'),
  events: strict(events)
    .prefault({})
    .describe('Which event goes to which channels; reminders and answers go where their question went'),
  templates: strict(templates)
    .prefault({})
    .describe(
      'Texts in the team’s language; everywhere `{title}`, `{service}`, `{deployment}`, `{target}`, `{previous}`, `{startedBy}`, `{link}`',
    ),
  contacts: named(strict({ title: text().describe('What people read'), ...contactWays }))
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
