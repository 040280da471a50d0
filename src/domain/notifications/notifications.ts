/** Who is told what: from an event and the plan to messages for channels. Pure; sending is another matter. */
import { inFewWords, valuesOf } from './event-words.js';
import { type DeploymentEvent, EVENTS, type EventKind, type QuestionDetails, type RoutedKind } from './events.js';
import { askedBy } from './question-page.js';

/**
 * Where people are told. What else its kind needs (addresses, references to secrets) is written by the kind's entry in
 * `plan/notifications/channel-kinds.ts` and read by its notifier in `adapters/notify`; nobody else looks at it.
 */
export interface Channel {
  /** Its key in the plan. */
  id: string;
  kind: string;
  /** Its host is empty on this machine: nothing is sent. */
  off?: true;
  [setting: string]: unknown;
}

/**
 * Kinds of channels that are told of alerts, and of nothing else. A contact names the pager that calls them; of every
 * other kind it is the ID or address by which messages name them.
 */
const PAGERS: readonly string[] = ['pagerduty'];

export const isPager = (kind: string | undefined): boolean => kind !== undefined && PAGERS.includes(kind);

/** Somebody to be named in messages about questions to one of these roles, or in escalations. */
export interface Contact {
  id: string;
  title: string;
  roles: string[];
  /** How they are reached, by the kind of channel. */
  [kind: string]: unknown;
}

/** How a contact is reached by a kind of channel, as the plan says. */
export function addressOf(contact: Contact, kind: string): string | undefined {
  const address = contact[kind];
  return typeof address === 'string' ? address : undefined;
}

/** The channels that page a contact. */
export const pagersOf = (contact: Contact): string[] => PAGERS.flatMap((kind) => addressOf(contact, kind) ?? []);

/** Milliseconds since the question was asked; `every` from one reminder to the next. */
export interface Reminders {
  after: number;
  every: number;
  escalation?: { after: number; channels: string[]; contacts: string[] };
}

export interface Notice {
  id: string;
  title: string;
  /** Channels; none when the text is only prepared. */
  to: string[];
  text: string;
}

export interface Notifications {
  channels: Channel[];
  events: Partial<Record<RoutedKind, string[]>>;
  templates: Partial<Record<EventKind, string>>;
  contacts: Contact[];
  reminders?: Reminders;
  notices: Notice[];
  /** Base URL of Temporal's Web UI, for `{link}`. */
  webUi?: string;
  /** Base URL of the console, for links to questions. */
  console?: string;
}

/** What the common placeholders stand for. */
export type About = Record<'title' | 'service' | 'deployment' | 'target' | 'previous' | 'startedBy' | 'link', string>;

export type Severity = 'critical' | 'error' | 'warning';

/** What a pager is told: an alert begins (or goes on), or is over. */
export type Alert = { key: string; action: 'trigger'; severity: Severity } | { key: string; action: 'resolve' };

/** One message for one channel. */
export interface Message {
  /** The same however often it is sent, and of this message alone. */
  id: string;
  channel: Channel;
  event: EventKind | 'notice';
  /** What it tells, in a few words. */
  subject: string;
  text: string;
  /** The values of the event, for receivers that are machines. */
  values: Record<string, string>;
  about: About;
  /** For all of a channel, not only for those who follow the deployment's thread. */
  loud: boolean;
  /** Those who are named, as the channel's kind knows them: Slack's IDs, for example. */
  mentions: string[];
  alert?: Alert;
  /** The question that it asks, by its ID. */
  asks?: string;
  /** The console's page of that, where it is known where the console is. */
  page?: string;
  /** The message that it takes the place of, as its channel knows it. */
  edits?: string;
}

/** Alerts that have been triggered and not resolved, by channel. */
export type OpenAlerts = Record<string, string[]>;

/** What broke production, whatever it was: resolved when production is back. */
const INCIDENT = 'incident';
/** What only the watchdog raises, and resolves. */
export const WATCHDOG_ALERT = 'watchdog';

