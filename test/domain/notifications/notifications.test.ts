import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answeredMessage } from '../../../src/domain/notifications/answered-message.js';
import { valuesOf } from '../../../src/domain/notifications/event-words.js';
import {
  type AnsweredEvent,
  askingKind,
  COMMON_PLACEHOLDERS,
  type DeploymentEvent,
  EVENT_KINDS,
  EVENTS,
  type EventKind,
} from '../../../src/domain/notifications/events.js';
import {
  type About,
  alertOf,
  alertsAfter,
  type Channel,
  fillIn,
  followUps,
  type Message,
  messagesFor,
  type Notifications,
  nextCall,
  placeholdersIn,
} from '../../../src/domain/notifications/notifications.js';
import { HOLD_ID, questionPage } from '../../../src/domain/notifications/question-page.js';

const about: About = {
  title: 'Shop',
  service: 'shop',
  deployment: 'd-1',
  target: 'main',
  previous: 'v1',
  startedBy: 'ana',
  link: 'https://ui/d-1',
};
const slack = (id: string, off?: true): Channel => ({
  id,
  kind: 'slack',
  api: '',
  token: 'env:T',
  channel: id,
  ...(off && { off }),
});
const pager: Channel = { id: 'pager', kind: 'pagerduty', api: '', routingKey: 'env:K' };
const question = {
  id: 'smoke',
  title: 'Smoke failed',
  text: 'status 500',
  roles: ['qa'],
  moves: ['retry', 'skip'] as const,
  openedAt: 5,
};
const asked = { ...question, moves: [...question.moves] };

/** One of each kind. */
const SAMPLES: Record<DeploymentEvent['kind'], DeploymentEvent> = {
  started: { kind: 'started' },
  'staging-proven': { kind: 'staging-proven' },
  'signed-off': { kind: 'signed-off' },
  'sign-offs-void': { kind: 'sign-offs-void' },
  deploying: { kind: 'deploying' },
  unwatched: { kind: 'unwatched', watch: 'Five minutes' },
  'watchdog-alarm': { kind: 'watchdog-alarm', reason: 'nobody serves it', lasted: 120_000 },
  'watchdog-all-clear': { kind: 'watchdog-all-clear', reason: 'it goes on', lasted: 180_000 },
  'watch-ended': { kind: 'watch-ended', watch: '5 minutes', verdict: 'healthy' },
  breach: { kind: 'breach', criterion: 'errors', reason: 'errors at 12 %' },
  'rollback-started': { kind: 'rollback-started', option: 'full', reason: 'errors' },
  'rollback-ended': { kind: 'rollback-ended', option: 'full', reason: 'errors', took: 65_000 },
  'rollback-failed': { kind: 'rollback-failed', question: asked },
  'rollback-choice-asked': { kind: 'rollback-choice-asked', question: asked },
  'runner-not-served': { kind: 'runner-not-served', question: asked },
  'window-awaited': { kind: 'window-awaited', question: asked },
  'step-failed': { kind: 'step-failed', question: asked },
  'concern-raised': { kind: 'concern-raised', question: asked },
  'sign-offs-asked': { kind: 'sign-offs-asked', question: asked },
  'question-asked': { kind: 'question-asked', question: asked },
  'question-reminded': { kind: 'question-reminded', question: asked, waited: 14_400_000 },
  'question-escalated': { kind: 'question-escalated', question: asked, waited: 86_400_000 },
  'question-answered': { kind: 'question-answered', question: asked },
  held: { kind: 'held', who: 'ana', reason: 'incident' },
  resumed: { kind: 'resumed', who: 'ana' },
  ended: { kind: 'ended', outcome: 'succeeded', reason: 'all phases passed', elapsed: 176_400_000 },
};

const notifications = (changes: Partial<Notifications> = {}): Notifications => ({
  channels: [slack('deploys'), slack('incidents'), pager],
  events: { started: ['deploys'], 'step-failed': ['incidents', 'pager'], breach: ['incidents', 'pager'] },
  templates: {},
  contacts: [
    { id: 'qa', title: 'QA', roles: ['qa'], slack: 'U1' },
    { id: 'cto', title: 'CTO', roles: [], slack: 'U2', pagerduty: 'pager' },
  ],
  notices: [],
  ...changes,
});
const told = (messages: Omit<Message, 'id'>[]) =>
  messages.map(({ channel, alert }) => `${channel.id}${alert ? ` ${alert.action} ${alert.key}` : ''}`);

