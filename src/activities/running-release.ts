/** Which release an environment runs, as its health check tells; what production runs before it is deployed to. */
import { askHealth } from '../adapters/health.js';
import { fieldOf, jsonOf, NoAnswer } from '../adapters/http.js';

/** What the health check tells of the release; `maintenance` only where the application tells it. */
export type RunningRelease = { version: string; maintenance?: boolean } | { problem: string };

/** @param timeout milliseconds */
export async function askRelease(url: string, timeout: number, signal: AbortSignal): Promise<RunningRelease> {
  const health = await askHealth(url, timeout, signal);
  if (health instanceof NoAnswer) return { problem: `the health check did not answer: ${health.message}` };
  if (health.status !== 200) return { problem: `the health check answers ${health.statusText}` };
  const said = jsonOf(health);
  const [version, maintenance] = [fieldOf(said, 'version'), fieldOf(said, 'maintenance')];
  if (typeof version !== 'string' || version === '') {
    return { problem: `the health check answers ${health.statusText} and tells no version` };
  }
  return { version, ...(typeof maintenance === 'boolean' ? { maintenance } : {}) };
}
