import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EVENTS, ROUTED_KINDS } from '../../../src/domain/notifications/events.js';
import { loadPlan } from '../../../src/plan/load.js';
import { expectOneProblem, replaceOnce, SHIPPED, shippedText, write } from '../plan-files.js';

const { notifications } = loadPlan(SHIPPED).resolved;

describe('the shipped plan', () => {
  test('tells somebody of every event, and pages for what is pressing', () => {
    for (const kind of ROUTED_KINDS) expect(notifications.events[kind], kind).not.toHaveLength(0);
    for (const kind of ROUTED_KINDS.filter((each) => EVENTS[each].urgent && each !== 'rollback-ended')) {
      expect(notifications.events[kind], kind).toEqual(expect.arrayContaining(['incidents', 'pager-devops']));
    }
  });

  test('has the three Slack channels, the pagers and the escalation of the checklist', () => {
    expect(notifications.channels.map((channel) => (channel.kind === 'slack' ? channel.channel : channel.id))).toEqual([
      '#deploys',
      '#incidents',
      '#backend-team',
      'pager-devops',
      'pager-dba',
    ]);
    expect(notifications.reminders).toEqual({
      after: 14_400_000,
      every: 43_200_000,
      escalation: { after: 86_400_000, channels: ['incidents'], contacts: ['devops', 'cto', 'vp-engineering'] },
    });
    expect(notifications.contacts.find(({ id }) => id === 'devops')).toEqual({
      id: 'devops',
      title: 'DevOps On-Call',
      roles: ['devops'],
      slack: 'S00DEVOPS',
      pagerduty: 'pager-devops',
    });
  });

  test('names tokens and keys, and holds none', () => {
    expect(notifications.channels[0]).toMatchObject({ api: 'https://slack.com', token: 'env:SLACK_TOKEN' });
    expect(notifications.channels[3]).toMatchObject({
      api: 'https://events.pagerduty.com',
      routingKey: 'env:PAGERDUTY_DEVOPS_ROUTING_KEY',
    });
  });
});

const RECEIVER = '    pager-dba: { kind: pagerduty, host: pagerduty, routingKey: dba-on-call }\n';
const withReceiver = (receiver: string): readonly [string, string] => [RECEIVER, `${RECEIVER}    other: ${receiver}\n`];
const used = ['    started: [deploys]', '    started: [deploys, other]'] as const;

test('a webhook is a host, or a credential when its URL is a secret', () => {
  const channel = (receiver: string) => {
    const text = [withReceiver(receiver), used].reduce(replaceOnce, shippedText);
    return loadPlan(write('plan.yaml', text)).resolved.notifications.channels.at(-1);
  };
  expect(channel('{ kind: webhook, url: slack, secret: devops-on-call }')).toEqual({
    id: 'other',
    kind: 'webhook',
    url: 'env:SLACK_TOKEN',
    secret: 'env:PAGERDUTY_DEVOPS_ROUTING_KEY',
  });
  expect(channel('{ kind: webhook, host: pagerduty }')).toMatchObject({ url: 'https://events.pagerduty.com/' });
});

const hosted = (url: string) => ['\nhosts:\n', `\nhosts:\n  mail: "${url}"\n`] as const;

test('e-mail is handed to a server by its URL: TLS from the start, or by STARTTLS', () => {
  const channel = (url: string, receiver: string) => {
    const text = [hosted(url), withReceiver(receiver), used].reduce(replaceOnce, shippedText);
    const file = write('plan.yaml', text);
    return { file, channel: loadPlan(file).resolved.notifications.channels.at(-1) };
  };
  const written = 'from: surefoot@example.com, to: [team@example.com, on-call@example.com]';
  const common = { id: 'other', kind: 'email', from: 'surefoot@example.com' };
  const to = ['team@example.com', 'on-call@example.com'];
  const implicit = channel(
    'smtps://alerts%40example.com@mail.example.com?root-certificate=own/ca.pem',
    `{ kind: email, host: mail, password: slack, ${written} }`,
  );
  expect(implicit.channel).toEqual({
    ...common,
    to,
    host: 'mail.example.com',
    port: 465,
    secure: true,
    user: 'alerts@example.com',
    password: 'env:SLACK_TOKEN',
    rootCertificate: join(dirname(implicit.file), 'own/ca.pem'),
  });
  const anonymous = `{ kind: email, host: mail, ${written} }`;
  const upgraded = { ...common, to, host: 'mail.example.com', port: 587, secure: false };
  expect(channel('smtp://mail.example.com', anonymous).channel).toEqual(upgraded);
  expect(channel('smtp://[::1]:2525', anonymous).channel).toEqual({ ...upgraded, host: '::1', port: 2525 });
  expect(channel('', anonymous).channel).toEqual({ ...common, to, off: true });
});

