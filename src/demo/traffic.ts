/** Real users of the sandbox: a few requests a second to both environments, as long as the demo runs. */

import { runOpenLoop } from '../adapters/application/load-generator.js';
import { logIn } from '../adapters/application/login.js';
import { jsonOf, request } from '../adapters/http/http.js';
import { follow } from '../adapters/http/json-path.js';
import type { Environment } from '../contract/plan/environment.js';
import { environmentsOf } from '../contract/plan/parts.js';
import type { ResolvedPlan } from '../contract/plan/plan.js';

/** Enough requests for a rate to mean something in the short moments between the samples of virtual time. */
const PER_SECOND = 40;
/** A fault of 11 s at this rate keeps some 450 requests waiting. */
const MOST_IN_FLIGHT = 600;

const PLANS = '/api/v1/intervention-plans';

/** @returns when the traffic flows; it ends with the signal */
export async function startTraffic(plan: ResolvedPlan, signal: AbortSignal): Promise<void> {
  for (const environment of environmentsOf(plan)) {
    const login = await logIn(environment, signal);
    if ('refused' in login)
      throw new Error(`no traffic on ${environment.name}: the login was refused: ${login.refused}`);
    const paths = await waysToAsk(environment, login.headers, signal);
    for (const path of paths) {
      runOpenLoop({
        url: environment.api + path,
        headers: login.headers,
        ratePerSecond: PER_SECOND / paths.length,
        maxInFlight: MOST_IN_FLIGHT / paths.length,
        signal,
      });
    }
  }
}

/** Users ask in all the ways that the four new indexes serve: an index nobody uses would rightly be reported. */
async function waysToAsk(
  environment: Environment,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const answer = await request({ url: environment.api + PLANS, method: 'GET', headers, timeout: 10_000, signal });
  const [professional] = follow(jsonOf(answer), 'items[].created_by_id').values;
  const quarterAgo = new Date(Date.now() - 90 * 86_400_000).toISOString();
  return [
    `${PLANS}/pending-review`,
    `${PLANS}/pending-review?priority=high`,
    `${PLANS}?review_frequency=daily`,
    `${PLANS}?reviewed_before=${quarterAgo}`,
    `${PLANS}?professional_id=${String(professional)}`,
  ];
}
