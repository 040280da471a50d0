/** E-mail, against a real mail server: who gets it, over which connection, and what it can do to those who open it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { notifierOf } from '../../../src/adapters/notify/notifiers.js';
import { isInert } from '../../../src/domain/inert.js';
import type { About, Channel, Message } from '../../../src/domain/notifications/notifications.js';
import { makeAuthority, type TestAuthority } from '../../helpers/certificates.js';
import { type MailServerOfTest, mailServer, type ReceivedMail, readMail, replyOf } from '../../helpers/mail-server.js';
import { deadPort } from '../../helpers/server.js';

const PASSWORD = 'canary-password-of-mail';

let authority: TestAuthority;
/** A certificate for this machine, and its key. */
let own: { cert: Buffer; key: Buffer };

beforeAll(() => {
  authority = makeAuthority();
  const { certificate, key } = authority.issue(['localhost', '127.0.0.1']);
  own = { cert: readFileSync(certificate), key: readFileSync(key) };
});
afterAll(() => authority.remove());
beforeEach(() => {
  process.env.TEST_MAIL_PASSWORD = PASSWORD;
});

const about: About = {
  title: 'Deploy',
  service: 'eduautismo',
  deployment: 'd-1',
  target: 'main',
  previous: 'v1.2.3',
  startedBy: 'ana.souza',
  link: 'workflow d-1',
};
const PATIENCE = { answer: 500, whole: 4_000, pause: 10 };

const channel = ({ port }: { port: number }, changes: Partial<Channel> = {}): Channel => ({
  id: 'mail',
  kind: 'email',
  host: '127.0.0.1',
  port,
  secure: false,
  from: 'surefoot@example.com',
  to: ['team@example.com'],
  ...changes,
});
const loggedIn = () => ({ user: 'alerts', password: 'env:TEST_MAIL_PASSWORD', rootCertificate: authority.root });

let count = 0;
const message = (changes: Partial<Message> = {}): Omit<Message, 'channel'> => ({
  id: `d-1/${++count}`,
  event: 'breach',
  subject: 'breach',
  text: 'Errors at 12 %',
  values: {},
  about,
  loud: false,
  mentions: [],
  ...changes,
});

function send(to: Channel, said = message()) {
  const { signal } = new AbortController();
  return notifierOf(to).send({ channel: to, message: said, signal, patience: PATIENCE });
}
const first = ({ received }: MailServerOfTest) => readMail(received[0] as ReceivedMail);

describe('the connection', () => {
  test('goes over to TLS before anybody logs in', async () => {
    const server = await mailServer({ ...own, password: PASSWORD });
    expect(await send(channel(server, loggedIn()))).toEqual({ told: true });
    expect(server.logins).toEqual([`alerts ${PASSWORD}`]);
    expect(server.received).toEqual([
      expect.objectContaining({
        from: 'surefoot@example.com',
        to: ['team@example.com'],
        secure: true,
        user: 'alerts',
      }),
    ]);
  });

  test('begins with TLS where the plan says smtps', async () => {
    const server = await mailServer({ ...own, password: PASSWORD, secure: true });
    expect(await send(channel(server, { ...loggedIn(), secure: true }))).toEqual({ told: true });
    expect(server.received).toEqual([expect.objectContaining({ secure: true, user: 'alerts' })]);
  });

  test.each(['127.0.0.1', 'localhost'])('is to the host that the certificate names: %s', async (host) => {
    const server = await mailServer({ ...own, password: PASSWORD });
    expect(await send(channel(server, { ...loggedIn(), host }))).toEqual({ told: true });
  });

  test.each([true, false])(
    'of somebody whose certificate is not trusted is told nothing (smtps: %s)',
    async (secure) => {
      const others = authority.issue(['mail.example.com']);
      const wrong = { cert: readFileSync(others.certificate), key: readFileSync(others.key) };
      for (const [served, changes] of [
        // Of its own authority: nobody else's.
        [own, { rootCertificate: undefined }],
        // Of ours, for another host.
        [wrong, {}],
      ] as const) {
        const server = await mailServer({ ...served, password: PASSWORD, secure });
        const delivery = await send(channel(server, { ...loggedIn(), secure, ...changes }));
        expect(delivery).toEqual({ told: false, why: expect.stringMatching(/certificate is not trusted \([A-Z_]+\)/) });
        expect(server).toMatchObject({ logins: [], received: [], connections: 1 });
      }
    },
  );

  test('without TLS hears no password, not even on this machine', async () => {
    const server = await mailServer({ allowInsecureAuth: true, password: PASSWORD });
    const delivery = await send(channel(server, loggedIn()));
    expect(delivery).toEqual({ told: false, why: expect.stringContaining('no TLS') });
    expect(server).toMatchObject({ logins: [], received: [] });
  });

  test('without TLS hears nothing at all but on this machine', async () => {
    const server = await mailServer();
    expect(await send(channel(server))).toEqual({ told: true });
    // The same machine, by an address that does not say so.
    const delivery = await send(channel(server, { host: '0.0.0.0' }));
    expect(delivery).toEqual({ told: false, why: expect.stringContaining('no TLS') });
    expect(server.received).toHaveLength(1);
  });

  test('to a server that wants no login is not used without one, where the plan has a password', async () => {
    const server = await mailServer({ ...own, disabledCommands: ['AUTH'] });
    expect(await send(channel(server, loggedIn()))).toMatchObject({ told: false });
    expect(server.received).toEqual([]);
  });
});

