/**
 * The kinds of channels that a plan may name, one entry each: what is written of one, what its notifier
 * (`adapters/notify`) is given of it, and how a contact is reached by it. Which kinds are pagers is the domain's.
 */
import { z } from 'zod';
import type { Channel } from '../../domain/notifications/notifications.js';
import { reference, strict, text } from '../core/basics.js';
import { type MailServer, mailServer, receiverUrl } from '../core/hosts.js';
import type { Path } from '../core/problems.js';
import type { Resolution } from '../core/resolution.js';

/** What a kind's notifier needs of a channel, as the resolved plan has it. Nobody else reads it. */
interface Settings {
  off?: true;
  [setting: string]: unknown;
}

/** The channel that is resolved, and the plan in which its keys name something. */
class Place {
  constructor(
    private readonly resolution: Resolution,
    private readonly id: string,
  ) {}

  secret(key: string, name: string): string {
    return this.resolution.secret(name, this.pathOf(key));
  }

  /** Where messages go: what the channel's `host` says, or where everybody has it. */
  receiver(host: string | undefined, otherwise: string): { url: string; off?: true } {
    if (host === undefined) return { url: otherwise };
    const url = receiverUrl(this.resolution, { name: host, path: this.pathOf('host') });
    return url === undefined ? { url: '', off: true } : { url };
  }

  /** The base URL of a service's API, without a trailing slash. */
  api(host: string | undefined, otherwise: string): { api: string; off?: true } {
    const { url, ...off } = this.receiver(host, otherwise);
    return { api: url.replace(/\/+$/, ''), ...off };
  }

  /** Where mail is handed over; nothing when that is off on this machine. */
  mail(host: string): MailServer | undefined {
    return mailServer(this.resolution, { name: host, path: this.pathOf('host') });
  }

  /** Of the channel as a whole. */
  report(message: string): void {
    this.resolution.report(this.pathOf(), { message, key: true });
  }

  private pathOf(...keys: string[]): Path {
    return ['notifications', 'channels', this.id, ...keys];
  }
}

interface ContactWay {
  schema: z.ZodOptional<z.ZodString>;
  /** What people call it. */
  title: string;
  /** Where a checklist's line about a contact has it: in a blank of its title, or at the end. */
  inChecklist: 'blank' | 'end';
}

interface ChannelKind<Schema extends z.ZodObject> {
  schema: Schema;
  resolve(authored: z.output<Schema>, place: Place): Settings;
  /** Kinds without it reach everybody who reads the channel, and nobody by name. */
  contact?: ContactWay;
}

const kind = <Schema extends z.ZodObject>(entry: ChannelKind<Schema>) => entry;

const host = () => reference('hosts').describe('A key of `hosts`; an empty host turns the channel off on this machine');

