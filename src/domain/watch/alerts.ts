/** Whether an alert is configured as the plan wants it (checklist 4.3). */
import type { Comparison } from './criteria.js';

/** An alert as it is configured. */
export interface FoundAlert {
  name: string;
  /** Its expression, or whatever says what it looks at. */
  query: string;
  /** When it fires, or why that cannot be read. */
  breach: { comparison: Comparison; threshold: number } | { unread: string };
  /** Why it would tell nobody. */
  off?: string;
  /** Why nobody knows whether it would. */
  unproven?: string;
}

export interface WantedAlert {
  name: string;
  breach: { comparison: Comparison; threshold: number };
  words: readonly string[];
}

/**
 * Of several alerts of one name, as there are for several severities, one must be right.
 * @returns what is wrong, or nothing
 */
export function wrongWith(wanted: WantedAlert, found: readonly FoundAlert[]): string | undefined {
  const wrongs = found.map((alert) => wrongWithOne(wanted, alert));
  return wrongs.includes(undefined) ? undefined : wrongs.join('; ');
}

function wrongWithOne(wanted: WantedAlert, alert: FoundAlert): string | undefined {
  const doubt = alert.off ?? alert.unproven;
  if (doubt !== undefined) return `it is there, but ${doubt}`;
  const missing = wanted.words.filter((word) => !alert.query.includes(word));
  if (missing.length > 0) return `it does not look at ${missing.join(', ')}: ${alert.query.slice(0, 160)}`;
  if ('unread' in alert.breach) return `its threshold cannot be read: ${alert.breach.unread}`;
  const { comparison, threshold } = alert.breach;
  const { breach } = wanted;
  if (comparison === breach.comparison && equal(threshold, breach.threshold)) return undefined;
  return `it fires at ${comparison} ${threshold}, not at ${breach.comparison} ${breach.threshold}`;
}

/** 0.02 is 0.02, however it was reckoned. */
const equal = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