describe('what is not taken', () => {
  test('for now is sent again, and is the same mail then', async () => {
    const server = await mailServer();
    server.refusals.push('451 Try again later', '421 Closing');
    const said = message();
    expect(await send(channel(server), said)).toEqual({ told: true });
    expect(await send(channel(server), said)).toEqual({ told: true });
    const [once, again] = server.received.map((mail) => readMail(mail).headers['message-id']);
    expect(once).toMatch(/^<surefoot-[0-9a-f]{32}@example\.com>$/);
    expect(again).toBe(once);
  });

  test('for good is not sent again, and the server’s words are told', async () => {
    const server = await mailServer();
    server.refusals.push('554 looks like spam');
    expect(await send(channel(server))).toEqual({ told: false, why: 'the server answered 554 looks like spam' });
    expect(server.connections).toBe(1);
  });

  test('for some is not told to all, and says so', async () => {
    const server = await mailServer({
      onRcptTo: ({ address }, _, done) => done(address.startsWith('gone') ? replyOf('550 no such user') : null),
    });
    const to = ['team@example.com', 'gone@example.com'];
    expect(await send(channel(server, { to }))).toEqual({
      told: false,
      why: 'not to all: 1 of its recipients are refused: the server answered 550 no such user',
    });
    expect(server.received.map((mail) => mail.to)).toEqual([['team@example.com']]);
  });

  test('for a wrong password is not tried again, nor is the password in what is told', async () => {
    process.env.TEST_MAIL_PASSWORD = 'another-canary';
    const server = await mailServer({ ...own, password: PASSWORD });
    expect(await send(channel(server, loggedIn()))).toEqual({
      told: false,
      why: 'the server does not log in this user with this password (535)',
    });
    expect(server.logins).toEqual(['alerts another-canary']);
  });

  test('by nobody is told as such', async () => {
    expect(await send(channel({ port: await deadPort() }))).toEqual({ told: false, why: 'connection refused' });
    const silent = await mailServer({ onConnect: () => undefined });
    expect(await send(channel(silent))).toEqual({ told: false, why: 'no answer within 500 ms' });
    const missing = channel(silent, { ...loggedIn(), rootCertificate: '/nowhere/ca.pem' });
    expect(await send(missing)).toMatchObject({ why: expect.stringContaining('/nowhere/ca.pem cannot be read') });
  });
});