const address = () =>
  text().regex(/^[^\s@<>()[\],;:\\"]+@[A-Za-z0-9.-]+$/, 'Not an e-mail address; write for example deploys@example.com');

const kinds = {
  slack: kind({
    schema: strict({
      kind: z.literal('slack').describe('A Slack channel, by an app’s token with the scope `chat:write`'),
      host: host().optional().describe('A key of `hosts`: Slack’s API; `https://slack.com` when left out'),
      token: reference('credentials'),
      channel: text()
        .regex(/^#?[\p{L}\p{N}._-]+$/u, 'Not the name of a Slack channel; write for example "#deploys", in quotes')
        .describe('Name or ID of the channel, in quotes: `"#deploys"`'),
    }),
    resolve: ({ host, token, channel }, place) => ({
      ...place.api(host, 'https://slack.com'),
      token: place.secret('token', token),
      channel,
    }),
    contact: {
      schema: text()
        .regex(/^[UWS][A-Z0-9]{2,}$/, 'Not the ID of a Slack user (U…, W…) or user group (S…)')
        .optional()
        .describe('Slack’s ID of a user (U…) or a user group (S…), who is named in messages'),
      title: 'Slack',
      inChecklist: 'end',
    },
  }),

  pagerduty: kind({
    schema: strict({
      kind: z.literal('pagerduty').describe('A PagerDuty service, by its Events API v2 integration'),
      host: host().optional().describe('A key of `hosts`: the API; `https://events.pagerduty.com` when left out'),
      routingKey: reference('credentials'),
    }),
    resolve: ({ host, routingKey }, place) => ({
      ...place.api(host, 'https://events.pagerduty.com'),
      routingKey: place.secret('routingKey', routingKey),
    }),
    contact: {
      schema: reference('notifications.channels')
        .optional()
        .describe('A PagerDuty channel: paged when something is escalated to this contact'),
      title: 'PagerDuty',
      inChecklist: 'blank',
    },
  }),

  email: kind({
    schema: strict({
      kind: z.literal('email').describe('E-mail, handed to a server that takes it (SMTP)'),
      host: reference('hosts').describe(
        'A key of `hosts`: `smtps://user@mail.example.com` (TLS from the start) or `smtp://user@mail.example.com` (STARTTLS); `?root-certificate=FILE` trusts an authority of your own; an empty host turns the channel off on this machine',
      ),
      password: reference('credentials')
        .optional()
        .describe('A key of `credentials`: the password of the user in `host`; without both nobody is logged in'),
      from: address().describe('Whom it is from'),
      to: z.array(address()).min(1, 'Names nobody').describe('Who gets it, whatever it is about'),
    }),
    resolve: ({ host, password, from, to }, place) => {
      const server = place.mail(host);
      if (server !== undefined && (server.user === undefined) !== (password === undefined))
        place.report('Write both or neither: the user in the host’s URL, and `password`');
      return {
        ...(server ?? { off: true }),
        ...(password === undefined ? {} : { password: place.secret('password', password) }),
        from,
        to,
      };
    },
    contact: {
      schema: address().optional().describe('An e-mail address, which gets messages that name this contact, too'),
      title: 'E-mail',
      inChecklist: 'end',
    },
  }),

  teams: kind({
    schema: strict({
      kind: z.literal('teams').describe('A channel or chat of Microsoft Teams, by a workflow that takes webhooks'),
      url: reference('credentials').describe('A key of `credentials`: the URL of the workflow, a secret by itself'),
    }),
    resolve: ({ url }, place) => ({ url: place.secret('url', url) }),
  }),

  webhook: kind({
    schema: strict({
      kind: z.literal('webhook').describe('Any receiver of JSON'),
      host: host().optional().describe('A key of `hosts`: the URL that is posted to. Write this or `url`'),
      url: reference('credentials')
        .optional()
        .describe('A key of `credentials`: the URL, when it is a secret by itself'),
      secret: reference('credentials')
        .optional()
        .describe('A key of `credentials`: signs each message as Standard Webhooks do'),
    }),
    resolve: ({ host, url, secret }, place) => {
      if ((host === undefined) === (url === undefined)) place.report('Write exactly one of host, url');
      return {
        ...(url === undefined ? place.receiver(host, '') : { url: place.secret('url', url) }),
        ...(secret === undefined ? {} : { secret: place.secret('secret', secret) }),
      };
    },
  }),
};

type Schemas = { [Name in keyof typeof kinds]: (typeof kinds)[Name]['schema'] };

/** Each channel of a plan by the name of its kind. */
type AuthoredByKind = { [Name in keyof Schemas]: z.output<Schemas[Name]> };

export const CHANNEL_KINDS: { [Name in keyof Schemas]: ChannelKind<Schemas[Name]> } = kinds;

/** What a channel of a plan is to its notifier. */
export const resolveChannel = <Name extends keyof Schemas>(
  resolution: Resolution,
  { id, authored }: { id: string; authored: AuthoredByKind[Name] & { kind: Name } },
): Channel => ({
  id,
  kind: authored.kind,
  ...CHANNEL_KINDS[authored.kind].resolve(authored, new Place(resolution, id)),
});
