import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../../../domain/duration.js';

/** A time ago (`30d`) or a date, this machine's. @returns epoch milliseconds */
export function since(text: string): number {
  const ago = parseDuration(text);
  if (ago !== undefined) return Date.now() - ago;
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00`) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('Write how long ago, for example 30d, or a date: 2025-11-24.');
  return at;
}
