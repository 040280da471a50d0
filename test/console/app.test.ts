/** The console as a browser meets it: who is let in, what a GET can do, and how a decision is sent. */
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { formTokens } from '../../src/console/form-token.js';
import { remembering } from '../../src/console/remembering.js';
import type { SignIn } from '../../src/console/signed-in.js';
import { questionWith } from '../client/ledgers.js';
import { plan } from '../report/reports.js';
import { consoleWith, listedWith, lookWith, ORIGIN, signOffs } from './looks.js';

const DEPLOYMENT = 'eduautismo-20251124-120000-ab12';
const DECIDE = `/deployments/${DEPLOYMENT}/decide/sign-offs`;
const qa = plan.approvals.roster.find(({ id, roles }) => roles.includes('qa') && id !== 'ana.souza');
const SPEAKER = `${qa?.id}/qa`;
const waiting = () => lookWith({ questions: [signOffs()], approvals: [] });
const APPROVAL = { answer: 'approve', speaker: SPEAKER, digest: 'a'.repeat(64) };

describe('who is let in', () => {
  test('only the console’s own name is answered to, as a page of somebody else’s name could be shown otherwise', async () => {
    const { ask } = consoleWith({});
    for (const host of [
      'evil.example',
      '127.0.0.1:9',
      'localhost.evil.example:8080',
      '127.0.0.1:8080.evil.example',
      '',
    ]) {
      expect((await ask('/', { headers: { Host: host } })).status, host).toBe(421);
    }
    expect((await ask('/')).status).toBe(200);
  });

  test('every answer tells the browser to load nothing of others, run nothing within pages and keep nothing', async () => {
    const { ask } = consoleWith({ looks: [waiting()], rows: [{ listed: listedWith() }] });
    for (const path of ['/', '/waiting', '/history', `/deployments/${DEPLOYMENT}`, DECIDE, '/nowhere']) {
      const { headers } = await ask(path);
      const policy = headers.get('Content-Security-Policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("form-action 'self'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('X-Frame-Options')).toBe('DENY');
      expect(headers.get('Referrer-Policy')).toBe('same-origin');
      expect(headers.get('Cache-Control')).toBe('no-store');
    }
  });

  test('no page has a script, a style or a handler within it, or anything from elsewhere', async () => {
    const { text } = consoleWith({ looks: [waiting()], rows: [{ listed: listedWith() }] });
    for (const path of [
      '/',
      '/waiting',
      '/history',
      `/deployments/${DEPLOYMENT}`,
      `/deployments/${DEPLOYMENT}/evidence`,
      DECIDE,
    ]) {
      const page = await text(path);
      expect(page).not.toMatch(/<style|\sstyle="|\son\w+="|javascript:|(src|href|action)="(https?:)?\/\//);
      expect(page.match(/<script[^>]*>[^<]*/g)).toEqual(['<script src="/console.js" defer>']);
    }
  });

  test('its cookie is for the console alone, and no script reads it', async () => {
    const { ask } = consoleWith({});
    const [cookie] = (await ask('/')).headers.getSetCookie();
    expect(cookie).toMatch(/^surefoot-browser=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('a page whose answer cannot be found out says why, and nothing else of what went wrong', async () => {
    const { ask } = consoleWith({ evidence: () => Promise.reject(new Error('the disk is gone')), looks: [waiting()] });
    const answer = await ask(`/deployments/${DEPLOYMENT}/evidence/file?path=x`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('the disk is gone');
  });
});

describe('a decision', () => {
  test('is sent by the second step of its form, once, and says what it led to', async () => {
    const { send, sent } = consoleWith({ looks: [waiting()] });
    const first = await send(DECIDE, APPROVAL);
    expect(sent).toEqual([]);
    expect(await first.text()).toContain('Nothing has been sent yet.');
    const second = await send(DECIDE, { ...APPROVAL, confirmed: 'yes' });
    expect(second.status).toBe(200);
    expect(await second.text()).toContain('signed off as qa');
    expect(sent).toEqual([
      {
        kind: 'approve',
        who: qa?.id,
        role: 'qa',
        deployment: DEPLOYMENT,
        digest: 'a'.repeat(64),
        subject: 'sign-offs',
      },
    ]);
  });

  test('is never sent by a GET, whatever its address says', async () => {
    const { ask, text, sent } = consoleWith({ looks: [waiting()] });
    const [, token = ''] = /name="token" value="([^"]*)"/.exec(await text(DECIDE)) ?? [];
    const query = new URLSearchParams({ ...APPROVAL, token, confirmed: 'yes' });
    for (const method of ['GET', 'HEAD']) expect((await ask(`${DECIDE}?${query}`, { method })).status).toBe(200);
    expect(sent).toEqual([]);
  });

  test('is not taken from a page of somebody else, or from one that does not say whose it is', async () => {
    const { send, sent } = consoleWith({ looks: [waiting()] });
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:9', '']) {
      expect((await send(DECIDE, { ...APPROVAL, confirmed: 'yes' }, { Origin: origin })).status).toBe(403);
    }
    expect(sent).toEqual([]);
  });

  test('is not taken with the token of another browser, of nobody, or none', async () => {
    const looks = [waiting()];
    const { send, sent } = consoleWith({ looks });
    const other = /name="token" value="([^"]*)"/.exec(await consoleWith({ looks }).text(DECIDE))?.[1] ?? '';
    for (const token of [other, '', 'x']) {
      expect((await send(DECIDE, { ...APPROVAL, confirmed: 'yes', token })).status).toBe(403);
    }
    expect(sent).toEqual([]);
  });

  test('that lacks something says what, keeps what was written, and is not sent', async () => {
    const { send, sent } = consoleWith({ looks: [waiting()] });
    const answer = await send(DECIDE, { answer: 'reject', speaker: 'mallory/qa', confirmed: 'yes', why: '' });
    expect(answer.status).toBe(422);
    const text = await answer.text();
    expect(text).toContain('role="alert"');
    expect(text).toContain('Choose who you are.');
    expect(text).toContain('Give a reason');
    expect(sent).toEqual([]);
  });

  test('is not to be chosen by whom it would not count from; why not stands beside it, and a form sends it in vain', async () => {
    const look = waiting();
    look.ledger.approvals = [
      { role: 'qa', who: 'elisa.rocha', at: 0, digest: 'a'.repeat(64) },
      { role: 'dba', who: 'ivo', at: 0, digest: 'a'.repeat(64) },
    ];
    const { text, send, sent } = consoleWith({ looks: [look] });
    const page = await text(DECIDE);
    expect(page).toMatch(/value="approve"[^>]* disabled/);
    expect(page).not.toMatch(/value="reject"[^>]* disabled/);
    expect(page).toContain('qa has already been signed off by elisa.rocha');
    const answer = await send(DECIDE, { ...APPROVAL, confirmed: 'yes' });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('This answer would not count from you');
    expect(sent).toEqual([]);
  });

  test('that the deployment refuses says its reason', async () => {
    const { send } = consoleWith({ looks: [waiting()], refusal: 'aaaa is not what is asked for' });
    const answer = await send(DECIDE, { ...APPROVAL, confirmed: 'yes' });
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('Refused: aaaa is not what is asked for');
  });

  test('that would be refused is said to be before it is sent', async () => {
    const { send } = consoleWith({ looks: [waiting()] });
    const text = await (await send(DECIDE, { ...APPROVAL, digest: 'b'.repeat(64) })).text();
    expect(text).toContain('As things stand, it would be refused:');
    expect(text).toContain('is not what is asked for');
  });

  test('that has to be signed is not offered where nobody signs in: it is typed', async () => {
    const look = waiting();
    look.ledger.demands = { signed: ['approve'], people: plan.approvals.roster, approve: ['qa'], roles: {} };
    const { text, send, sent } = consoleWith({ looks: [look] });
    const page = await text(DECIDE);
    expect(page).not.toContain('value="approve"');
    expect(page).toContain('surefoot approve --as WHO');
    await send(DECIDE, { ...APPROVAL, confirmed: 'yes' });
    expect(sent).toEqual([]);
  });

  test('is not taken where it is not known whether the plan takes it unsigned', async () => {
    const { text, send, sent } = consoleWith({ looks: [{ ...waiting(), planned: undefined }] });
    expect(await text(DECIDE)).not.toContain('<fieldset>');
    await send(DECIDE, { ...APPROVAL, confirmed: 'yes' });
    expect(sent).toEqual([]);
  });

  test('to approve is not taken unsigned where the plan is not known, which may want signatures', async () => {
    const look = { ...waiting(), planned: undefined };
    look.ledger.demands = { signed: [], people: plan.approvals.roster, approve: ['qa'], roles: {} };
    const page = await consoleWith({ looks: [look] }).text(DECIDE);
    expect(page).toContain('value="reject"');
    expect(page).not.toContain('value="approve"');
  });

  test('on a question that is not open any more is not taken', async () => {
    const { text } = consoleWith({ looks: [lookWith()] });
    expect(await text(DECIDE)).toContain('This question is not open any more.');
  });

  test('about a concern names it, also where it stops the deployment', async () => {
    const concern = questionWith({
      kind: 'concern',
      id: 'memory',
      roles: ['qa'],
      moves: ['resume', 'rollback', 'abort'],
    });
    const { send, sent } = consoleWith({ looks: [lookWith({ questions: [concern] })] });
    await send(`/deployments/${DEPLOYMENT}/decide/memory`, {
      answer: 'abort',
      speaker: SPEAKER,
      why: 'it leaks',
      confirmed: 'yes',
    });
    expect(sent).toMatchObject([{ kind: 'abort', subject: 'memory', why: 'it leaks' }]);
  });

  test('nobody has asked for can be said as well: hold, abort, roll back', async () => {
    const { text } = consoleWith({ looks: [lookWith()] });
    const page = await text(`/deployments/${DEPLOYMENT}/decide`);
    expect([...page.matchAll(/name="answer" id="[^"]*" value="(\w+)"/g)].map(([, kind]) => kind)).toEqual([
      'hold',
      'abort',
      'rollback',
    ]);
  });

  test('without signing in every page says that decisions are unsigned', async () => {
    const { text } = consoleWith({ looks: [waiting()] });
    for (const path of ['/', '/waiting', '/history', DECIDE])
      expect(await text(path)).toContain('Nobody signs in here.');
  });
});

describe('signed in', () => {
  const person = { person: qa?.id ?? '', name: 'Fabio', roles: ['qa'] };
  const provider = (signedIn: SignIn['whoAsks']): SignIn & { proven: unknown[] } => {
    const proven: unknown[] = [];
    return {
      isThere: true,
      leadsTo: ['https://id.example'],
      pages: new Hono().post('/out', (context) => context.text('signed out')),
      whoAsks: signedIn,
      async prove({ decision, signedIn: who }, send) {
        proven.push(who);
        return await send({ ...decision, envelope: 'proof' });
      },
      proven,
    };
  };

  test('nobody decides who has not signed in, and the page says where', async () => {
    const { text } = consoleWith({ looks: [waiting()], signIn: provider(async () => undefined) });
    const page = await text(DECIDE);
    expect(page).not.toContain('<fieldset>');
    expect(page).toContain(`/sign-in?to=${encodeURIComponent(DECIDE)}`);
    expect(page).not.toContain('Nobody signs in here.');
  });

  test('a person decides as that person alone, by what signing in proves', async () => {
    const signIn = provider(async () => person);
    const { send, sent } = consoleWith({ looks: [waiting()], signIn });
    await send(DECIDE, { ...APPROVAL, speaker: 'ana.souza/tech-lead', confirmed: 'yes' });
    expect(sent).toMatchObject([{ who: qa?.id, role: 'qa', envelope: 'proof' }]);
    expect(signIn.proven).toEqual([person]);
  });

  test('a form that was shown to another person, or before signing in, is not taken', async () => {
    let who: typeof person | undefined;
    const { ask, text, sent } = consoleWith({ looks: [waiting()], signIn: provider(async () => who) });
    who = { ...person, person: 'ana.souza' };
    const [, token = ''] = /name="token" value="([^"]*)"/.exec(await text(DECIDE)) ?? [];
    who = person;
    const body = new URLSearchParams({ ...APPROVAL, token, confirmed: 'yes' });
    expect((await ask(DECIDE, { method: 'POST', body, headers: { Origin: ORIGIN } })).status).toBe(403);
    expect(sent).toEqual([]);
  });

  test('what is sent below signing in is one of the console’s forms as well', async () => {
    const { ask, text } = consoleWith({ signIn: provider(async () => person) });
    const out = (token: string) =>
      ask('/sign-in/out', { method: 'POST', body: new URLSearchParams({ token }), headers: { Origin: ORIGIN } });
    expect((await out('x')).status).toBe(403);
    const [, token = ''] = /name="token" value="([^"]*)"/.exec(await text('/')) ?? [];
    expect(await (await out(token)).text()).toBe('signed out');
  });

  test('forms may lead to the provider, and nowhere else', async () => {
    const { ask } = consoleWith({ signIn: provider(async () => person) });
    expect((await ask('/')).headers.get('Content-Security-Policy')).toContain("form-action 'self' https://id.example");
  });
});

