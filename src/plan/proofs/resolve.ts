/** Proof that others keep: where reviews, tests, access and alerts are looked for. */
import { resolve } from 'node:path';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Access, Alerts, Review } from '../../contract/plan/proofs.js';
import { apiUrl } from '../core/hosts.js';
import type { Path } from '../core/problems.js';
import type { Resolution as ResolutionOf } from '../core/resolution.js';
import { checkProvider, type Provider, type ProviderSections } from '../metrics/sources/provider.js';
import type { AuthoredAccess, AuthoredAlerts, AuthoredReview } from './schema.js';

interface ProofSections extends ProviderSections {
  review?: AuthoredReview;
  access?: Record<string, AuthoredAccess>;
  alerts?: AuthoredAlerts;
}
type Resolution = ResolutionOf<ProofSections>;

type Providers = ReadonlyMap<string, Provider>;
type Of<K extends Provider['kind']> = Extract<Provider, { kind: K }>;

/** The parts of a plan that may be absent; what is wrong with them is reported. */
export function resolveProofs(
  resolution: Resolution,
  providers: Providers,
): Pick<ResolvedPlan, 'review' | 'access' | 'alerts'> {
  return {
    review: resolveReview(resolution),
    access: resolveAccess(resolution, providers),
    alerts: resolveAlerts(resolution, providers),
  };
}

function resolveReview(resolution: Resolution): Review | undefined {
  const { review } = resolution.sections;
  if (review === undefined) return undefined;
  const { passRate, junit } = review.tests;
  const tests: Review['tests'] = { passRate };
  if (junit !== undefined) {
    tests.junit = resolve(resolution.folder(junit.in, ['review', 'tests', 'junit', 'in']), junit.file);
  }
  if (review.source === 'git') return { source: { kind: 'git' }, tests };
  if (review.tests.checks !== undefined) tests.checks = review.tests.checks;
  if (tests.checks === undefined && junit === undefined) {
    resolution.report(['review', 'tests'], 'Proves nothing: write `checks`, `junit` or both');
  }
  const [owner = '', repository = ''] = review.repository.split('/');
  const api = apiUrl(resolution, { name: review.host, path: ['review', 'host'] });
  const token = resolution.secret(review.token, ['review', 'token']);
  return { source: { kind: 'github', api, token, owner, repository }, tests };
}

function resolveAccess(resolution: Resolution, providers: Providers): Access[] | undefined {
  const { access } = resolution.sections;
  if (access === undefined) return undefined;
  return Object.entries(access).flatMap(([id, one]) => resolveOne(resolution, { id, one, providers }) ?? []);
}

function resolveOne(
  resolution: Resolution,
  { id, one, providers }: { id: string; one: AuthoredAccess; providers: Providers },
): Access | undefined {
  const at = (key: string): Path => ['access', id, key];
  const { title } = one;
  const named = <K extends Provider['kind']>(name: string, kind: K) =>
    find(resolution, { providers, name, from: at('provider'), kind });
  switch (one.kind) {
    case 'aws': {
      const found = named(one.provider, 'cloudwatch');
      return found && { id, title, kind: 'aws', place: found.place, account: one.account, buckets: one.buckets };
    }
    case 'cloudwatch': {
      const found = named(one.provider, 'cloudwatch');
      return found && { id, title, kind: 'cloudwatch', place: found.place, rights: one.rights };
    }
    case 'datadog': {
      const found = named(one.provider, 'datadog');
      return found && { id, title, kind: 'datadog', place: found.place, rights: one.rights };
    }
    case 'prometheus': {
      const found = named(one.provider, 'prometheus');
      return found && { id, title, kind: 'prometheus', place: found.place };
    }
    case 'http': {
      const url = `${apiUrl(resolution, { name: one.host, path: at('host') })}${one.path}`;
      const token = one.token === undefined ? undefined : resolution.secret(one.token, at('token'));
      return { id, title, kind: 'http', url, token, status: one.status };
    }
  }
}

function resolveAlerts(resolution: Resolution, providers: Providers): Alerts | undefined {
  const { alerts } = resolution.sections;
  if (alerts === undefined) return undefined;
  const source = alertSource(resolution, providers);
  const expected = Object.entries(alerts.expected).map(([id, { title, alert, fires, words }]) => ({
    id,
    title,
    name: alert,
    breach: fires,
    words,
  }));
  if (expected.length === 0) resolution.report(['alerts', 'expected'], 'No alert is listed');
  return source && { source, expected };
}

function alertSource(resolution: Resolution, providers: Providers): Alerts['source'] | undefined {
  const place = resolution.sections.alerts?.in;
  if (place === undefined) return undefined;
  if (place.kind === 'rules-file') {
    return {
      kind: 'rules-file',
      file: resolve(resolution.folder(place.folder, ['alerts', 'in', 'folder']), place.file),
    };
  }
  const from = ['alerts', 'in', 'provider'];
  const found = find(resolution, { providers, name: place.provider, from, kind: place.kind });
  return found && ({ kind: found.kind, place: found.place } as Alerts['source']);
}

/** A provider of the right kind; reports why there is none. */
function find<K extends Provider['kind']>(
  resolution: Resolution,
  wanted: { providers: Providers; name: string; from: Path; kind: K },
): Of<K> | undefined {
  checkProvider(resolution, wanted);
  const found = wanted.providers.get(wanted.name);
  return found?.kind === wanted.kind ? (found as Of<K>) : undefined;
}
