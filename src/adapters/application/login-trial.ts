/** Whether an application lets the environment's own user in. */
import type { EndpointCheck } from '../../contract/plan/application.js';
import type { Environment } from '../../contract/plan/environment.js';
import { isOnlySent } from '../../contract/plan/login.js';
import { isLoginPage, NoAnswer, request } from '../http/http.js';
import { pathWith } from './endpoint-checks.js';
import { logIn } from './login.js';

/** `untried`: nobody could tell, and why. All for people, never with the password or the token. */
export type LoginTrial = 'let in' | { refused: string } | { untried: string };

const TIMEOUT = 10_000;

/**
 * Logs in. What is only sent along says nothing by itself, so `reading` is requested with it; 401 and 403 refuse it.
 * @throws as {@link logIn}
 */
export async function tryLogin(
  environment: Environment,
  reading: EndpointCheck | undefined,
  signal: AbortSignal,
): Promise<LoginTrial> {
  const { api, login } = environment;
  const answer = await logIn(environment, signal);
  if ('refused' in answer) return answer;
  if (login === undefined || !isOnlySent(login)) return 'let in';
  if (reading === undefined) return { untried: 'no check of the plan reads something with it' };
  const path = pathWith(reading.path, reading.query);
  try {
    const said = await request({ url: api + path, headers: answer.headers, timeout: TIMEOUT, signal });
    const what = `${said.statusText} from ${reading.path}`;
    if (isRefusal(said.status) || isLoginPage(said)) return { refused: what };
    return said.status >= 200 && said.status < 300 ? 'let in' : { untried: what };
  } catch (error) {
    if (error instanceof NoAnswer) return { untried: error.message };
    throw error;
  }
}

/** Statuses by which an application refuses what was sent along. */
export const isRefusal = (status: number | undefined): boolean => status === 401 || status === 403;
