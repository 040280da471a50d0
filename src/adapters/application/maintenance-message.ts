/** Maintenance mode as users see it: its message, and that it is gone afterwards (checklist 3.2, 3.7). */
import type { MaintenanceMessage } from '../../contract/plan/application.js';
import type { Environment } from '../../contract/plan/environment.js';
import type { Fact } from '../../domain/evidence.js';
import { type HttpAnswer, insteadOfContent, NoAnswer, request } from '../http/http.js';
import { logIn } from './login.js';

const TIMEOUT = 5_000;

interface Visit {
  environment: Environment;
  message: MaintenanceMessage;
  signal: AbortSignal;
}

/** Fact `message`: who visits the application is told why it does not serve them. */
export async function messageShown(visit: Visit): Promise<Fact[]> {
  const { path, status, text } = visit.message;
  const answer = await ask(visit);
  if (typeof answer === 'string') return [{ name: 'message', ok: false, text: `${path}: ${answer}` }];
  const told = says(answer, text);
  const seen = `${path}: ${answer.statusText} ${told ? 'with' : 'without'} "${text}"`;
  const ok = told && answer.status === status;
  return [{ name: 'message', ok, text: ok ? seen : `${seen}, instead of ${status} with it` }];
}

/** Facts: `reachable`, the test user is served again; `message-gone`, neither they nor a visitor is sent away. */
export async function messageGone(visit: Visit): Promise<Fact[]> {
  const { path } = visit.message;
  const visitor = await ask(visit);
  const login = await logIn(visit.environment, visit.signal);
  const user = 'refused' in login ? `login failed: ${login.refused}` : await ask(visit, login.headers);
  return [reachable(path, user), gone(visit.message, [visitor, user])];
}

function reachable(path: string, user: HttpAnswer | string): Fact {
  const isServed = typeof user !== 'string' && user.status === 200;
  const instead = isServed ? insteadOfContent(user) : answerText(user);
  return {
    name: 'reachable',
    ok: instead === undefined,
    text: `${path} as the test user: ${instead ?? answerText(user)}`,
  };
}

/** An error in other words than the message's is no service either. */
function gone({ path, text }: MaintenanceMessage, [visitor = '', user = '']: (HttpAnswer | string)[]): Fact {
  const name = 'message-gone';
  const away = [visitor, user].find((seen) => typeof seen !== 'string' && says(seen, text));
  if (away) return { name, ok: false, text: `${path} still says "${text}": ${answerText(away)}` };
  if (typeof visitor === 'string') return { name, ok: false, text: `${path}: ${visitor}` };
  if (visitor.status >= 500) return { name, ok: false, text: `${path} turns visitors away: ${visitor.statusText}` };
  return { name, ok: true, text: `${path} no longer says "${text}"` };
}

/** @returns the answer, or why there is none */
async function ask({ environment, message, signal }: Visit, headers = {}): Promise<HttpAnswer | string> {
  try {
    return await request({ url: environment.api + message.path, headers, timeout: TIMEOUT, signal });
  } catch (error) {
    if (error instanceof NoAnswer) return error.message;
    throw error;
  }
}

const answerText = (answer: HttpAnswer | string): string => (typeof answer === 'string' ? answer : answer.statusText);

/** In the body as it is, or in JSON whose letters are escaped. */
const says = (answer: HttpAnswer, text: string): boolean =>
  answer.body.includes(text) || answer.body.replaceAll(/\\u([0-9a-fA-F]{4})/g, letter).includes(text);

const letter = (_: string, code: string): string => String.fromCharCode(Number.parseInt(code, 16));
