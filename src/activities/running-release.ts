/** Which release an environment runs, as its health check tells; what production runs before it is deployed to. */
import { agreed, askInstances } from '../adapters/application/health.js';
import type { HealthPlace } from '../adapters/application/health-reading.js';
import { fieldOf, jsonOf, NoAnswer } from '../adapters/http/http.js';

/** What all instances' health checks tell of the release; `maintenance` only where the application tells it. */
export type RunningRelease = { version: string; maintenance?: boolean } | { problem: string };

/** @param timeout of one answer, milliseconds */
export async function askRelease(place: HealthPlace, timeout: number, signal: AbortSignal): Promise<RunningRelease> {
  const answers = await askInstances(place, { timeout, signal });
  const version = agreed(answers, 'version');
  if ('unknown' in version) {
    const verb = answers.every((answer) => answer instanceof NoAnswer) ? 'did not answer' : 'answers';
    return { problem: `the health check ${verb}: ${version.unknown}` };
  }
  const said = new Set(
    answers.map((answer) => (answer instanceof NoAnswer ? undefined : fieldOf(jsonOf(answer), 'maintenance'))),
  );
  if (said.size > 1) return { problem: 'several instances answer the health check, and only some are in maintenance' };
  const [maintenance] = said;
  return { version: version.value, ...(typeof maintenance === 'boolean' ? { maintenance } : {}) };
}
