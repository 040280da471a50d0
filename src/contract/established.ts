/** Facts of steps, of which some are about something that a plan may not have. */
import type { Environment } from './plan/environment.js';
import { environmentsOf } from './plan/parts.js';
import type { ResolvedPlan } from './plan/plan.js';
import { proofOfRelease, tellsRelease } from './plan/proof-of-release.js';

export interface Establishing {
  /** Names of the facts that a step establishes: what boxes can rest on. */
  facts: string[];
  /** Facts that it does not establish, each with the part of the plan that is not there or off. */
  without?: Record<string, string>;
}

/** What facts are about that a plan may not have. */
const ABOUT = {
  version: 'health.version',
  commit: 'health.commit',
  revision: 'migration',
  indexes: 'indexes',
  rows: 'prerequisites.minimumRows',
  credentials: 'environments.production.login',
  unchanged: 'release.repository',
  logs: 'commands.logs',
};

/** The facts of a step, of which some are about something that this plan may not have. */
export function establishing(facts: string[], about: Partial<Record<keyof typeof ABOUT, unknown>>): Establishing {
  const missing = (Object.keys(about) as (keyof typeof ABOUT)[]).filter((name) => !about[name]);
  if (missing.length === 0) return { facts };
  const without = Object.fromEntries(missing.map((name) => [name, ABOUT[name]]));
  return { facts: facts.filter((name) => !Object.hasOwn(without, name)), without };
}

/** What a look at production finds. */
export const found = ({ migration, environments }: Pick<ResolvedPlan, 'migration' | 'environments'>) =>
  establishing(['version', 'revision', 'maintenance'], {
    version: tellsRelease(environments.production.health),
    revision: migration,
  });

/** What a health check finds. */
export const answering = (environment: Environment | undefined) =>
  establishing(['status', 'version', 'commit'], {
    version: proofOfRelease(environment?.health),
    commit: environment?.health?.commit,
  });

/** Whether the worker has to bring anything for an environment that can be tried or looked at. */
export const hasCredentials = (plan: Pick<ResolvedPlan, 'environments'>): boolean =>
  environmentsOf(plan).some(({ database, login, variables }) => database || login || variables);

export const WITHOUT_CREDENTIALS = ABOUT.credentials;
