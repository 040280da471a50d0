/** Notifications: names looked up, placeholders known, and nobody left untold by a slip. */
import {
  COMMON_PLACEHOLDERS,
  EVENT_KINDS,
  EVENTS,
  type EventKind,
  ROUTED_KINDS,
} from '../../domain/notifications/events.js';
import {
  type Contact,
  isAlert,
  isPager,
  type Notifications,
  pagersOf,
  placeholdersIn,
  type Reminders,
} from '../../domain/notifications/notifications.js';
import type { AuthoredApprovals } from '../approvals/schema.js';
import { receiverUrl } from '../core/hosts.js';
import type { Path } from '../core/problems.js';
import type { MachineMaps, Resolution as ResolutionOf } from '../core/resolution.js';
import { nearest } from '../core/suggest.js';
import { CHANNEL_KINDS, resolveChannel } from './channel-kinds.js';
import type { AuthoredNotifications } from './schema.js';

interface NotificationSections extends MachineMaps {
  notifications?: AuthoredNotifications;
  /** The roster that contacts are held against. */
  approvals?: Roster;
}
type Resolution = ResolutionOf<NotificationSections>;

type Authored = AuthoredNotifications;
/** Who may be a contact. */
type Roster = Pick<AuthoredApprovals, 'roles' | 'roster'>;

/** The kinds by which a contact may be reached. */
const CONTACT_WAYS = Object.entries(CHANNEL_KINDS).flatMap(([kind, { contact }]) => (contact ? [kind] : []));

/** Nobody is told of anything when the plan has no such section. */
export function resolveNotifications(resolution: Resolution): Notifications {
  const authored = resolution.sections.notifications;
  const roster = resolution.sections.approvals;
  const result: Notifications = { channels: [], events: {}, templates: {}, contacts: [], notices: [] };
  if (authored === undefined) return result;
  const { channels, templates } = authored;
  result.channels = Object.entries(channels).map(([id, channel]) =>
    resolveChannel(resolution, { id, authored: channel }),
  );
  result.events = resolveEvents(resolution, authored);
  result.contacts = resolveContacts(resolution, authored, roster);
  const reminders = resolveReminders(resolution, authored);
  if (reminders) result.reminders = reminders;
  for (const kind of EVENT_KINDS) {
    const template = templates[kind];
    if (template === undefined) continue;
    checkTemplate(resolution, { template, at: ['notifications', 'templates', kind], more: EVENTS[kind].placeholders });
    result.templates[kind] = template;
  }
  result.notices = Object.entries(authored.notices).map(([id, notice]) => {
    const at = ['notifications', 'notices', id];
    notice.to.forEach((name, index) => {
      if (knowsChannel(resolution, name, [...at, 'to', index]) && isPager(channels[name]?.kind))
        resolution.report([...at, 'to', index], 'Is a pager: a notice is no alert');
    });
    checkTemplate(resolution, { template: notice.text, at: [...at, 'text'], more: [] });
    return { id, ...notice };
  });
  for (const place of ['webUi', 'console'] as const) {
    const name = authored[place];
    const url = name && receiverUrl(resolution, { name, path: ['notifications', place] });
    if (url) result[place] = url.replace(/\/+$/, '');
  }
  warnOfUnused(resolution, authored, result);
  return result;
}

function resolveEvents(resolution: Resolution, { events, channels }: Authored): Notifications['events'] {
  const result: Notifications['events'] = {};
  for (const kind of ROUTED_KINDS) {
    const names = events[kind];
    if (names === undefined) continue;
    names.forEach((name, index) => {
      const at = ['notifications', 'events', kind, index];
      if (knowsChannel(resolution, name, at) && isPager(channels[name]?.kind) && !isAlert(kind))
        resolution.report(at, `Is a pager, and \`${kind}\` is no alert: ${EVENTS[kind].meaning}`);
    });
    result[kind] = names;
  }
  return result;
}