test('a workflow of Teams is a credential, and the console a host that may be off', () => {
  const console = (url: string) => {
    const edits = [
      ['\nhosts:\n', `\nhosts:\n  console: "${url}"\n`],
      ['  webUi: temporal-ui\n', '  webUi: temporal-ui\n  console: console\n'],
      withReceiver('{ kind: teams, url: slack }'),
      used,
    ] as const;
    return loadPlan(write('plan.yaml', edits.reduce(replaceOnce, shippedText))).resolved.notifications;
  };
  const { channels, console: base } = console('https://surefoot.example.com/');
  expect(channels.at(-1)).toEqual({ id: 'other', kind: 'teams', url: 'env:SLACK_TOKEN' });
  expect(base).toBe('https://surefoot.example.com');
  expect(console('')).not.toHaveProperty('console');
});

test('without hosts Slack and PagerDuty are where they always are', () => {
  const text = [
    withReceiver('{ kind: slack, token: slack, channel: C012345 }'),
    used,
    ['pager-devops: { kind: pagerduty, host: pagerduty, ', 'pager-devops: { kind: pagerduty, '] as const,
  ].reduce(replaceOnce, shippedText);
  const { channels } = loadPlan(write('plan.yaml', text)).resolved.notifications;
  expect(channels.at(-1)).toMatchObject({ api: 'https://slack.com' });
  expect(channels.at(3)).toMatchObject({ api: 'https://events.pagerduty.com' });
});

test('a plan may tell nobody anything', () => {
  const [from, to] = ['# Contatos de Emergência', '# The 117 boxes'].map((words) => shippedText.indexOf(words));
  const silent = shippedText.slice(0, from) + shippedText.slice(to);
  const text = silent.replaceAll(/preparation\.notices\/\w+/g, 'communication/confirmed');
  expect(loadPlan(write('plan.yaml', text)).resolved.notifications).toEqual({
    channels: [],
    events: {},
    templates: {},
    contacts: [],
    notices: [],
  });
});

