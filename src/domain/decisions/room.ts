/** How much signed words may take up: all of them travel with each act, and whoever reaches Temporal can send more. */
import { DECISION_KINDS, type DecisionKind } from '../ledger/decision-kinds.js';

/** Longest envelope that is read, characters: an RSA signature of 16,384 bits and 2,000 characters of reason. */
export const LONGEST_ENVELOPE = 16_000;

interface Room {
  envelopes: number;
  /** Of all envelopes together. */
  characters: number;
}

/** Far below the two megabytes that Temporal carries at once, plan and all. */
const ROOM: Room = { envelopes: 200, characters: 1_000_000 };

/** What stops a deployment still finds room when everything else has taken up its own. */
const ROOM_TO_STOP: Room = { envelopes: 300, characters: 1_500_000 };

/** So many may be looked at at once. */
const MOST_AT_ONCE = 20;

interface Sealed {
  accepted?: boolean;
  envelope?: string;
}

/** @returns why envelopes are too many or too long to go by */
export function whyTooMany(said: readonly Sealed[], room: Room = ROOM_TO_STOP): string | undefined {
  const sealed = said.flatMap(({ envelope }) => envelope ?? []);
  const characters = sealed.reduce((sum, { length }) => sum + length, 0);
  if (sealed.length > room.envelopes) return `more than ${room.envelopes} signed decisions`;
  return characters > room.characters ? `more than ${room.characters} characters of signed decisions` : undefined;
}

/** @returns why one more signed decision is not taken */
export function whyNoRoom(
  { decisions, claims }: { decisions: readonly Sealed[]; claims: readonly unknown[] },
  decision: Sealed & { kind: DecisionKind },
): string | undefined {
  if (claims.length >= MOST_AT_ONCE) return `${claims.length} signatures are being verified: say it again in a moment`;
  const counting = decisions.filter((other) => other.accepted && other !== decision);
  const room = 'stops' in DECISION_KINDS[decision.kind] ? ROOM_TO_STOP : ROOM;
  const tooMany = whyTooMany([...counting, decision], room);
  return tooMany && `a deployment goes by no ${tooMany}: only what stops it is still taken`;
}