function resolveContacts(
  resolution: Resolution,
  { contacts, channels }: Authored,
  approvals: Roster | undefined,
): Contact[] {
  return Object.entries(contacts).map(([id, { title, ...ways }]) => {
    const at = ['notifications', 'contacts', id];
    const reached = Object.entries(ways).filter(([, address]) => address !== undefined);
    if (reached.length === 0)
      resolution.report(at, { message: `Can’t be reached: write ${CONTACT_WAYS.join(' or ')}`, key: true });
    if (Object.hasOwn(channels, id))
      resolution.report(at, { message: 'Is the name of a channel too; escalateTo would not know which', key: true });
    for (const [kind, pager = ''] of reached.filter(([kind]) => isPager(kind))) {
      if (!knowsChannel(resolution, pager, [...at, kind])) continue;
      const other = channels[pager]?.kind;
      if (other !== undefined && other !== kind) resolution.report([...at, kind], `Is of kind ${other}`);
    }
    const own = approvals?.roster[id]?.roles ?? [];
    const roles = approvals !== undefined && Object.hasOwn(approvals.roles, id) ? [id, ...own] : own;
    return { id, title, roles, ...Object.fromEntries(reached) };
  });
}

function resolveReminders(resolution: Resolution, { reminders, channels, contacts }: Authored): Reminders | undefined {
  if (reminders === undefined) return undefined;
  const { after, every, escalateAfter, escalateTo } = reminders;
  const at = ['notifications', 'reminders'];
  const known = [...Object.keys(channels), ...Object.keys(contacts)];
  escalateTo.forEach((name, index) => {
    if (known.includes(name)) return;
    const suggestion = nearest(name, known);
    const list = suggestion === undefined ? `; known: ${known.join(', ')}` : '';
    resolution.report([...at, 'escalateTo', index], {
      message: `There is no channel or contact \`${name}\`${list}`,
      suggestion,
    });
  });
  if (escalateAfter === undefined) {
    if (escalateTo.length > 0) resolution.report([...at, 'escalateTo'], 'Is never used: write `escalateAfter` too');
    return { after, every };
  }
  if (escalateTo.length === 0) resolution.report([...at, 'escalateAfter'], 'Nobody is named in `escalateTo`');
  const escalation = {
    after: escalateAfter,
    channels: escalateTo.filter((name) => Object.hasOwn(channels, name)),
    contacts: escalateTo.filter((name) => Object.hasOwn(contacts, name)),
  };
  return { after, every, escalation };
}

function checkTemplate(
  resolution: Resolution,
  { template, at, more }: { template: string; at: Path; more: readonly string[] },
): void {
  const known: readonly string[] = [...COMMON_PLACEHOLDERS, ...more];
  for (const name of new Set(placeholdersIn(template))) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const list = near === undefined ? `; known: ${known.map((other) => `{${other}}`).join(', ')}` : '';
    resolution.report(at, {
      message: `\`{${name}}\` is not filled in here${list}`,
      suggestion: near === undefined ? undefined : `{${near}}`,
    });
  }
}

const knowsChannel = (resolution: Resolution, name: string, from: Path): boolean =>
  resolution.knows(name, { at: ['notifications', 'channels'], label: 'channel', from });

/** What is allowed but probably not meant: somebody who is never told, or something that nobody is told of. */
function warnOfUnused(resolution: Resolution, authored: Authored, { contacts, reminders }: Notifications): void {
  const { events, notices } = authored;
  const used = [
    ...Object.values(events).flatMap((names) => names ?? []),
    ...Object.values(notices).flatMap(({ to }) => to),
    ...(reminders?.escalation?.channels ?? []),
    ...contacts.flatMap(pagersOf),
  ];
  for (const id of Object.keys(authored.channels)) {
    if (!used.includes(id))
      resolution.warn(['notifications', 'channels', id], { message: 'Nothing uses it', key: true });
  }
  for (const { id, roles } of contacts) {
    if (roles.length > 0 || reminders?.escalation?.contacts.includes(id)) continue;
    const message = 'Is neither a role, nor on the roster, nor in escalateTo: nothing names this contact';
    resolution.warn(['notifications', 'contacts', id], { message, key: true });
  }
  const pressing: EventKind[] = ROUTED_KINDS.filter((kind) => EVENTS[kind].urgent);
  const untold = pressing.filter((kind) => !events[kind as keyof typeof events]?.length);
  if (untold.length > 0)
    resolution.warn(['notifications', 'events'], { message: `Nobody is told of ${untold.join(', ')}`, key: true });
}