describe('texts', () => {
  test.each(EVENT_KINDS)('what %s says of itself is what its placeholders promise', (kind) => {
    expect(Object.keys(valuesOf(SAMPLES[kind])).sort()).toEqual([...EVENTS[kind].placeholders].sort());
  });

  test.each(EVENT_KINDS)('%s has a text of its own, with nothing left to fill in', (kind) => {
    const known: readonly string[] = [...COMMON_PLACEHOLDERS, ...EVENTS[kind].placeholders];
    expect(placeholdersIn(EVENTS[kind].template).filter((name) => !known.includes(name))).toEqual([]);
    const text = fillIn(EVENTS[kind].template, { ...about, ...valuesOf(SAMPLES[kind]) });
    expect(text).not.toMatch(/[{}]|undefined|NaN/);
  });

  test('of the plan go before', () => {
    const templates = { started: 'Começa {target}, {nonsense}' };
    const [message] = messagesFor(notifications({ templates }), { event: SAMPLES.started, about, alerts: {} });
    expect(message?.text).toBe('Começa main, {nonsense}');
  });

  test('what looks like a placeholder in a value is not filled in', () => {
    expect(fillIn('{a} {b}', { a: '{b}', b: 'x' })).toBe('{b} x');
    expect(fillIn('{constructor}', {})).toBe('{constructor}');
  });

  test('say durations and commands as people do', () => {
    expect(valuesOf(SAMPLES.ended).elapsed).toBe('49 h');
    expect(valuesOf(SAMPLES['step-failed']).command).toBe('surefoot retry smoke --as WHO --role qa');
    expect(
      valuesOf({
        ...SAMPLES['sign-offs-asked'],
        question: { ...asked, roles: ['qa', 'dev'], moves: ['approve'] },
      } as DeploymentEvent).command,
    ).toBe('surefoot approve --as WHO --role ROLE');
  });
});

describe('who is told', () => {
  test('the channels of the event that are on; a pager only of alerts', () => {
    const tell = (event: DeploymentEvent, changes?: Partial<Notifications>) =>
      told(messagesFor(notifications(changes), { event, about, alerts: {} }));
    expect(tell(SAMPLES.started)).toEqual(['deploys']);
    expect(tell(SAMPLES.started, { channels: [slack('deploys', true)] })).toEqual([]);
    expect(tell(SAMPLES.started, { events: { started: ['pager'] } })).toEqual([]);
    expect(tell(SAMPLES['step-failed'])).toEqual(['incidents', 'pager trigger question/smoke/5']);
    expect(tell(SAMPLES.deploying)).toEqual([]);
  });

  test('those who may answer are named, and those it is escalated to', () => {
    const mentions = (event: DeploymentEvent, contacts: string[] = []) =>
      messagesFor(notifications(), { event, about, alerts: {}, to: { channels: ['incidents'], contacts } })[0]
        ?.mentions;
    expect(mentions(SAMPLES['step-failed'])).toEqual(['U1']);
    expect(mentions(SAMPLES['question-escalated'], ['cto'])).toEqual(['U1', 'U2']);
    expect(mentions(SAMPLES['question-answered'])).toEqual([]);
    expect(mentions(SAMPLES.breach)).toEqual([]);
  });

  test('a channel names people as its kind knows them; a pager, and a kind that knows nobody, names none', () => {
    const team: Channel = { id: 'team', kind: 'mail' };
    const hook: Channel = { id: 'hook', kind: 'webhook', url: '' };
    const channels = [slack('deploys'), team, hook, pager];
    const contacts = [
      { id: 'qa', title: 'QA', roles: ['qa'], slack: 'U1', mail: 'qa@example.com', pagerduty: 'pager' },
    ];
    const to = { channels: channels.map(({ id }) => id), contacts: [] };
    const asking = { event: SAMPLES['step-failed'], about, alerts: {}, to };
    const named = messagesFor(notifications({ channels, contacts }), asking).map(({ channel, mentions }) => [
      channel.id,
      mentions,
    ]);
    expect(Object.fromEntries(named)).toEqual({ deploys: ['U1'], team: ['qa@example.com'], hook: [], pager: [] });
  });

  test('an escalation goes to the question’s channels, those of the plan, and the pagers of its contacts', () => {
    const reminders = { after: 1, every: 1, escalation: { after: 1, channels: ['deploys'], contacts: ['cto'] } };
    const ways = followUps(notifications({ reminders }), 'breach');
    expect(ways.escalation).toEqual({ channels: ['incidents', 'pager', 'deploys'], contacts: ['cto'] });
    expect(followUps(notifications({ reminders }), 'question-asked').escalation.channels).toEqual(['deploys', 'pager']);
  });

  test('that nobody serves a runner is told, and reminded of, wherever failures are, without the plan saying so', () => {
    const events = { 'step-failed': ['deploys'], 'rollback-failed': ['incidents'], breach: ['pager', 'incidents'] };
    const plan = notifications({ events });
    const messages = messagesFor(plan, { event: SAMPLES['runner-not-served'], about, alerts: {} });
    expect(messages.map(({ channel }) => channel.id)).toEqual(['deploys', 'incidents', 'pager']);
    expect(messages.at(-1)?.alert).toMatchObject({ action: 'trigger', severity: 'critical' });
    expect(followUps(plan, 'runner-not-served').reminders.channels).toEqual(['deploys', 'incidents', 'pager']);
  });

  test('every kind of question is an event', () => {
    expect(
      (
        [
          'approvals',
          'confirmation',
          'step-failed',
          'concern',
          'watch-unknown',
          'window',
          'rollback-choice',
          'rollback-failed',
          'runner-not-served',
        ] as const
      ).map((kind) => askingKind({ kind })),
    ).toEqual([
      'sign-offs-asked',
      'question-asked',
      'step-failed',
      'concern-raised',
      'step-failed',
      'window-awaited',
      'rollback-choice-asked',
      'rollback-failed',
      'runner-not-served',
    ]);
  });
});

