/** Logs in as the environment's own user and gives the header that later requests carry. */
import type { Environment, Login, PasswordLogin, TokenUse } from '../../contract/plan/environment.js';
import { inOneLine } from '../../domain/one-line.js';
import { fillPlaceholders } from '../commands/command-line.js';
import { programVariables } from '../commands/program-variables.js';
import { endText, runShort } from '../commands/short-command.js';
import { redact } from '../evidence/redaction.js';
import { readSecret } from '../evidence/secrets.js';
import { fieldOf, type HttpAnswer, isLoginPage, jsonOf, NoAnswer, request } from '../http/http.js';
import { follow } from '../http/json-path.js';

/** Logged in, or why not, for people: never with the password or the token. `lifetime` is in milliseconds. */
export type LoginAnswer = { headers: Record<string, string>; lifetime?: number } | { refused: string };

const TIMEOUT = 10_000;

/**
 * Where the plan names no login, nothing is sent.
 * @throws SecretMissing when the password cannot be found; the signal's reason
 */
export async function logIn(environment: Environment, signal?: AbortSignal): Promise<LoginAnswer> {
  const { login } = environment;
  if (!login) return { headers: {} };
  switch (login.kind) {
    case 'basic': {
      const pair = `${login.username}:${await readSecret(login.password)}`;
      return { headers: { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` } };
    }
    case 'token':
      return carried(await readSecret(login.token), login.send, 'the token');
    case 'command':
      return byCommand(environment, login, signal);
    default:
      return byPassword(environment.api, login, signal);
  }
}

async function byPassword(api: string, login: PasswordLogin, signal?: AbortSignal): Promise<LoginAnswer> {
  const { username, fields = { username: 'username', password: 'password' }, also } = login;
  const password = await readSecret(login.password);
  const content = { [fields.username]: username, [fields.password]: password, ...also };
  try {
    const sent = login.kind === 'form' ? { form: content } : { json: content };
    const answer = await request({ url: api + login.path, method: 'POST', ...sent, timeout: TIMEOUT, signal });
    const back = backAtLogin(answer, api + login.path);
    if (back !== undefined) return { refused: back };
    if (isUnderstood(answer, login)) return tokenOf(answer, login);
    const asked = `${login.kind === 'form' ? 'a form' : 'JSON'} with ${Object.keys(content).join(', ')}`;
    return { refused: refusal(answer, { asked, secrets: [password] }) };
  } catch (error) {
    if (error instanceof NoAnswer) return { refused: error.message };
    throw error;
  }
}

/** A form is often answered by a redirect, which brings the cookie. */
const isUnderstood = ({ status }: HttpAnswer, { token }: PasswordLogin): boolean =>
  (status >= 200 && status <= 204) || (token !== undefined && 'cookie' in token && status >= 300 && status < 400);

/** Whoever is not let in is shown the login again, with the cookie that every visitor gets. */
function backAtLogin(answer: HttpAnswer, url: string): string | undefined {
  const { status, statusText, headers } = answer;
  if (isLoginPage(answer)) return `${statusText} with a page to log in`;
  const [location = ''] = [headers.location ?? []].flat();
  const isRedirect = status >= 300 && status < 400 && location !== '' && URL.canParse(location, url);
  const isBack = isRedirect && new URL(location, url).pathname === new URL(url).pathname;
  return isBack ? `${statusText} back to the login` : undefined;
}

/** Statuses of a request that is not of the shape that is wanted: what was sent, and what was said to it, tells why. */
const MISSHAPEN = [400, 415, 422];
const LONGEST_QUOTE = 200;

function refusal({ status, statusText, body }: HttpAnswer, { asked, secrets }: { asked: string; secrets: string[] }) {
  if (!MISSHAPEN.includes(status)) return statusText;
  const said = inOneLine(redact(body, secrets)).slice(0, LONGEST_QUOTE);
  return `${statusText} to ${asked}${said === '' ? '' : `: ${said}`}`;
}

function tokenOf(answer: HttpAnswer, { token = { field: 'access_token' }, send }: PasswordLogin): LoginAnswer {
  if ('cookie' in token) return byCookie(answer, token.cookie);
  const place = 'header' in token ? `header ${token.header}` : token.field;
  const body = jsonOf(answer);
  const value = 'header' in token ? answer.headers[token.header.toLowerCase()] : follow(body, token.field).values[0];
  const carrying = carried(value, send, `the answer's ${place}`, `the answer has no ${place}`);
  return 'refused' in carrying ? carrying : { ...carrying, ...lifetime(body, value) };
}

/** As browsers do: the last of several counts, and one that is over by now is taken away. */
function byCookie(answer: HttpAnswer, name: string): LoginAnswer {
  const cookies = [answer.headers['set-cookie'] ?? []].flat();
  const cookie = cookies.findLast((line) => line.startsWith(`${name}=`)) ?? '';
  const [pair = ''] = cookie.split(';');
  const lifetime = lifetimeOfCookie(cookie);
  if (pair.length <= name.length + 1 || (lifetime !== undefined && lifetime <= 0))
    return { refused: `the answer sets no cookie ${name}` };
  return { headers: { cookie: pair }, ...(lifetime === undefined ? {} : { lifetime }) };
}

/** Milliseconds; `Max-Age` counts before `Expires` (RFC 6265, 4.1.2.2). */
function lifetimeOfCookie(cookie: string): number | undefined {
  const age = /;\s{0,9}max-age=(-?\d{1,9})/i.exec(cookie)?.[1];
  if (age !== undefined) return Number(age) * 1_000;
  const left = Date.parse(/;\s{0,9}expires=([^;]{1,50})/i.exec(cookie)?.[1] ?? '') - Date.now();
  return Number.isNaN(left) ? undefined : left;
}

async function byCommand(
  { name, tools, variables }: Environment,
  { command, field, send }: Extract<Login, { kind: 'command' }>,
  signal?: AbortSignal,
): Promise<LoginAnswer> {
  const answer = await runShort({
    argv: fillPlaceholders(command.run, { environment: name }),
    cwd: command.folder,
    environment: programVariables({ tools, variables }),
    limit: command.timeout,
    signal,
  });
  signal?.throwIfAborted();
  if (!answer.ok) return { refused: `the command for the token ${endText(answer.end, command.timeout)}` };
  if (field === undefined) return carried(answer.stdout.trim(), send, 'what the command for the token printed');
  let body: unknown;
  try {
    body = JSON.parse(answer.stdout);
  } catch {
    return { refused: 'the command for the token printed no JSON' };
  }
  const [value] = follow(body, field).values;
  const carrying = carried(value, send, `${field} of what the command for the token printed`);
  return 'refused' in carrying ? carrying : { ...carrying, ...lifetime(body, value) };
}

/** Anything but visible characters would be refused as a header, with the token in the error's message. */
function carried(
  token: unknown,
  { header, scheme }: TokenUse = { header: 'authorization', scheme: 'Bearer' },
  what: string,
  absent = `${what} is no token`,
): LoginAnswer {
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return { refused: absent };
  return { headers: { [header.toLowerCase()]: scheme === undefined ? token : `${scheme} ${token}` } };
}

/** What the answer says of it (RFC 6749, 5.1), else what a JSON Web Token says of itself (RFC 7519, 4.1.4). */
function lifetime(body: unknown, token: unknown): { lifetime?: number } {
  const seconds = Number(fieldOf(body, 'expires_in') ?? Number.NaN);
  if (Number.isFinite(seconds)) return { lifetime: seconds * 1_000 };
  const [, claims] = String(token).split('.');
  try {
    const { exp, iat } = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
    return typeof exp === 'number' && typeof iat === 'number' ? { lifetime: (exp - iat) * 1_000 } : {};
  } catch {
    return {};
  }
}
