/** The providers of a plan, looked up. */
import type { Resolution } from '../core/resolution.js';
import { lookups, type PlannedProvider, type Provider, type ProviderSections } from './sources/provider.js';
import { PLANNED_PROVIDERS } from './sources/registry.js';

/** Every provider of the plan; what is wrong with one is reported. */
export function resolveProviders(resolution: Resolution<ProviderSections>): Map<string, Provider> {
  const authored = Object.entries(resolution.sections.providers ?? {});
  return new Map(
    authored.map(([name, provider]) => {
      const { kind, environments = { staging: 'staging', production: 'production' } } = provider;
      const planned: PlannedProvider<Provider['place']> = PLANNED_PROVIDERS[kind];
      const place = planned.place(provider, lookups(resolution, name));
      return [name, { kind, environments, place } as Provider];
    }),
  );
}
