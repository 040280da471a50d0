/** The shipped plan, made short: watches of a few ticks, one metric for each tier, few questions. */

import type { Metric } from '../../src/contract/plan/metrics.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import type { Criterion, Tier } from '../../src/domain/watch/criteria.js';
import { loadWhole } from '../helpers/whole-plan.js';

export const MINUTE = 60_000;
export const STARTED_BY = 'bruno.lima';

/** What runs differ in as far as their plan says it. */
export interface PlanChoices {
  /** Approvals count only with a signature. */
  signed: boolean;
  /** People may choose another rollback within this time, milliseconds. */
  overrideWithin: number;
  /** What a concern that nobody answers leads to. */
  otherwise: 'continue' | 'rollback';
  /** What a broken gate leads to in the last watch. */
  gate: 'rollback' | 'ask';
  maintenance: boolean;
  /** The migration goes before the deploy. */
  migratesFirst: boolean;
  restart: boolean;
  /** Production waits for a window. */
  window: boolean;
  loadTest: boolean;
}

const TIERS = { rollback: 'errors', require: 'latency', consider: 'cpu' } as const satisfies Record<Tier, string>;

/** A metric is 1 when all is well; its criterion breaks above 10. */
function watchOf(choices: Partial<Watch> & Pick<Watch, 'id' | 'environment'>, tiers: readonly Tier[]): Watch {
  const metrics = tiers.map((tier): Metric => {
    const name = TIERS[tier];
    const url = 'https://example.com/metrics';
    return { name, title: name, unit: '%', source: { kind: 'scrape', url, window: MINUTE, read: { gauge: { name } } } };
  });
  const criteria = tiers.map((tier): Criterion => {
    const metric = TIERS[tier];
    return {
      ...{ id: `${tier}-${metric}`, title: `${metric} of ${choices.id}`, metric, unit: '%', tier, for: 0 },
      breach: { comparison: '>', threshold: 10 },
      ...{ noData: 'unknown', notANumber: 'unknown', providerError: 'unknown', minimumSamples: 1 },
    };
  });
  return {
    ...{ title: choices.id, duration: 2 * MINUTE, tick: MINUTE, metrics, criteria, trends: [], gate: 'rollback' },
    consider: { within: 2 * MINUTE, otherwise: 'continue' },
    ...choices,
  };
}

/** Looks that are taken only where a box rests on them. */
const LOOKED_AT = /^watch\.database$|\.index-use$/;

const shipped = loadWhole('plans/eduautismo-performance.yaml');

export function shortPlan(choices: PlanChoices): ResolvedPlan {
  const { signed, overrideWithin, otherwise, gate, maintenance, restart, window, loadTest } = choices;
  const when = choices.migratesFirst ? ('before-deploy' as const) : undefined;
  const { document: _, alerts: __, review: ___, ...plan } = shipped;
  const roster = plan.approvals.roster.map((person) => ({ ...person, keys: [`ssh-ed25519 ${person.id}`] }));
  const [preparation] = plan.confirmations.preparation;
  return {
    ...plan,
    approvals: { ...plan.approvals, roster, signed },
    confirmations: { ...plan.confirmations, preparation: preparation ? [preparation] : [] },
    migration: { ...plan.migration, when },
    indexes: { ...plan.indexes, queries: [] },
    notifications: { ...plan.notifications, templates: {}, notices: plan.notifications.notices.slice(0, 1) },
    functional: plan.functional.slice(0, 1),
    smoke: plan.smoke.slice(0, 1),
    loadTests: plan.loadTests.slice(0, 1),
    items: plan.items.filter(({ by }, index) => index < 3 || by.some(({ step }) => LOOKED_AT.test(step))),
    soak: watchOf({ id: 'soak', environment: 'staging' }, ['require']),
    watches: [
      watchOf({ id: 'watch-5m', environment: 'production' }, ['rollback', 'require']),
      watchOf(
        {
          id: 'watch-1h',
          environment: 'production',
          duration: 3 * MINUTE,
          gate,
          consider: { within: 2 * MINUTE, otherwise },
        },
        ['rollback', 'consider', 'require'],
      ),
    ],
    production: {
      maintenance: { ...plan.production.maintenance, enabled: maintenance },
      restart,
      ...(loadTest && plan.loadTests[0]
        ? {
            loadTest: {
              test: { ...plan.loadTests[0], id: 'production' },
              approvedBy: 'tech-lead',
              impact: ['rollback-errors'],
            },
          }
        : {}),
    },
    windows: {
      ...{ timeZone: 'UTC', freeze: [], lowTraffic: [], overrideBy: ['tech-lead', 'devops'] },
      deploy: window ? [{ days: [6], from: '02:00', to: '04:00' }] : [],
    },
    rollback: { ...plan.rollback, overrideWithin },
  };
}
