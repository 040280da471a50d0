import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startAnnouncementReceiver } from '../../sandbox/local/announcements.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import type { About, Message } from '../../src/domain/notifications/notifications.js';
import { inActivity } from '../helpers/context.js';
import { scratchFolder } from './scratch-folders.js';

const about = {} as About;
const common = { event: 'breach', subject: 'breach', text: 'Errors', values: {}, loud: false, mentions: [] } as const;

test('the sandbox’s receiver answers as Slack, PagerDuty and a webhook do, and keeps what it is told but no key', async () => {
  process.env.TEST_ANNOUNCEMENTS = 'canary-token';
  const home = await scratchFolder();
  const { url, file, stop } = await startAnnouncementReceiver(home);
  onTestFinished(stop);
  const secret = 'env:TEST_ANNOUNCEMENTS';
  const alert = { key: 'incident', action: 'trigger', severity: 'critical' } as const;
  const messages: Message[] = [
    {
      ...common,
      about,
      id: '1',
      mentions: [],
      channel: { id: 'd', kind: 'slack', api: url, token: secret, channel: '#d' },
    },
    {
      ...common,
      about: { ...about, link: '' },
      id: '2',
      mentions: [],
      alert,
      channel: { id: 'p', kind: 'pagerduty', api: url, routingKey: secret },
    },
    { ...common, about, id: '3', mentions: [], channel: { id: 'w', kind: 'webhook', url: `${url}/hook` } },
  ];
  expect(await (await fetch(`${url}/api/auth.test`, { method: 'POST' })).json()).toMatchObject({ ok: true });
  const { tell } = createPeopleActivities();
  const { untold, threads } = await inActivity(() => tell({ messages, threads: {}, questions: [] }));
  expect(untold).toEqual([]);
  expect(threads.d).toMatch(/^\d+\.\d+$/);
  const [slack] = messages as [Message];
  const asked = { ...slack, page: 'https://surefoot.example.com/' };
  const { places = {} } = await inActivity(() => tell({ messages: [asked], threads: {}, questions: [] }));
  const edit = { ...slack, id: '4', edits: places['1'] as string };
  expect(await inActivity(() => tell({ messages: [edit], threads: {}, questions: [] }))).toEqual({
    threads: {},
    untold: [],
  });
  const kept = await readFile(file, 'utf8');
  const lines = kept
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { path: string });
  expect(lines.map(({ path }) => path).sort()).toEqual([
    '/api/chat.postMessage',
    '/api/chat.postMessage',
    '/api/chat.update',
    '/hook',
    '/v2/enqueue',
  ]);
  expect(kept).not.toContain('canary');
  expect((await fetch(url, { method: 'POST', body: 'no JSON' })).status).toBe(400);
});
