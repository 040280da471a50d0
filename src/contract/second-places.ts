/** Other places than the one that is watched: what a worker that hears nothing of it listens to before silence counts. */
import type { HealthReading } from './plan/application.js';
import type { Database, Environment, EnvironmentName, Server } from './plan/environment.js';
import type { Metric, MetricSource } from './plan/metrics.js';
import { environmentsOf, watchesOf } from './plan/parts.js';
import type { ResolvedPlan } from './plan/plan.js';

/** Something that answers whoever reaches it; `title` for people. */
export type SecondPlace = { title: string } & (
  | { kind: 'application'; url: string; as?: HealthReading }
  | { kind: 'address'; host: string; port: number }
  | { kind: 'shell'; server: Extract<Server, { kind: 'ssh' }>; variables?: string[] }
);

type Around = Pick<ResolvedPlan, 'environments' | 'healthPath' | 'soak' | 'watches'>;

/** The server's own shell, databases, the other environment and what metrics are read from, as far as the plan has them. */
export function secondPlacesOf(plan: Around, watched: EnvironmentName): SecondPlace[] {
  const environment = plan.environments[watched];
  if (!environment) return [];
  const others = environmentsOf(plan).filter(({ name }) => name !== watched);
  const { server, variables } = environment;
  const shell: SecondPlace[] =
    server.kind === 'ssh'
      ? [{ kind: 'shell', title: `the shell of ${watched}’s server`, server, ...(variables && { variables }) }]
      : [];
  const applications = others.map(
    ({ name, api, health }): SecondPlace => ({
      kind: 'application',
      title: `the health check of ${name}`,
      url: api + plan.healthPath,
      ...(health ? { as: health } : {}),
    }),
  );
  const databases = [environment, ...others].flatMap(({ name, database }) =>
    database ? [addressed(`the database of ${name}`, hostOf(database))] : [],
  );
  const sources = watchesOf(plan).flatMap(({ metrics }) => metrics.flatMap(sourceAt));
  return distinct([...shell, ...databases, ...applications, ...sources], environment);
}

/** Where a metric is read from, `host:port`; nothing where a command reads it. */
export function sourceAddress(source: MetricSource): string | undefined {
  const address = addressIn(source);
  return address && `${address.host}:${address.port}`;
}

/** Whether the worker's network has no part in reaching an address. */
export const isOnThisMachine = (address: string): boolean =>
  /^(localhost|127(\.\d+){3}|\[?::1\]?):\d+$/.test(address) || address.startsWith('/');

interface Address {
  host: string;
  port: number;
}

function addressIn(source: MetricSource): Address | undefined {
  switch (source.kind) {
    case 'scrape':
    case 'health':
      return ofUrl(source.url);
    case 'postgres':
      return hostOf(source.database);
    case 'prometheus':
    case 'datadog':
      return ofUrl(source.place.api);
    case 'cloudwatch':
    case 'cloudwatch-logs': {
      const { endpoint, region } = source.place;
      const service = source.kind === 'cloudwatch' ? 'monitoring' : 'logs';
      return ofUrl(endpoint ?? `https://${service}.${region}.amazonaws.com`);
    }
    case 'logs':
    case 'command':
      return undefined;
  }
}

function sourceAt({ title, source }: Metric): SecondPlace[] {
  const address = addressIn(source);
  return address ? [addressed(`where “${title}” is read`, address)] : [];
}

const addressed = (title: string, { host, port }: Address): SecondPlace => ({ kind: 'address', title, host, port });

const hostOf = ({ host, port }: Database): Address => ({ host, port });

/** Each once, none of them the watched one itself, and none that the network has no part in where it has one. */
function distinct(places: readonly SecondPlace[], { api }: Environment): SecondPlace[] {
  const own = ofUrl(api);
  const ownAddress = own ? `${own.host}:${own.port}` : '';
  const seen = new Set([ownAddress]);
  return places.filter((place) => {
    const address = whereIs(place);
    const proves = isOnThisMachine(ownAddress) || !isOnThisMachine(address);
    const isNew = !seen.has(address);
    seen.add(address);
    return isNew && proves;
  });
}

function whereIs(place: SecondPlace): string {
  if (place.kind === 'shell') return `${place.server.host}:${place.server.port ?? 22}`;
  const { host, port } = place.kind === 'address' ? place : (ofUrl(place.url) ?? { host: place.url, port: 0 });
  return `${host}:${port}`;
}

const PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };

/** Workflow code has no `URL`. */
function ofUrl(url: string): Address | undefined {
  const [, scheme = '', host, port] = /^(https?:)\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?/.exec(url) ?? [];
  return host ? { host, port: port ? Number(port) : (PORTS[scheme] ?? 0) } : undefined;
}
