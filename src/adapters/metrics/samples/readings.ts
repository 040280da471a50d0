/** From what a source said to a number in the metric's unit, or to why there is none. */
import { bounded } from '../../../domain/watch/criteria.js';

/** A metric's value, or the reason why there is none; `silent`: the value stands for no answer, and why there was none. */
export type Reading = { value: number; silent?: string } | { noData: string };

/** How an increase becomes a value: the unit, and how long it took. Milliseconds. */
export interface IncreaseScale {
  unit: string;
  span: number;
  /** In virtual time a moment stands for the metric's window, so that plain counts are of that window. */
  standsFor?: number;
}

/**
 * An increase as the metric's unit wants it: `/s` and `/min` are rates, `%` is of one unit a second (seconds of
 * processor time), anything else is the plain increase.
 */
export function perUnit(increase: number, { unit, span, standsFor = span }: IncreaseScale): number {
  const perSecond = increase / (span / 1_000);
  if (unit === '/s') return perSecond;
  if (unit === '/min') return perSecond * 60;
  if (unit === '%') return perSecond * 100;
  return increase * (standsFor / span);
}

/** A gauge in the metric's unit where its name states its own, as Prometheus' naming has it (`_bytes`, `_seconds`). */
export function gaugeAs(value: number, name: string, unit: string): number {
  if (name.endsWith('_bytes') && unit === 'MB') return value / 1e6;
  if (name.endsWith('_bytes') && unit === 'GB') return value / 1e9;
  if (name.endsWith('_seconds') && unit === 'ms') return value * 1_000;
  if (name.endsWith('_seconds') && unit === 'min') return value / 60;
  return value;
}

/** A time in seconds, as metrics carry it, in the metric's unit: `s`, `min`, else milliseconds. */
export const secondsAs = (seconds: number, unit: string): number =>
  unit === 's' ? seconds : unit === 'min' ? seconds / 60 : seconds * 1_000;

/** The reading with an infinite value (x/0) made one that JSON can carry. NaN stays: it is a kind of sample of its own. */
export const finite = (reading: Reading): Reading => ('value' in reading ? { value: bounded(reading.value) } : reading);
