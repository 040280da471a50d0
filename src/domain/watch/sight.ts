/** How much of a watch anything was known in, by the readings of one criterion in the order of their times. Pure. */
import { formatDuration } from '../duration.js';

/** Times and spans of the watch, milliseconds. */
export interface Sight {
  /** When the watch began. */
  from: number;
  /** When it was last looked; when the watch began, before the first look. */
  to: number;
  /** How far apart two looks may be; where they are further, nobody has looked in between. */
  longestGap: number;
  /** For how long nothing was known. */
  blind: number;
  /** For how much of that nobody has looked. */
  missed: number;
}

/** One look that comes late, or not at all, is no hole; three are. */
const LOOKS_OF_A_HOLE = 3;

/** @param every how often it is to be looked, milliseconds */
export const newSight = (from: number, every: number): Sight => ({
  ...{ from, to: from, longestGap: LOOKS_OF_A_HOLE * every },
  ...{ blind: 0, missed: 0 },
});

/** What a look says, it says of the time since the one before. */
export function looked(sight: Sight, { at, known }: { at: number; known: boolean }): Sight {
  const span = Math.max(at - sight.to, 0);
  const missed = span > sight.longestGap ? span : 0;
  return {
    ...sight,
    to: Math.max(at, sight.to),
    blind: sight.blind + (known ? missed : span),
    missed: sight.missed + missed,
  };
}

/** Who saw nothing for half of the time has not watched. */
export const isMostlyBlind = ({ from, to, blind }: Sight): boolean => blind > 0 && 2 * blind >= to - from;

/** `blind for 13 h of 24 h (nobody looked for 12 h; connection refused)`. @param reason why a look showed nothing */
export function blindText({ from, to, blind, missed }: Sight, reason: string | undefined): string {
  const why = [
    ...(missed > 0 ? [`nobody looked for ${formatDuration(missed)}`] : []),
    ...(blind > missed && reason !== undefined ? [reason] : []),
  ];
  const because = why.length > 0 ? ` (${why.join('; ')})` : '';
  return `blind for ${formatDuration(blind)} of ${formatDuration(to - from)}${because}`;
}