test('a page that is open is told of a change, and of nothing else', async () => {
  const look = waiting();
  const { ask } = consoleWith({ looks: [look] });
  const answer = await ask(`/live?${new URLSearchParams({ page: `/deployments/${DEPLOYMENT}` })}`);
  expect(answer.headers.get('Content-Type')).toMatch(/^text\/event-stream/);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain('event: alive');
  expect((await reader?.read())?.value).toContain('event: alive');
  look.ledger.questions = [];
  expect((await reader?.read())?.value).toContain('event: changed');
  await reader?.cancel();
});

test('a page is told of what has changed before its browser could listen, under whatever query', async () => {
  const look = waiting();
  const { ask, text } = consoleWith({ looks: [look] });
  const page = await text(`/deployments/${DEPLOYMENT}?lang=en`);
  const live = (/data-live="([^"]+)"/.exec(page)?.[1] ?? '').replaceAll('&amp;', '&');
  const first = async () => {
    const reader = (await ask(live)).body?.pipeThrough(new TextDecoderStream()).getReader();
    const told = await reader?.read();
    await reader?.cancel();
    return told?.value;
  };
  expect(await first()).toContain('event: alive');
  look.ledger.questions = [];
  expect(await first()).toContain('event: changed');
});

describe('evidence', () => {
  test('is shown as text whatever it holds, and nothing of it runs', async () => {
    const { ask } = consoleWith({ looks: [waiting()], evidence: async () => ({ text: '<script>alert(1)</script>' }) });
    const answer = await ask(`/deployments/${DEPLOYMENT}/evidence/file?path=staging/1/report.json`);
    expect(answer.headers.get('Content-Type')).toMatch(/^text\/plain/);
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
  });

  test('that is not there, or not what it was, is not shown', async () => {
    const { ask } = consoleWith({ looks: [waiting()] });
    expect((await ask(`/deployments/${DEPLOYMENT}/evidence/file?path=../../etc/passwd`)).status).toBe(404);
  });
});