describe('alerts', () => {
  const open = { pager: ['incident', 'question/smoke/5', 'question/other/6'] };
  const resolved = (event: DeploymentEvent) =>
    told(messagesFor(notifications(), { event, about, alerts: open })).filter((text) => text.includes('resolve'));

  test('of a question are resolved by its answer, and by no other', () => {
    expect(resolved(SAMPLES['question-answered'])).toEqual(['pager resolve question/smoke/5']);
    const again = { kind: 'question-answered', question: { ...asked, openedAt: 7 } } as const;
    expect(resolved(again)).toEqual([]);
  });

  test('of an incident are resolved when production is back; all of them when the deployment has ended', () => {
    expect(resolved(SAMPLES['rollback-ended'])).toEqual(['pager resolve incident']);
    expect(resolved(SAMPLES.ended)).toHaveLength(3);
    expect(resolved({ kind: 'ended', outcome: 'rollback-failed', reason: '', elapsed: 1 })).toEqual([
      'pager resolve question/smoke/5',
      'pager resolve question/other/6',
    ]);
  });

  test('a failed rollback is the incident, not the question: to skip it repairs nothing', () => {
    expect(alertOf(SAMPLES['rollback-failed'])).toMatchObject({ key: 'incident', severity: 'critical' });
  });

  test('are remembered for each channel until they are resolved', () => {
    const trigger = { key: 'incident', action: 'trigger', severity: 'critical' } as const;
    const one = alertsAfter({}, [
      { channel: pager, alert: trigger },
      { channel: pager, alert: trigger },
    ]);
    expect(one).toEqual({ pager: ['incident'] });
    expect(alertsAfter(one, [{ channel: pager, alert: { key: 'incident', action: 'resolve' } }])).toEqual({
      pager: [],
    });
  });
});

