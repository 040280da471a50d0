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