const ALERTS: Partial<Record<EventKind, { severity: Severity; about: 'incident' | 'question' | 'watchdog' }>> = {
  breach: { severity: 'critical', about: 'incident' },
  'rollback-started': { severity: 'critical', about: 'incident' },
  // Not of the question: whoever answers "skip" has taken over a production that is still broken.
  'rollback-failed': { severity: 'critical', about: 'incident' },
  unwatched: { severity: 'critical', about: 'incident' },
  'runner-not-served': { severity: 'critical', about: 'question' },
  'watchdog-alarm': { severity: 'critical', about: 'watchdog' },
  'rollback-choice-asked': { severity: 'critical', about: 'question' },
  'step-failed': { severity: 'error', about: 'question' },
  'concern-raised': { severity: 'error', about: 'question' },
  'sign-offs-asked': { severity: 'warning', about: 'question' },
  'question-asked': { severity: 'warning', about: 'question' },
  'question-reminded': { severity: 'warning', about: 'question' },
  'question-escalated': { severity: 'critical', about: 'question' },
};

/** A pager is not told what is no alert. */
export const isAlert = (kind: EventKind): boolean => ALERTS[kind] !== undefined;

/** A step that fails again is another alert than the first time. */
export const questionKey = ({ id, openedAt }: QuestionDetails): string => `question/${id}/${openedAt}`;

export const isPaged = (alerts: OpenAlerts, question: QuestionDetails): boolean =>
  Object.values(alerts).some((keys) => keys.includes(questionKey(question)));

export function alertOf(event: DeploymentEvent): Extract<Alert, { action: 'trigger' }> | undefined {
  const alert = ALERTS[event.kind];
  if (!alert) return undefined;
  const { about, severity } = alert;
  const ofNoQuestion = about === 'watchdog' ? WATCHDOG_ALERT : INCIDENT;
  const key = about === 'question' && 'question' in event ? questionKey(event.question) : ofNoQuestion;
  return { key, action: 'trigger', severity };
}

/** Whether an alert is over with this event. A deployment that ended with a broken production resolves nothing of that. */
function resolves(event: DeploymentEvent, key: string): boolean {
  switch (event.kind) {
    case 'question-answered':
      return key === questionKey(event.question);
    case 'rollback-ended':
      return key === INCIDENT;
    case 'watchdog-all-clear':
      return key === WATCHDOG_ALERT;
    case 'ended':
      return event.outcome !== 'rollback-failed' || key !== INCIDENT;
    default:
      return false;
  }
}

export interface ToNotify {
  event: DeploymentEvent;
  about: About;
  /** Channels and contacts instead of those the plan names for the event. */
  to?: { channels: string[]; contacts: string[] };
  alerts: OpenAlerts;
}

/** The messages that an event is, without their IDs; alerts that it ends are resolved wherever they were triggered. */
export function messagesFor(
  notifications: Notifications,
  { event, about, to, alerts }: ToNotify,
): Omit<Message, 'id'>[] {
  const { channels, templates, contacts } = notifications;
  const values = valuesOf(event);
  const common = {
    event: event.kind,
    subject: inFewWords(event),
    text: fillIn(templates[event.kind] ?? EVENTS[event.kind].template, { ...about, ...values }),
    values,
    about,
    ...askedBy(notifications, { event, about }),
    loud: EVENTS[event.kind].urgent === true || event.kind === 'ended',
  };
  const named = namedIn(contacts, event, to?.contacts ?? []);
  const wanted = to?.channels ?? routeOf(notifications, event.kind);
  const alert = alertOf(event);
  const told = channels.flatMap((channel): Omit<Message, 'id'>[] => {
    if (channel.off || !wanted.includes(channel.id)) return [];
    const mentions = named.flatMap((contact) => addressOf(contact, channel.kind) ?? []);
    if (!isPager(channel.kind)) return [{ ...common, channel, mentions }];
    return alert ? [{ ...common, channel, mentions: [], alert }] : [];
  });
  const resolved = channels.flatMap((channel) =>
    (alerts[channel.id] ?? [])
      .filter((key) => resolves(event, key))
      .map((key) => ({ ...common, channel, mentions: [], alert: { key, action: 'resolve' as const } })),
  );
  return [...told, ...resolved];
}

