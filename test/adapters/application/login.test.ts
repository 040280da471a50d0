/** Each way in which applications let a test user in, against a server that takes that one only. */
import { chmodSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { logIn } from '../../../src/adapters/application/login.js';
import { Session } from '../../../src/adapters/application/session.js';
import type { Login } from '../../../src/contract/plan/environment.js';
import { temporaryFolder } from '../../activities/support.js';
import { environmentAt, PASSWORD } from '../../helpers/context.js';
import { json, readBody, serve } from '../../helpers/server.js';

const USER = 'test@example.com';
const secret = 'env:TEST_LOGIN_PASSWORD';
const byPassword = { path: '/login', username: USER, password: secret };

/** What arrived, as the application reads it. */
interface Asked {
  type: string;
  fields: Record<string, string>;
}

type Answer = (asked: Asked, response: ServerResponse) => void;

async function loggedIn(login: Login, answer: Answer) {
  const server = await serve((request: IncomingMessage, response) => {
    void readBody(request).then((body) => {
      const type = request.headers['content-type'] ?? '';
      const fields = type.includes('json') ? JSON.parse(body || '{}') : Object.fromEntries(new URLSearchParams(body));
      answer({ type, fields }, response);
    });
  });
  return logIn({ ...environmentAt(server.url), login }, AbortSignal.timeout(20_000));
}

/** FastAPI’s OAuth2PasswordRequestForm: anything but its form is answered 422, with what came in. */
const oauth: Answer = ({ type, fields }, response) => {
  const isForm = type.includes('x-www-form-urlencoded') && fields.username === USER && fields.password === PASSWORD;
  if (isForm) return json(response, { access_token: 'token-1', token_type: 'bearer', expires_in: 60 });
  json(response, { detail: [{ loc: ['body', 'username'], msg: 'Field required', input: fields }] }, 422);
};

describe('user name and password', () => {
  test('as a form, which is how OAuth2’s password grant wants them', async () => {
    const also = { grant_type: 'password' };
    expect(await loggedIn({ ...byPassword, kind: 'form', also }, oauth)).toEqual({
      headers: { authorization: 'Bearer token-1' },
      lifetime: 60_000,
    });
  });

  test('refused for their shape: what was sent and what came back are told, without the password', async () => {
    const answer = await loggedIn(byPassword, oauth);
    expect(answer).toEqual({
      refused: expect.stringMatching(/^422 Unprocessable Entity to JSON with username, password: .*Field required/),
    });
    expect(JSON.stringify(answer)).not.toContain(PASSWORD);
  });

  test('the password is told nowhere, also where it would be cut off before it is known', async () => {
    const quoted: Answer = (_, response) => {
      response.writeHead(400).end(`${'\n'.repeat(3_995)}${PASSWORD}`);
    };
    expect(await loggedIn(byPassword, quoted)).toEqual({
      refused: '400 Bad Request to JSON with username, password: ***',
    });
  });

  test('the last cookie of a name is the one that is sent back', async () => {
    const answer = await loggedIn({ ...byPassword, token: { cookie: 'session' } }, (_, response) => {
      response.writeHead(200, { 'set-cookie': ['session=before', 'session=after'] }).end();
    });
    expect(answer).toEqual({ headers: { cookie: 'session=after' } });
  });

  test('under names of their own, with a token of a place of its own, sent in a header of its own', async () => {
    const login: Login = {
      ...byPassword,
      fields: { username: 'email', password: 'secret' },
      token: { field: 'data.token' },
      send: { header: 'X-Auth' },
    };
    const answer = await loggedIn(login, ({ fields }, response) => {
      const isKnown = fields.email === USER && fields.secret === PASSWORD;
      json(response, isKnown ? { data: { token: 'token-2' } } : {}, isKnown ? 201 : 401);
    });
    expect(answer).toEqual({ headers: { 'x-auth': 'token-2' } });
  });

  test('the token stands in a header', async () => {
    const answer = await loggedIn({ ...byPassword, token: { header: 'X-Token' } }, (_, response) => {
      response.writeHead(204, { 'x-token': 'token-3' }).end();
    });
    expect(answer).toEqual({ headers: { authorization: 'Bearer token-3' } });
  });

  test('a form that is answered by a redirect with a cookie, which is sent back', async () => {
    const login: Login = { ...byPassword, kind: 'form', token: { cookie: 'session' } };
    const answer = await loggedIn(login, (_, response) => {
      const cookies = ['other=1; Path=/', 'session=abc; Path=/; HttpOnly; Max-Age=120'];
      response.writeHead(302, { location: '/', 'set-cookie': cookies }).end();
    });
    expect(answer).toEqual({ headers: { cookie: 'session=abc' }, lifetime: 120_000 });
  });

  test.each<[string, Partial<Login>, Answer, string]>([
    ['no token in the field', {}, (_, response) => json(response, {}), 'the answer has no access_token'],
    [
      'no such cookie',
      { token: { cookie: 'session' } },
      (_, response) => json(response, {}),
      'the answer sets no cookie session',
    ],
    [
      'a cookie that is taken away',
      { token: { cookie: 'session' } },
      (_, response) => response.writeHead(200, { 'set-cookie': 'session=; Max-Age=0' }).end(),
      'the answer sets no cookie session',
    ],
    [
      'a cookie that is over already',
      { token: { cookie: 'session' } },
      (_, response) =>
        response.writeHead(200, { 'set-cookie': 'session=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT' }).end(),
      'the answer sets no cookie session',
    ],
    [
      'a cookie that is taken away again',
      { token: { cookie: 'session' } },
      (_, response) => response.writeHead(200, { 'set-cookie': ['session=abc', 'session=gone; Max-Age=0'] }).end(),
      'the answer sets no cookie session',
    ],
    [
      'a redirect back to the login, with every visitor’s cookie,',
      { token: { cookie: 'session' } },
      (_, response) => response.writeHead(302, { location: '/login?error', 'set-cookie': 'session=visitor' }).end(),
      '302 Found back to the login',
    ],
    [
      'the page to log in, with every visitor’s cookie,',
      { token: { cookie: 'session' } },
      (_, response) => {
        const headers = { 'content-type': 'text/html', 'set-cookie': 'session=visitor' };
        response.writeHead(200, headers).end('<input type="password">');
      },
      '200 OK with a page to log in',
    ],
    ['a redirect where a token is expected', {}, (_, response) => response.writeHead(302).end(), '302 Found'],
  ])('%s is no login', async (_, login, answer, refused) => {
    expect(await loggedIn({ ...byPassword, ...login } as Login, answer)).toEqual({ refused });
  });
});

describe('without a request', () => {
  test('HTTP’s basic authentication, also of letters beyond ASCII', async () => {
    const answer = await loggedIn({ kind: 'basic', username: 'joão', password: secret }, () => {});
    const expected = Buffer.from(`joão:${PASSWORD}`, 'utf8').toString('base64');
    expect(answer).toEqual({ headers: { authorization: `Basic ${expected}` } });
  });

  test('a token that does not change', async () => {
    const send = { header: 'Authorization', scheme: 'Token' };
    expect(await loggedIn({ kind: 'token', token: secret, send }, () => {})).toEqual({
      headers: { authorization: `Token ${PASSWORD}` },
    });
  });
});

describe('a command that prints a token', () => {
  const printing = (script: string, field?: string): Login => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'token'), 0o700);
    const command = { run: ['./token', '{environment}'], on: 'worker', folder, timeout: 5_000 } as const;
    return { kind: 'command', command: { ...command, run: [...command.run] }, ...(field ? { field } : {}) };
  };

  test('all of what it prints is the token', async () => {
    expect(await loggedIn(printing('echo "of-$1"'), () => {})).toEqual({
      headers: { authorization: 'Bearer of-staging' },
    });
  });

  test('the token is a field of the JSON that it prints', async () => {
    const login = printing(`echo '{"token": "abc", "expires_in": 30}'`, 'token');
    expect(await loggedIn(login, () => {})).toEqual({ headers: { authorization: 'Bearer abc' }, lifetime: 30_000 });
  });

  test.each([
    ['fails', 'echo secret-token; exit 3', undefined, 'the command for the token ended with exit code 3'],
    ['prints nothing', 'true', undefined, 'what the command for the token printed is no token'],
    ['prints several lines', 'printf "a\\nb\\n"', undefined, 'what the command for the token printed is no token'],
    ['prints no JSON', 'echo abc', 'token', 'the command for the token printed no JSON'],
    ['prints another JSON', 'echo "{}"', 'token', 'token of what the command for the token printed is no token'],
  ])('that %s is no login', async (_, script, field, refused) => {
    expect(await loggedIn(printing(script, field), () => {})).toEqual({ refused });
  });
});

describe('a login that is used for a while', () => {
  const claims = (seconds: number) =>
    Buffer.from(JSON.stringify({ iat: 1_000, exp: 1_000 + seconds })).toString('base64url');

  test.each([
    ['by what the answer says', { access_token: 'a', expires_in: 0 }, 2],
    ['by what the token says of itself', { access_token: `e30.${claims(0)}.sig` }, 2],
    ['never, as long as it holds', { access_token: `e30.${claims(3_600)}.sig`, expires_in: 3_600 }, 1],
    ['never, where nothing is said', { access_token: 'abc' }, 1],
  ])('is made again before it expires: %s', async (_, body, times) => {
    const server = await serve((_request, response) => json(response, body));
    const session = new Session(environmentAt(server.url), AbortSignal.timeout(20_000));
    await session.login();
    await session.login();
    expect(server.requests).toHaveLength(times);
  });
});
