/** A decision as it was sent, by whoever it was: read, or refused in words. */

import { inert, isInert } from '../inert.js';
import type { DecisionKind } from '../ledger/decision-kinds.js';
import { type Decision, type DecisionRecord, ROLLBACK_KINDS } from '../ledger/ledger.js';
import { LONGEST_ENVELOPE } from './room.js';

const TEXT_FIELDS = [
  'who',
  'role',
  'why',
  'subject',
  'deployment',
  'digest',
  'option',
  'revision',
  'backup',
  'signature',
  'to',
  'envelope',
  'build',
] as const;

const LONGEST_TEXT = 2_000;

/**
 * Reads a decision from whatever was sent. Signals come from the Web UI and from anybody: garbage is refused in words.
 */
export function readDecision(kind: DecisionKind, sent: unknown): Decision | { invalid: string } {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    return { invalid: 'send one JSON object such as {"who": "ana", "role": "qa"}' };
  }
  const said = (sent as Record<string, unknown>).kind;
  // What was said by an update and is sent again under another name is not what its sender has said.
  if (said !== undefined && said !== kind)
    return { invalid: `it says "kind": ${JSON.stringify(said)?.slice(0, 40)}, and was sent as ${kind}` };
  const decision: Record<string, string> = {};
  for (const field of TEXT_FIELDS) {
    const value = (sent as Record<string, unknown>)[field];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string') return { invalid: `"${field}" must be a text` };
    const longest = field === 'envelope' ? LONGEST_ENVELOPE : LONGEST_TEXT;
    if (value.length > longest) return { invalid: `"${field}" is longer than ${longest} characters` };
    // Two names that look alike would be two people on the board, and one to who reads it.
    if (field !== 'why' && field !== 'signature' && field !== 'envelope' && !isInert(value))
      return { invalid: `"${field}" holds characters that cannot be seen` };
    // A blank reason is none.
    if (field !== 'why' || value.trim() !== '') decision[field] = field === 'why' ? inert(value) : value;
  }
  if (!decision.who) return { invalid: '"who" is missing: the ID of a person on the plan\'s roster' };
  if (!decision.role) return { invalid: '"role" is missing: the role in which this person decides' };
  if (decision.option !== undefined && !ROLLBACK_KINDS.some((way) => way === decision.option)) {
    return { invalid: `"option" must be one of ${ROLLBACK_KINDS.join(', ')}` };
  }
  return { ...decision, kind } as Decision;
}

/** What was refused, short enough for hundreds of them to be carried in one payload, whatever was sent. */
export function inShort(record: DecisionRecord): DecisionRecord {
  const cut = Object.entries(record).map(([field, value]) =>
    typeof value === 'string' ? [field, value.slice(0, field === 'reason' ? 300 : 80)] : [field, value],
  );
  return Object.fromEntries(cut) as DecisionRecord;
}