/** The alerts that are open once these messages are sent. */
export function alertsAfter(alerts: OpenAlerts, messages: readonly Pick<Message, 'channel' | 'alert'>[]): OpenAlerts {
  const after = { ...alerts };
  for (const { channel, alert } of messages) {
    if (!alert) continue;
    const others = (after[channel.id] ?? []).filter((key) => key !== alert.key);
    after[channel.id] = alert.action === 'trigger' ? [...others, alert.key] : others;
  }
  return after;
}

/** Those who may answer a question are named when it is asked and reminded of; others when it is escalated to them. */
function namedIn(contacts: readonly Contact[], event: DeploymentEvent, also: readonly string[]): Contact[] {
  const roles = 'question' in event && event.kind !== 'question-answered' ? event.question.roles : [];
  return contacts.filter(({ id, roles: own }) => also.includes(id) || own.some((role) => roles.includes(role)));
}

/** Where the plan has an event told. That nobody carries a deployment out is heard by all who hear of failures. */
function routeOf(notifications: Notifications, kind: EventKind): string[] {
  const { events } = notifications;
  if (kind !== 'runner-not-served') return (events as Partial<Record<EventKind, string[]>>)[kind] ?? [];
  return [...new Set([...(events['step-failed'] ?? []), ...whereProductionIsLeft(notifications).channels])];
}

/** Where the reminders of a question go, and where it is escalated to. */
export function followUps(notifications: Notifications, asked: EventKind) {
  const own = routeOf(notifications, asked);
  const { channels = [], contacts = [] } = notifications.reminders?.escalation ?? {};
  const pagers = notifications.contacts.filter(({ id }) => contacts.includes(id)).flatMap(pagersOf);
  return {
    reminders: { channels: own, contacts: [] as string[] },
    escalation: { channels: [...new Set([...own, ...channels, ...pagers])], contacts },
  };
}

/** Where people are told that production was left to them: of a rollback that failed, and of a breach. */
export const whereProductionIsLeft = ({ events }: Pick<Notifications, 'events'>): NonNullable<ToNotify['to']> => ({
  channels: [...new Set([...(events['rollback-failed'] ?? []), ...(events.breach ?? [])])],
  contacts: [],
});

/** A notice as messages, without their IDs. */
export function noticeMessages(
  { channels }: Pick<Notifications, 'channels'>,
  { notice, about }: { notice: Notice; about: About },
): Omit<Message, 'id'>[] {
  const text = fillIn(notice.text, about);
  return channels
    .filter(({ id, off }) => notice.to.includes(id) && !off)
    .map((channel) => ({
      channel,
      event: 'notice',
      subject: notice.title,
      text,
      values: { notice: notice.id },
      about,
      loud: true,
      mentions: [],
    }));
}

const PLACEHOLDER = /\{([^{}]*)\}/g;

export const placeholdersIn = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);

/** Values are put in once: what looks like a placeholder in one stays as it is. */
export const fillIn = (template: string, values: Record<string, string>): string =>
  template.replace(PLACEHOLDER, (written, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : written,
  );

/** What comes next for a question that still waits. */
export interface NextCall {
  kind: 'question-reminded' | 'question-escalated';
  at: number;
}

/** More would be noise that fills the history: at one each 12 hours it is a month. */
const MOST_REMINDERS = 60;

export function nextCall(
  reminders: Reminders,
  question: { askedAt: number; reminded: number; escalated: boolean },
): NextCall | undefined {
  const { askedAt, reminded, escalated } = question;
  const calls: NextCall[] = [];
  if (reminded < MOST_REMINDERS) {
    calls.push({ kind: 'question-reminded', at: askedAt + reminders.after + reminded * reminders.every });
  }
  if (reminders.escalation && !escalated) {
    calls.unshift({ kind: 'question-escalated', at: askedAt + reminders.escalation.after });
  }
  return calls.sort((a, b) => a.at - b.at)[0];
}
