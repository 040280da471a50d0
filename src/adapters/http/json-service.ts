/** Services that answer in JSON: what they say is checked before it is believed. */
import type { z } from 'zod';
import type { PrometheusPlace } from '../../contract/plan/providers.js';
import { readSecret } from '../evidence/secrets.js';
import { jsonOf } from './http.js';
import type { PatientRequest } from './patient-request.js';

/** An answer that is of no use. The message is for people. */
export class Unusable extends Error {
  override name = 'Unusable';
}

/**
 * One JSON answer.
 * @throws Unusable for a refusal or an answer that is not understood; NoAnswer for none
 */
export async function readJson<S extends z.ZodType>(
  { url, headers }: { url: string; headers?: Record<string, string> },
  { ask, schema }: { ask: PatientRequest; schema: S },
): Promise<z.output<S>> {
  const answer = await ask({ url, headers });
  const { pathname } = new URL(url);
  if (answer.status === 401 || answer.status === 403)
    throw new Unusable(`${pathname} is refused (${answer.statusText})`);
  if (answer.status !== 200) throw new Unusable(`${pathname} answered ${answer.statusText}`);
  const parsed = schema.safeParse(jsonOf(answer));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'the whole';
  throw new Unusable(`the answer of ${pathname} is not understood (${where})`);
}

/** The header that a token or a login needs. @throws SecretMissing */
export async function authorization({
  token,
  login,
}: Pick<PrometheusPlace, 'token' | 'login'>): Promise<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${await readSecret(token)}` };
  if (login === undefined) return {};
  const words = Buffer.from(`${login.username}:${await readSecret(login.password)}`).toString('base64');
  return { authorization: `Basic ${words}` };
}
