/** Providers: where a service that keeps metrics is, with references to its credentials. */
import type { z } from 'zod';
import type { EnvironmentName } from '../../../contract/plan/environment.js';
import type { ProviderKind, ProviderPlaces } from '../../../contract/plan/providers.js';
import { reference, strict, text } from '../../core/basics.js';
import { apiUrl } from '../../core/hosts.js';
import type { Path } from '../../core/problems.js';
import { type MachineMaps, own, type Resolution as ResolutionOf } from '../../core/resolution.js';

/** A provider as it is written; the rest of its keys is its own kind's. */
interface AuthoredPlace {
  kind: ProviderKind;
  environments?: Record<EnvironmentName, string>;
}

export interface ProviderSections extends MachineMaps {
  providers?: Record<string, AuthoredPlace>;
}
type Resolution = ResolutionOf<ProviderSections>;

/** A provider that was looked up: its place, and what `{environment}` stands for in queries to it. */
export type Provider = {
  [K in ProviderKind]: { kind: K; environments: Record<EnvironmentName, string>; place: ProviderPlaces[K] };
}[ProviderKind];

/** One kind of provider: an entry of `registry.ts`. @typeParam Schema its keys */
export interface PlannedProvider<Place, Schema extends z.ZodType = z.ZodType<AuthoredPlace>> {
  schema: Schema;
  /** Where it is; what is wrong with it is reported. */
  place(provider: z.output<Schema>, lookups: Lookups): Place;
}

export const providerHost = (what: string) => reference('hosts').describe(`A key of \`hosts\`: ${what}`);

export const environments = strict({
  staging: text().default('staging').describe('In place of `staging`'),
  production: text().default('production').describe('In place of `production`'),
})
  .optional()
  .describe('What `{environment}` in queries stands for, when the service has other names');

/** Whether a provider is there and of the kind that is needed; reports it otherwise. */
export function checkProvider(
  resolution: Resolution,
  { name, from, kind }: { name: string; from: Path; kind: ProviderKind },
): void {
  if (!resolution.knows(name, { at: ['providers'], label: 'provider', from })) return;
  const provider = own(resolution.sections.providers, name);
  if (provider === undefined || provider.kind === kind) return;
  resolution.report(from, `\`${name}\` is of kind ${provider.kind}, and this needs one of kind ${kind}`);
}

/** What a provider's keys refer to. */
export interface Lookups {
  report(message: string, ...path: string[]): void;
  host(key: string): string;
  secret(key: string, ...path: string[]): string;
}

export function lookups(resolution: Resolution, name: string): Lookups {
  const at = (...rest: string[]): Path => ['providers', name, ...rest];
  return {
    report: (message, ...path) => resolution.report(at(...path), message),
    host: (key) => apiUrl(resolution, { name: key, path: at('host') }),
    secret: (key, ...path) => resolution.secret(key, at(...path)),
  };
}