describe('mistakes', () => {
  test.each<[string, readonly [string, string], { path: string; says: string; suggestion?: string }]>([
    [
      'a placeholder with a slip in it',
      [
        'started: "🚀 {title}: começa o deploy de {target} (antes: {previous}), iniciado por {startedBy}.',
        'started: ¦"🚀 {title}: começa o deploy de {target} (antes: {previous}), iniciado por {startedby}.',
      ],
      {
        path: 'notifications.templates.started',
        says: '`{startedby}` is not filled in here',
        suggestion: '{startedBy}',
      },
    ],
    [
      'a placeholder of another event',
      ['deploying: "🚀 {title}: deploy de {target} em produção.', 'deploying: ¦"🚀 {title}: {command}'],
      { path: 'notifications.templates.deploying', says: 'known: {title}, {service}, {deployment}' },
    ],
    [
      'a placeholder that no notice has',
      ['text: >-\n        {title}: o deploy de {target} em', 'text: ¦>-\n        {title}: o deploy de {reason} em'],
      { path: 'notifications.notices.devops.text', says: '`{reason}` is not filled in here' },
    ],
    [
      'an event that is none',
      ['    staging-proven: [deploys]', '    ¦staging-prooven: [deploys]'],
      { path: 'notifications.events.staging-prooven', says: 'not a known key', suggestion: 'staging-proven' },
    ],
    [
      'a way for what follows its question anyway',
      ['    held: [deploys]', '    held: [deploys]\n    ¦question-reminded: [deploys]'],
      { path: 'notifications.events.question-reminded', says: 'not a known key' },
    ],
    [
      'a channel that is none',
      ['    signed-off: [deploys]', '    signed-off: [¦deploy]'],
      { path: 'notifications.events.signed-off[0]', says: 'There is no channel `deploy`', suggestion: 'deploys' },
    ],
    [
      'a pager for what is no alert',
      ['    signed-off: [deploys]', '    signed-off: [deploys, ¦pager-dba]'],
      { path: 'notifications.events.signed-off[1]', says: 'Is a pager, and `signed-off` is no alert' },
    ],
    [
      'a kind of channel that is none',
      ['    deploys: { kind: slack,', '    deploys: { kind: ¦slak,'],
      { path: 'notifications.channels.deploys.kind', says: 'not known here', suggestion: 'slack' },
    ],
    [
      'a Slack channel whose # began a comment',
      ['token: slack, channel: "#deploys" }', 'token: slack, ¦channel: }'],
      { path: 'notifications.channels.deploys.channel', says: 'Has no value' },
    ],
    [
      'a name where Slack’s ID belongs',
      ['slack: U00CTO', 'slack: ¦cto'],
      { path: 'notifications.contacts.cto.slack', says: 'Not the ID of a Slack user' },
    ],
    [
      'a contact that can’t be reached',
      ['    cto: { title: CTO, slack: U00CTO }', '    ¦cto: { title: CTO }'],
      { path: 'notifications.contacts.cto', says: 'Can’t be reached' },
    ],
    [
      'a contact with a channel’s name',
      ['    tech-lead: { title: Tech Lead, slack', '    ¦deploys: { title: Tech Lead, slack'],
      { path: 'notifications.contacts.deploys', says: 'name of a channel too' },
    ],
    [
      'a contact paged by Slack',
      ['pagerduty: pager-devops }', 'pagerduty: ¦incidents }'],
      { path: 'notifications.contacts.devops.pagerduty', says: 'Is of kind slack' },
    ],
    [
      'an escalation to nobody known',
      ['[incidents, devops, cto, vp-engineering]', '[incidents, devops, ¦ctoo, vp-engineering]'],
      { path: 'notifications.reminders.escalateTo[2]', says: 'no channel or contact `ctoo`', suggestion: 'cto' },
    ],
    [
      'an escalation that never comes',
      ['escalateAfter: 24h, escalateTo: [incidents', 'escalateTo: ¦[incidents'],
      { path: 'notifications.reminders.escalateTo', says: 'Is never used' },
    ],
    [
      'a notice to a pager',
      [
        '      to: [deploys]\n      text: >-\n        {title}: o deploy',
        '      to: [¦pager-dba]\n      text: >-\n        {title}: o deploy',
      ],
      { path: 'notifications.notices.devops.to[0]', says: 'a notice is no alert' },
    ],
    [
      'a receiver that is both host and secret',
      [RECEIVER, `${RECEIVER}    ¦other: { kind: webhook, host: slack, url: slack }\n`],
      { path: 'notifications.channels.other', says: 'exactly one of host, url' },
    ],
    [
      'a token in place of its name',
      ['  slack: env:SLACK_TOKEN', '  slack: ¦xoxb-1234'],
      { path: 'credentials.slack', says: 'never the secret itself' },
    ],
  ])('%s is told', (_, edit, expected) => {
    expectOneProblem([edit], expected);
  });
});

describe('a mistake in e-mail is told at its place', () => {
  const mail = (settings: string) =>
    [RECEIVER, `${RECEIVER}    other: { kind: email, host: mail, from: a@b.example, ${settings} }\n`] as const;
  const whole = mail('to: [c@d.example]');

  test.each([
    [
      'a password and no user',
      hosted('smtps://mail.example.com'),
      [RECEIVER, mail('to: [c@d.example], password: slack')[1].replace('other:', '¦other:')] as const,
      { path: 'notifications.channels.other', says: 'Write both or neither' },
    ],
    [
      'a user and no password',
      hosted('smtps://a@mail.example.com'),
      [RECEIVER, whole[1].replace('other:', '¦other:')] as const,
      { path: 'notifications.channels.other', says: 'Write both or neither' },
    ],
    [
      'a parameter that is none',
      ['\nhosts:\n', '\nhosts:\n  mail: ¦"smtp://mail.example.com?verify=no"\n'] as const,
      whole,
      { path: 'hosts.mail', says: 'not a parameter of a mail server', suggestion: 'root-certificate' },
    ],
    [
      'a password in the URL',
      ['\nhosts:\n', '\nhosts:\n  mail: ¦"smtp://:word@mail.example.com"\n'] as const,
      whole,
      { path: 'hosts.mail', says: 'Holds a password' },
    ],
    [
      'a web address',
      ['\nhosts:\n', '\nhosts:\n  mail: ¦"https://mail.example.com"\n'] as const,
      whole,
      { path: 'hosts.mail', says: 'smtps://user@mail.example.com' },
    ],
    [
      'no address',
      hosted('smtp://mail.example.com'),
      mail('to: [¦"c@d.example, e@f.example"]'),
      { path: 'notifications.channels.other.to[0]', says: 'Not an e-mail address' },
    ],
  ])('%s', (_, host, channel, expected) => {
    expectOneProblem([host, channel, used], expected);
  });
});
