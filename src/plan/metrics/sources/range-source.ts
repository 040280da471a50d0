/** What sources that keep history have in common: they are asked for every value since the last tick, by a provider. */
import { z } from 'zod';
import type { EnvironmentName } from '../../../contract/plan/environment.js';
import type { ProviderKind, ProviderPlaces } from '../../../contract/plan/providers.js';
import { duration, durationOrNone, reference, strict } from '../../core/basics.js';
import type { Path } from '../../core/problems.js';
import { nearest } from '../../core/suggest.js';
import { checkProvider } from './provider.js';
import { common, type Filling, type SourceResolution } from './source.js';

/** Keys of a source that keeps history. @param resolution the usual one */
export const rangeKeys = (resolution: string) => ({
  ...common,
  provider: z
    .union([
      reference('providers'),
      strict({
        staging: reference('providers').describe('For staging'),
        production: reference('providers').describe('For production'),
      }),
    ])
    .describe('A key of `providers`, or one for each environment'),
  resolution: duration().prefault(resolution).describe('How far apart the values are that are asked for'),
});

export const delay = (usual: string) =>
  durationOrNone().prefault(usual).describe('How long it takes until a value is complete');

interface AuthoredRange {
  provider: string | Record<EnvironmentName, string>;
  window: number;
  resolution: number;
  delay: number;
}

const PLACEHOLDERS = ['environment', 'window'];
const ENVIRONMENTS = ['staging', 'production'] as const;

/** Whether its provider is there, and its resolution one that can be asked for. */
export function checkRange(
  resolution: SourceResolution,
  { at, metric, kind }: { at: Path; metric: AuthoredRange; kind: ProviderKind },
): void {
  const { provider } = metric;
  if (typeof provider === 'string') checkProvider(resolution, { name: provider, from: [...at, 'provider'], kind });
  else {
    for (const environment of ENVIRONMENTS) {
      checkProvider(resolution, { name: provider[environment], from: [...at, 'provider', environment], kind });
    }
  }
  if (!Number.isInteger(metric.resolution / 1_000)) {
    resolution.report([...at, 'resolution'], 'Must be whole seconds');
  }
}

/** @param slipsOnly braces are the service's own, too: what does not look like a slip is let through */
export function checkPlaceholders(
  resolution: SourceResolution,
  { text, at }: { text: string; at: Path },
  slipsOnly = false,
): void {
  for (const [written, word = ''] of text.matchAll(/\{([A-Za-z]+)\}/g)) {
    if (PLACEHOLDERS.includes(word)) continue;
    const near = nearest(word, PLACEHOLDERS);
    if (slipsOnly && near === undefined) continue;
    resolution.report(at, {
      message: `\`${written}\` is not filled in here; known: ${PLACEHOLDERS.map((known) => `{${known}}`).join(', ')}`,
      suggestion: near === undefined ? undefined : `{${near}}`,
    });
  }
}

/** What a range source is filled in with. */
export interface FilledRange<Place> {
  place: Place;
  /** How it is asked. */
  times: { window: number; resolution: number; delay: number };
  /** A text with its placeholders filled in. */
  fill(text: string): string;
}

/**
 * @param window how the service writes a span of milliseconds; in seconds when left out
 * @returns undefined when the provider is missing or of another kind, which has been reported
 */
export function fillRange<K extends ProviderKind>(
  { provider, window, resolution, delay }: AuthoredRange,
  { environment, around }: Pick<Filling, 'environment' | 'around'>,
  {
    kind,
    inWindow = (milliseconds) => String(milliseconds / 1_000),
  }: { kind: K; inWindow?: (milliseconds: number) => string },
): FilledRange<ProviderPlaces[K]> | undefined {
  const found = around.providers.get(typeof provider === 'string' ? provider : provider[environment]);
  if (found?.kind !== kind) return undefined;
  return {
    place: found.place as ProviderPlaces[K],
    times: { window, resolution, delay },
    fill: (text) =>
      text.replaceAll('{environment}', found.environments[environment]).replaceAll('{window}', inWindow(window)),
  };
}
