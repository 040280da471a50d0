/** Logs in as the environment's own user and gives the header that later requests carry. */
import type { Environment } from '../../contract/plan/environment.js';
import { readSecret } from '../evidence/secrets.js';
import { fieldOf, jsonOf, NoAnswer, request } from '../http/http.js';

/** Logged in, or why not, for people: never with the password or the token. */
export type Login = { headers: Record<string, string> } | { refused: string };

const TIMEOUT = 10_000;

/**
 * Where the plan names no login, nothing is sent.
 * @throws SecretMissing when the password cannot be found; the signal's reason
 */
export async function logIn(environment: Environment, signal?: AbortSignal): Promise<Login> {
  if (!environment.login) return { headers: {} };
  const { path, username, password: reference } = environment.login;
  const password = await readSecret(reference);
  try {
    const json = { username, password };
    const answer = await request({ url: environment.api + path, method: 'POST', json, timeout: TIMEOUT, signal });
    if (answer.status !== 200 && answer.status !== 201) return { refused: answer.statusText };
    const token = fieldOf(jsonOf(answer), 'access_token');
    // Anything else would be refused as a header, with the token in the error's message.
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
      return { refused: 'the answer has no access_token' };
    return { headers: { authorization: `Bearer ${token}` } };
  } catch (error) {
    if (error instanceof NoAnswer) return { refused: error.message };
    throw error;
  }
}
