import { z } from 'zod';
import type { Comparison } from '../../domain/watch/criteria.js';

/** Units a metric or a threshold may have. Only units of one family convert into each other. */
const UNITS = {
  '%': { family: 'share', factor: 1 },
  ms: { family: 'time', factor: 1 },
  s: { family: 'time', factor: 1_000 },
  min: { family: 'time', factor: 60_000 },
  '/min': { family: 'rate', factor: 1 },
  '/s': { family: 'rate', factor: 60 },
  MB: { family: 'size', factor: 1 },
  GB: { family: 'size', factor: 1_000 },
  count: { family: 'count', factor: 1 },
} as const;

export type Unit = keyof typeof UNITS;

export const UNIT_NAMES = Object.keys(UNITS) as [Unit, ...Unit[]];

export const unit = () => z.enum(UNIT_NAMES);

export const isUnit = (text: string): text is Unit => Object.hasOwn(UNITS, text);

/** The same quantity in another unit, or undefined when the two can't be compared. */
export function convert(quantity: { value: number; unit: Unit }, to: Unit): number | undefined {
  const source = UNITS[quantity.unit];
  const target = UNITS[to];
  return source.family === target.family ? (quantity.value * source.factor) / target.factor : undefined;
}

/** Units that a threshold for a metric in this unit may be written in. */
export const comparableUnits = (unit: Unit): Unit[] =>
  UNIT_NAMES.filter((other) => UNITS[other].family === UNITS[unit].family);

export interface Threshold {
  comparison: Comparison;
  value: number;
  unit: Unit;
}

/** Reads `> 10 %`, `<= 500 ms`, `> 0.5 /min`; what is wrong with the text, as a sentence, otherwise. */
export function parseThreshold(text: string, example: string): Threshold | { wrong: string } {
  const parts = /^\s*(>=|<=|>|<)?\s*(-?\d+(?:[.,]\d+)?)?\s*(.*?)\s*$/.exec(text);
  const [, comparison, number, unit] = parts ?? [];
  const quoted = JSON.stringify(text);
  const advice = `write for example "${example}"`;
  if (number === undefined) return { wrong: `${quoted} has no number; ${advice}` };
  if (number.includes(',')) return { wrong: `${quoted} has a decimal comma; write a point, for example "${example}"` };
  if (unit === undefined || unit === '') return { wrong: `${quoted} has no unit; ${advice}` };
  if (comparison === undefined) return { wrong: `${quoted} has no comparison (>, >=, < or <=); ${advice}` };
  if (!isUnit(unit))
    return { wrong: `${quoted} has the unknown unit "${unit}" (known: ${UNIT_NAMES.join(', ')}); ${advice}` };
  return { comparison: comparison as Comparison, value: Number(number), unit };
}

/** What breaks "must be so": not `< 1 %` is `>= 1 %`. */
export const NEGATED: Record<Comparison, Comparison> = { '>': '<=', '>=': '<', '<': '>=', '<=': '>' };
