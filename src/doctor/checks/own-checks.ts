/** What checks of the team's own need: whoever is asked answers. Queries are planned, not run; nothing is sent by POST. */
import { NoAnswer, request } from '../../adapters/http/http.js';
import { planOwnQuery } from '../../adapters/postgres/own-queries.js';
import { withDatabase } from '../../adapters/postgres/postgres.js';
import type { Environment } from '../../contract/plan/environment.js';
import { allOwnChecks, beforeStep, type OwnCheck, type OwnQuestionOf } from '../../contract/plan/own-checks.js';
import { databaseOf, environmentsOf } from '../../contract/plan/parts.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';

export const ownCheckChecks = ({ plan }: CheckContext): Check[] =>
  allOwnChecks(plan).flatMap((check): Check[] => {
    const { id, asks } = check;
    const environment = environmentsOf(plan).find(({ name }) => name === check.environment);
    if (environment === undefined) return [];
    if (asks.kind === 'http') return [{ id, step: id, run: (means) => tryRequest(check, environment, asks, means) }];
    // The programs, metrics and people of others are tried with those of the plan's own steps.
    if (asks.kind !== 'sql') return [];
    const step = 'before' in asks.expect ? beforeStep(check) : id;
    return [{ id, step, run: () => tryQuery(plan, check, environment, asks) }];
  });

/** Whatever the answer is: the release that it is for is not there yet. */
async function tryRequest(
  { id }: OwnCheck,
  { name, api }: Environment,
  { request: { method, path } }: OwnQuestionOf<'http'>,
  { signal, patience }: Means,
): Promise<CheckResult[]> {
  const what = `${name}: ${method} ${api}${path}`;
  if (method !== 'GET') {
    return [{ name: id, ok: true, note: true, text: `${what}: not tried, for it may change something` }];
  }
  try {
    const { statusText } = await request({ url: api + path, timeout: patience.answer, signal });
    return [{ name: id, ok: true, text: `${what}: answers now with ${statusText}` }];
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return [{ name: id, ok: false, text: `${what}: ${error.message}`, advice: 'Start it, or put the host right.' }];
  }
}

/** PostgreSQL's codes for tables, columns and functions that are not there. */
const NOT_THERE = ['42P01', '42703', '42883'];

async function tryQuery(
  plan: Pick<ResolvedPlan, 'migration'>,
  { id }: OwnCheck,
  environment: Environment,
  { query }: OwnQuestionOf<'sql'>,
): Promise<CheckResult[]> {
  const found = await withDatabase(databaseOf(environment), (client) => planOwnQuery(client, query));
  const { name } = environment;
  if (found === undefined) return [{ name: id, ok: true, text: `${name}: the query of ${id} can be run` }];
  const text = `${name}: ${found.refused}`;
  if (plan.migration && NOT_THERE.includes(found.code)) {
    return [{ name: id, ok: true, note: true, text: `${text}, unless the migration makes it` }];
  }
  return [{ name: id, ok: false, text, advice: `Put the query of ${id} right, or the rights of the plan’s user.` }];
}
