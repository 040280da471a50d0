/** Clocks that ought to tell the same time, and how it is said when they do not. */
import { formatDuration } from '../duration.js';

/** So far clocks may be apart, milliseconds: as machines without NTP are, and as no honest ones are. */
export const CLOCKS_APART = 10 * 60_000;

/** @param ahead how much, milliseconds; behind where it is negative. @returns undefined where it is no more than clocks may be apart */
export function clockDifference(ahead: number): string | undefined {
  if (Math.abs(ahead) <= CLOCKS_APART) return undefined;
  return `${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'}`;
}