describe('what comes next for a question', () => {
  const HOUR = 3_600_000;
  const reminders = { after: 4 * HOUR, every: 12 * HOUR, escalation: { after: 16 * HOUR, channels: [], contacts: [] } };
  const hours = (state: { reminded: number; escalated: boolean }) => {
    const next = nextCall(reminders, { askedAt: 0, ...state });
    return next && `${next.kind} ${next.at / HOUR}`;
  };

  test('reminders by the plan’s times, the escalation first where both are due, and not twice', () => {
    expect(hours({ reminded: 0, escalated: false })).toBe('question-reminded 4');
    expect(hours({ reminded: 1, escalated: false })).toBe('question-escalated 16');
    expect(hours({ reminded: 1, escalated: true })).toBe('question-reminded 16');
    expect(hours({ reminded: 2, escalated: true })).toBe('question-reminded 28');
  });

  test('at last nothing: a month of reminders is enough', () => {
    expect(hours({ reminded: 59, escalated: true })).toBe('question-reminded 712');
    expect(hours({ reminded: 60, escalated: true })).toBeUndefined();
  });
});

describe('the console’s page', () => {
  const console = 'https://surefoot.example.com';
  const pages = (kind: EventKind, changes: Partial<Notifications> = { console }) => {
    const to = { channels: ['deploys', 'pager'], contacts: [] };
    return messagesFor(notifications(changes), { event: SAMPLES[kind], about, alerts: {}, to }).map(({ page }) => page);
  };

  test('stands in whatever asks people, and in nothing else', () => {
    const page = `${console}/deployments/${about.deployment}/decide/smoke`;
    for (const kind of EVENT_KINDS) {
      const asks = 'question' in SAMPLES[kind] && kind !== 'question-answered';
      expect(new Set(pages(kind)), kind).toEqual(new Set([asks ? page : undefined]));
    }
    expect(new Set(pages('step-failed', {}))).toEqual(new Set([undefined]));
  });

  test('can be told by others where the plan does not name it: what is asked is', () => {
    const to = { channels: ['deploys'], contacts: [] };
    for (const kind of EVENT_KINDS) {
      const [{ asks } = {}] = messagesFor(notifications({}), { event: SAMPLES[kind], about, alerts: {}, to });
      expect(asks, kind).toBe('question' in SAMPLES[kind] && kind !== 'question-answered' ? 'smoke' : undefined);
    }
  });

  test('of a hold, which is no question, offers all that may be said', () => {
    expect(questionPage(console, { deployment: 'd-1', id: HOLD_ID })).toBe(`${console}/deployments/d-1/decide`);
  });

  test('leads nowhere else, whatever a deployment or a question is called', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (deployment, id) => {
        const page = new URL(questionPage(`${console}/base`, { deployment: `d${deployment}`, id: `q${id}` }));
        expect(page.origin).toBe(console);
        expect(page.search + page.hash).toBe('');
        expect(page.pathname.split('/').slice(1).map(decodeURIComponent)).toEqual([
          'base',
          'deployments',
          `d${deployment}`,
          'decide',
          `q${id}`,
        ]);
      }),
    );
  });
});

describe('what was told of a question, once it is answered', () => {
  const message = { channel: slack('deploys'), text: 'Smoke test failed. <link>' };
  const edited = (event: Partial<AnsweredEvent>, templates = {}) =>
    answeredMessage(notifications({ templates }), {
      event: { kind: 'question-answered', question: asked, ...event },
      about,
      message,
      edits: 'C1/1.2',
    });

  test('says by whom first, in the words of the plan, and offers its page no more', () => {
    const at = 0;
    const answer = { kind: 'retry', who: 'ana', role: 'qa', at, via: 'update', accepted: true, reason: '' } as const;
    expect(edited({ answer })).toMatchObject({
      channel: message.channel,
      edits: 'C1/1.2',
      mentions: [],
      text: expect.stringMatching(/: retry by ana as qa\.\nSmoke test failed\. <link>$/),
    });
    expect(edited({ answer })).not.toHaveProperty('page');
    const templates = { 'question-answered': 'Respondido: {answer}' };
    expect(edited({ answer }, templates).text).toBe('Respondido: retry by ana as qa\nSmoke test failed. <link>');
  });

  test('names all who have signed, and nobody where nobody has answered', () => {
    const approvals = [
      { who: 'ana', role: 'qa' },
      { who: 'bo', role: 'dev' },
    ];
    const templates = { 'question-answered': '{answer}' };
    expect(edited({ approvals }, templates).text).toMatch(/^approve by ana as qa, by bo as dev\n/);
    expect(edited({}, templates).text).toMatch(/^settled\n/);
  });
});
