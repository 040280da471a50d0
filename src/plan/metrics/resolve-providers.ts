/** Providers: where a service that keeps metrics is, with references to its credentials. */
import type { EnvironmentName } from '../../contract/plan/environment.js';
import type { AwsPlace, DatadogPlace, PrometheusPlace } from '../../contract/plan/providers.js';
import { apiUrl } from '../core/hosts.js';
import type { Path } from '../core/problems.js';
import { type MachineMaps, own, type Resolution as ResolutionOf } from '../core/resolution.js';
import type { AuthoredProvider } from './schema-providers.js';

export interface ProviderSections extends MachineMaps {
  providers?: Record<string, AuthoredProvider>;
}
type Resolution = ResolutionOf<ProviderSections>;

type Kind = AuthoredProvider['kind'];
type Of<K extends Kind> = Extract<AuthoredProvider, { kind: K }>;

/** A provider that was looked up: its place, and what `{environment}` stands for in queries to it. */
export type Provider = { environments: Record<EnvironmentName, string> } & (
  | { kind: 'prometheus'; place: PrometheusPlace }
  | { kind: 'datadog'; place: DatadogPlace }
  | { kind: 'cloudwatch'; place: AwsPlace }
);

/** Every provider of the plan; what is wrong with one is reported. */
export function resolveProviders(resolution: Resolution): Map<string, Provider> {
  const authored = Object.entries(resolution.sections.providers ?? {});
  return new Map(authored.map(([name, provider]) => [name, resolveProvider(resolution, name, provider)]));
}

function resolveProvider(resolution: Resolution, name: string, provider: AuthoredProvider): Provider {
  const environments = provider.environments ?? { staging: 'staging', production: 'production' };
  switch (provider.kind) {
    case 'prometheus':
      return { kind: 'prometheus', environments, place: prometheusPlace(resolution, name, provider) };
    case 'datadog':
      return { kind: 'datadog', environments, place: datadogPlace(resolution, name, provider) };
    case 'cloudwatch':
      return { kind: 'cloudwatch', environments, place: awsPlace(resolution, name, provider) };
  }
}

/** Whether a provider is there and of the kind that is needed; reports it otherwise. */
export function checkProvider(
  resolution: Resolution,
  { name, from, kind }: { name: string; from: Path; kind: Kind },
): void {
  if (!resolution.knows(name, { at: ['providers'], label: 'provider', from })) return;
  const provider = own(resolution.sections.providers, name);
  if (provider === undefined || provider.kind === kind) return;
  resolution.report(from, `\`${name}\` is of kind ${provider.kind}, and this needs one of kind ${kind}`);
}

function prometheusPlace(resolution: Resolution, name: string, provider: Of<'prometheus'>): PrometheusPlace {
  const { at, host, secret } = lookups(resolution, name);
  const { token, login } = provider;
  if (token !== undefined && login !== undefined) {
    resolution.report(at('login'), 'Write `token` or `login`, not both');
  }
  const place: PrometheusPlace = { api: host(provider.host) };
  if (token !== undefined) place.token = secret(token, 'token');
  if (login !== undefined) {
    place.login = { username: login.username, password: secret(login.password, 'login', 'password') };
  }
  return place;
}

function datadogPlace(resolution: Resolution, name: string, provider: Of<'datadog'>): DatadogPlace {
  const { host, secret } = lookups(resolution, name);
  return {
    api: host(provider.host),
    apiKey: secret(provider.apiKey, 'apiKey'),
    applicationKey: secret(provider.applicationKey, 'applicationKey'),
  };
}

function awsPlace(resolution: Resolution, name: string, provider: Of<'cloudwatch'>): AwsPlace {
  const { at, host, secret } = lookups(resolution, name);
  const { accessKeyId, secretAccessKey } = provider;
  const place: AwsPlace = { region: provider.region };
  if (provider.host !== undefined) place.endpoint = host(provider.host);
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    place.credentials = {
      accessKeyId: secret(accessKeyId, 'accessKeyId'),
      secretAccessKey: secret(secretAccessKey, 'secretAccessKey'),
    };
  } else if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    resolution.report(
      at(accessKeyId === undefined ? 'secretAccessKey' : 'accessKeyId'),
      'Write `accessKeyId` and `secretAccessKey`, or neither: then the AWS SDK looks for them on the worker',
    );
  }
  return place;
}

function lookups(resolution: Resolution, name: string) {
  const at = (...rest: string[]): Path => ['providers', name, ...rest];
  return {
    at,
    host: (key: string) => apiUrl(resolution, { name: key, path: at('host') }),
    secret: (key: string, ...path: string[]) => resolution.secret(key, at(...path)),
  };
}
