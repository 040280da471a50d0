/**
 * The four metrics of software delivery of DORA (https://dora.dev/guides/dora-metrics-four-keys/): deployment frequency,
 * lead time for changes, change failure rate and time to restore. What is not known is left out of a figure and counted
 * as left out; a figure that nothing is known of has no value. Pure.
 */
import type { Ledger } from '../ledger/ledger.js';
import { STEPS } from '../steps.js';
import { median } from '../trends/ranks.js';

/** A deployment that has changed production. Times are epoch milliseconds. */
export interface CountedDeployment {
  service: string;
  /** When the release was in production. */
  at: number;
  /** When the commit was made that was deployed; missing where that is not known. */
  committedAt?: number;
  /** Production had to be brought back. */
  failure?: {
    /** When it was seen that it has to be. */
    at: number;
    /** When production was back; missing where this deployment has not brought it back. */
    restoredAt?: number;
  };
}

/** One of which it is not known whether it has changed production, or what became of it then. */
export interface UncountedDeployment {
  service: string;
  /** When it ended. */
  at: number;
}

/** @returns null for one that has left production as it was, nothing where what became of production is not known */
export function countedFrom(ledger: Ledger): CountedDeployment | null | undefined {
  const { service, production, outcome, rollback, earlierRollbacks, startedAt, endedAt = startedAt } = ledger;
  if (!production.codeDeployed && !production.migrated) return null;
  if (!rollback && outcome !== 'succeeded') return undefined;
  const deployed = ledger.steps.find(({ id }) => id === STEPS.productionDeploy.id);
  const at = deployed?.endedAt ?? endedAt;
  if (!rollback) return { service, at };
  const first = earlierRollbacks[0] ?? rollback;
  const seen = first.trigger.kind === 'criterion' ? first.trigger.breachedAt : first.startedAt;
  const restoredAt = rollback.succeeded ? rollback.endedAt : undefined;
  return { service, at, failure: { at: seen, ...(restoredAt === undefined ? {} : { restoredAt }) } };
}

export interface Figure {
  /** null: not known, or there is nothing that it could be of. */
  value: number | null;
  /** Of how many it is. */
  of: number;
  /** How many it leaves out because it is not known of them. */
  without: number;
}

export interface DoraMetrics {
  /** Deployments to production a week. */
  frequency: Figure;
  /** From the commit to production: the median, milliseconds. */
  leadTime: Figure;
  /** The share of deployments after which production had to be brought back. */
  failureRate: Figure;
  /** From the failure to production being back: the median, milliseconds. */
  timeToRestore: Figure;
}

export interface DeploymentsToCount {
  known: readonly CountedDeployment[];
  unknown: readonly UncountedDeployment[];
}

/** Epoch milliseconds. */
export interface Period {
  from: number;
  to: number;
}

const WEEK = 7 * 86_400_000;

/** Of all that are given those count that fall in the period. */
export function doraOf({ known, unknown }: DeploymentsToCount, { from, to }: Period): DoraMetrics {
  const isIn = ({ at }: { at: number }) => at >= from && at <= to;
  const counted = known.filter(isIn);
  const left = unknown.filter(isIn).length;
  const failures = counted.flatMap(({ failure }) => (failure ? [failure] : []));
  const lead = counted.flatMap(({ at, committedAt }) => (committedAt === undefined ? [] : [at - committedAt]));
  const restores = failures.flatMap(({ at, restoredAt }) => (restoredAt === undefined ? [] : [restoredAt - at]));
  const isNothingKnown = counted.length === 0 && left > 0;
  return {
    frequency: {
      value: isNothingKnown ? null : counted.length / ((to - from) / WEEK),
      of: counted.length,
      without: left,
    },
    leadTime: medianOf(lead, counted.length - lead.length + left),
    failureRate: {
      value: counted.length === 0 ? null : failures.length / counted.length,
      of: counted.length,
      without: left,
    },
    timeToRestore: medianOf(restores, failures.length - restores.length + left),
  };
}

const medianOf = (values: readonly number[], without: number): Figure => ({
  value: values.length === 0 ? null : median(values),
  of: values.length,
  without,
});

/** The same for each service by its name. */
export function doraByService(all: DeploymentsToCount, period: Period): Map<string, DoraMetrics> {
  const services = [...new Set([...all.known, ...all.unknown].map(({ service }) => service))].sort();
  const of = (service: string): DeploymentsToCount => ({
    known: all.known.filter((each) => each.service === service),
    unknown: all.unknown.filter((each) => each.service === service),
  });
  return new Map(services.map((service) => [service, doraOf(of(service), period)]));
}
