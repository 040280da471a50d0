/** What a plan says of one kind of metric source: its keys, what can be wrong with them, and what they become. */
import type { z } from 'zod';
import type { Environment, EnvironmentName } from '../../../contract/plan/environment.js';
import type { MetricKind, MetricSource } from '../../../contract/plan/metrics.js';
import type { ResolvedPlan } from '../../../contract/plan/plan.js';
import { duration, text } from '../../core/basics.js';
import type { Resolution } from '../../core/resolution.js';
import { UNIT_NAMES, type Unit, unit } from '../../core/units.js';
import type { Provider, ProviderSections } from './provider.js';

/** Keys that every metric has. */
export const common = {
  title: text().describe('What people read'),
  unit: unit().describe('Unit of the values'),
  window: duration().prefault('1m').describe('How far rates, quantiles and counts look back'),
};

interface AuthoredSource<K extends MetricKind> {
  source: K;
  title: string;
  unit: Unit;
  window: number;
}

/** Parts of the plan that sources lean on. */
export interface SourceSections extends ProviderSections {
  health?: { path?: string };
  logs?: { critical: string };
}
export type SourceResolution = Resolution<SourceSections>;

/** What metrics are read from. */
export interface Places {
  environments: Partial<Record<EnvironmentName, Environment>>;
  logs?: ResolvedPlan['commands']['logs'];
  providers: ReadonlyMap<string, Provider>;
}

/** For which environment a source is filled in, and out of what. */
export interface Filling {
  resolution: SourceResolution;
  environment: EnvironmentName;
  place: Environment;
  around: Places;
  /** Reports a part of the plan that the source is read from, and that is not there. */
  missing: (part: string) => void;
}

/**
 * One kind of source: an entry of `registry.ts`.
 * @typeParam Schema the keys; what they are after reading is what the functions are given
 */
export interface PlannedSource<
  S extends MetricSource,
  Schema extends z.ZodType = z.ZodType<AuthoredSource<S['kind']>>,
> {
  schema: Schema;
  /** What is read, in words, and the units that it can be given in. */
  reading(metric: z.output<Schema>): { reading: string; units: readonly Unit[] };
  /** Reports what is wrong with a metric by itself, whichever environment it is read for. */
  check?(resolution: SourceResolution, authored: { name: string; metric: z.output<Schema> }): void;
  /** The source as one environment has it; undefined when something of it is missing, which has been reported. */
  fill(metric: z.output<Schema>, at: Filling): S | undefined;
}

export const COUNTED: readonly Unit[] = ['count', '/min', '/s'];

/** What a query or a command gives is known to its author alone. */
export const ofAnyUnit = ({ source }: { source: MetricKind }): { reading: string; units: readonly Unit[] } => ({
  reading: source,
  units: UNIT_NAMES,
});