test('figures come as CSV too, with what is not known left empty', async () => {
  const { ask } = consoleWith({});
  const answer = await ask('/history.csv?days=30');
  expect(answer.headers.get('Content-Type')).toMatch(/^text\/csv/);
  expect(await answer.text()).toMatch(/\r\nshop,.*,6,0,1\.5,,6,0\.5,600,1$/);
});

test('a reader’s choice of language is kept', async () => {
  const { text } = consoleWith({});
  expect(await text('/?lang=pt-BR')).toContain('<html lang="pt-BR">');
  expect(await text('/history')).toContain('<html lang="pt-BR">');
});

test('a form that is too long is refused before it is read', async () => {
  const { send, sent } = consoleWith({ looks: [waiting()] });
  expect((await send(DECIDE, { ...APPROVAL, confirmed: 'yes', why: 'x'.repeat(30_000) })).status).toBe(413);
  expect(sent).toEqual([]);
});

test('a token is of one browser, one person and one start', () => {
  const tokens = formTokens();
  const token = tokens.tokenFor('browser', 'ana');
  expect(tokens.isRight(token, 'browser', 'ana')).toBe(true);
  expect(tokens.isRight(token, 'another', 'ana')).toBe(false);
  expect(tokens.isRight(token, 'browser', undefined)).toBe(false);
  expect(formTokens().isRight(token, 'browser', 'ana')).toBe(false);
  expect(tokens.isRight(tokens.tokenFor('', 'ana'), '', 'ana')).toBe(false);
});

test('an answer holds for all who ask meanwhile; a failure holds for nobody', async () => {
  let asked = 0;
  const answers = remembering(
    async (key: string) => {
      asked += 1;
      if (asked === 1) throw new Error('away');
      return key;
    },
    { for: 60_000, most: 2 },
  );
  await expect(answers('a')).rejects.toThrow('away');
  expect(await Promise.all([answers('a'), answers('a')])).toEqual(['a', 'a']);
  expect(asked).toBe(2);
  answers.forget('a');
  await answers('a');
  expect(asked).toBe(3);
  await answers('b');
  await answers('c');
  await answers('a');
  expect(asked).toBe(6);
});
