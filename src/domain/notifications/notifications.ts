/** Who is told what: from an event and the plan to messages for channels. Pure; sending is another matter. */
import {
  type DeploymentEvent,
  EVENTS,
  type EventKind,
  inFewWords,
  type QuestionDetails,
  type RoutedKind,
  valuesOf,
} from './events.js';

/** `env:NAME` or `file:PATH`; read where the message is sent. */
type SecretReference = string;

interface AnyChannel {
  /** Its key in the plan. */
  id: string;
  /** Its host is empty on this machine: nothing is sent. */
  off?: true;
}
/** A Slack channel by chat.postMessage. `api` is `https://slack.com` or what stands in for it. */
export type SlackChannel = AnyChannel & { kind: 'slack'; api: string; token: SecretReference; channel: string };
/** A PagerDuty service by the Events API v2. */
export type PagerDutyChannel = AnyChannel & { kind: 'pagerduty'; api: string; routingKey: SecretReference };
/** Any receiver of JSON. `url` may be a reference to a secret, since whoever knows some URLs can post to them. */
export type WebhookChannel = AnyChannel & { kind: 'webhook'; url: string; secret?: SecretReference };
export type Channel = SlackChannel | PagerDutyChannel | WebhookChannel;

/** Somebody to be named in messages about questions to one of these roles, or in escalations. */
export interface Contact {
  id: string;
  title: string;
  roles: string[];
  /** Slack's ID of a user or a user group. */
  slack?: string;
  /** A PagerDuty channel of the plan. */
  pagerduty?: string;
}

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
  /** For all of a Slack channel, not only for those who follow the deployment's thread. */
  loud: boolean;
  /** Slack IDs of those who are named. */
  mentions: string[];
  alert?: Alert;
}

/** Alerts that have been triggered and not resolved, by channel. */
export type OpenAlerts = Record<string, string[]>;

/** What broke production, whatever it was: resolved when production is back. */
const INCIDENT = 'incident';

const ALERTS: Partial<Record<EventKind, { severity: Severity; about: 'incident' | 'question' }>> = {
  breach: { severity: 'critical', about: 'incident' },
  'rollback-started': { severity: 'critical', about: 'incident' },
  // Not of the question: whoever answers "skip" has taken over a production that is still broken.
  'rollback-failed': { severity: 'critical', about: 'incident' },
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
const questionKey = ({ id, openedAt }: QuestionDetails): string => `question/${id}/${openedAt}`;

export const isPaged = (alerts: OpenAlerts, question: QuestionDetails): boolean =>
  Object.values(alerts).some((keys) => keys.includes(questionKey(question)));

export function alertOf(event: DeploymentEvent): Extract<Alert, { action: 'trigger' }> | undefined {
  const alert = ALERTS[event.kind];
  if (!alert) return undefined;
  const key = alert.about === 'question' && 'question' in event ? questionKey(event.question) : INCIDENT;
  return { key, action: 'trigger', severity: alert.severity };
}

/** Whether an alert is over with this event. A deployment that ended with a broken production resolves nothing of that. */
function resolves(event: DeploymentEvent, key: string): boolean {
  switch (event.kind) {
    case 'question-answered':
      return key === questionKey(event.question);
    case 'rollback-ended':
      return key === INCIDENT;
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
  const { channels, templates, events, contacts } = notifications;
  const values = valuesOf(event);
  const common = {
    event: event.kind,
    subject: inFewWords(event),
    text: fillIn(templates[event.kind] ?? EVENTS[event.kind].template, { ...about, ...values }),
    values,
    about,
    loud: EVENTS[event.kind].urgent === true || event.kind === 'ended',
    mentions: mentions(contacts, event, to?.contacts ?? []),
  };
  const wanted = to?.channels ?? (events as Partial<Record<EventKind, string[]>>)[event.kind] ?? [];
  const alert = alertOf(event);
  const told = channels.flatMap((channel): Omit<Message, 'id'>[] => {
    if (channel.off || !wanted.includes(channel.id)) return [];
    if (channel.kind !== 'pagerduty') return [{ ...common, channel }];
    return alert ? [{ ...common, channel, alert }] : [];
  });
  const resolved = channels.flatMap((channel) =>
    (alerts[channel.id] ?? [])
      .filter((key) => resolves(event, key))
      .map((key) => ({ ...common, channel, alert: { key, action: 'resolve' as const } })),
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
function mentions(contacts: readonly Contact[], event: DeploymentEvent, also: readonly string[]): string[] {
  const roles = 'question' in event && event.kind !== 'question-answered' ? event.question.roles : [];
  const named = contacts.filter(({ id, roles: own }) => also.includes(id) || own.some((role) => roles.includes(role)));
  return named.flatMap(({ slack }) => slack ?? []);
}

/** Where the reminders of a question go, and where it is escalated to. */
export function followUps(notifications: Notifications, asked: RoutedKind) {
  const own = notifications.events[asked] ?? [];
  const { channels = [], contacts = [] } = notifications.reminders?.escalation ?? {};
  const pagers = notifications.contacts.flatMap(({ id, pagerduty }) => (contacts.includes(id) && pagerduty) || []);
  return {
    reminders: { channels: own, contacts: [] as string[] },
    escalation: { channels: [...new Set([...own, ...channels, ...pagers])], contacts },
  };
}

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