describe('the mail', () => {
  test('is of the deployment’s thread, from no person, and for those who are named, too', async () => {
    const server = await mailServer();
    const to = channel(server);
    await send(to, message({ mentions: ['qa@example.com', 'team@example.com'], loud: true }));
    await send(to);
    await send(to, message({ about: { ...about, deployment: 'd-2' } }));
    expect(server.received.map((mail) => mail.to)).toEqual([
      ['team@example.com', 'qa@example.com'],
      ['team@example.com'],
      ['team@example.com'],
    ]);
    const [one, two, other] = server.received.map((mail) => readMail(mail).headers);
    expect(one).toMatchObject({
      from: 'Surefoot <surefoot@example.com>',
      subject: 'Deploy (d-1)',
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      importance: 'High',
    });
    expect(two).not.toHaveProperty('importance');
    expect(one?.references).toMatch(/^<[^<>\s]+>$/);
    expect(one?.['in-reply-to']).toBe(one?.references);
    expect(two?.references).toBe(one?.references);
    expect(two?.['message-id']).not.toBe(one?.['message-id']);
    expect(other?.references).not.toBe(one?.references);
  });

  test('leads to the page of its question, in text and in HTML, and nowhere where there is none', async () => {
    const server = await mailServer();
    const page = 'https://surefoot.example.com/deployments/d-1/decide/smoke';
    await send(channel(server), message({ page, values: { question: 'Smoke failed' } }));
    expect(first(server).text).toBe(`Errors at 12 %\n\nSmoke failed\n${page}`);
    expect([...first(server).html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, ...link]) => link)).toEqual([
      [page, 'Smoke failed'],
    ]);
    await send(channel(server));
    const without = readMail(server.received[1] as ReceivedMail);
    expect(without.text).toBe('Errors at 12 %');
    expect(without.html).not.toContain('<a');
  });

  test('holds texts of outside origin as text: no element, no header, no address', async () => {
    const server = await mailServer();
    const evil = `<img src=x onerror=alert(1)>\r\nBcc: eve@example.com\u202e\u001b[2J"'&`;
    const values = { question: `</a><script>${evil}` };
    const said = { text: evil, page: `https://surefoot.example.com/"onclick="x`, values };
    await send(channel(server), message({ ...said, about: { ...about, title: evil, deployment: 'd\r\nX-Evil: 1' } }));
    const [mail] = server.received;
    expect(mail?.to).toEqual(['team@example.com']);
    const { headers, text, html } = first(server);
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(bcc|x-evil)$/)]));
    expect([...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/ .*/s, '>'))).toEqual([
      '<!doctype>',
      '<html>',
      '<body>',
      '<p>',
      '</p>',
      '<p>',
      '<a>',
      '</a>',
      '</p>',
      '</body>',
      '</html>',
    ]);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).toContain('href="https://surefoot.example.com/&quot;onclick=&quot;x"');
    expect(isInert(text)).toBe(true);
  });
});

test.each([
  ['of two', 'team@example.com, eve@example.com'],
  ['with a command', 'team@example.com>\r\nRCPT TO:<eve@example.com'],
  ['with a header', 'team@example.com\r\nBcc: eve@example.com'],
])('an address %s is for nobody else', async (_, address) => {
  const server = await mailServer();
  const delivery = await send(channel(server), message({ mentions: [address] }));
  for (const mail of server.received) expect(mail.to).toEqual(['team@example.com']);
  if (server.received.length === 0) expect(delivery).toMatchObject({ told: false });
});

test('is tried by logging in, and nobody gets a mail', async () => {
  const server = await mailServer({ ...own, password: PASSWORD });
  const { signal } = new AbortController();
  const probe = (tried: Channel) => notifierOf(tried).probe({ channel: tried, signal, patience: PATIENCE });
  expect(await probe(channel(server, loggedIn()))).toEqual({
    ok: true,
    note: true,
    text: expect.stringMatching(/^e-mail \(mail\): 127\.0\.0\.1:\d+ lets alerts log in; nothing was sent/),
  });
  process.env.TEST_MAIL_PASSWORD = 'another-canary';
  const wrong = await probe(channel(server, loggedIn()));
  expect(wrong).toMatchObject({ ok: false, text: expect.stringContaining('does not log in this user') });
  expect(JSON.stringify(wrong)).not.toContain('canary');
  expect(server.received).toEqual([]);
});
