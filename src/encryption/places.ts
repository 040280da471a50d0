/** Where a payload belongs and what it is for: what its ciphertext is bound to, so that it is worth nothing elsewhere. */
import type { Payload, SerializationContext } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';

/**
 * Written in clear beside the ciphertext, as its associated data: whoever has no context, as the Web UI, can decode it all
 * the same, and whoever has one holds it against this.
 */
export interface PayloadPlace {
  namespace?: string;
  workflowId?: string;
  /** Its activity's ID. */
  activity?: string;
  /** What it is for: one of {@link USES}, with the name of the message where it is one. */
  use: string;
}

/** What payloads are for, as far as something is done with them. */
export const USES = {
  start: 'start',
  /** The start of a schedule's runs, whose workflow IDs are its own and the time. */
  scheduledStart: 'scheduled start',
  result: 'result',
  input: (activity: string) => `input ${activity}`,
  signal: (name: string) => `signal ${name}`,
  update: (name: string) => `update ${name}`,
  query: (name: string) => `query ${name}`,
  failure: (type: string) => `failure ${type}`,
  /** What is shown, and that alone. */
  shown: 'shown',
};

/** What an encoding begins with that says why a payload cannot be read now, and may be later. */
export const UNREADABLE = 'unreadable. ';

/** Inside of a process, never in Temporal: a decoded payload's use, and what its ciphertext is told from others by. */
const USE = 'surefoot-use';
const SEAL = 'surefoot-seal';

export const placeIn = (context: SerializationContext | undefined, use: string): PayloadPlace => ({
  ...(context ? { namespace: context.namespace, workflowId: context.workflowId } : {}),
  ...(context?.type === 'activity' ? { activity: context.activityId } : {}),
  use,
});

/** A schedule appends when it is to its workflow's ID. */
const SCHEDULED = /^-\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Whether what was bound to a place is at it. @param anyNamespace a replay of a report does not know its namespace */
export function isAt(place: PayloadPlace, context: SerializationContext, anyNamespace = false): boolean {
  const { namespace, workflowId = '', activity } = placeIn(context, place.use);
  if (!place.workflowId || place.activity !== activity) return false;
  if (!anyNamespace && place.namespace !== namespace) return false;
  if (place.workflowId === workflowId) return true;
  const after = workflowId.startsWith(place.workflowId) ? workflowId.slice(place.workflowId.length) : '';
  return place.use === USES.scheduledStart && SCHEDULED.test(after);
}

export const placeInWords = ({ workflowId = 'nowhere', activity, use }: PayloadPlace): string =>
  `the ${use} of ${activity === undefined ? '' : `activity ${activity} of `}${workflowId}`;

/** For whom encodes it. */
export const markedFor = (use: string, payload: Payload): Payload => withMetadata(payload, { [USE]: encode(use) });

/** For whom has decoded it. */
export const markedAs = (use: string, seal: string, payload: Payload): Payload =>
  withMetadata(payload, { [USE]: encode(use), [SEAL]: encode(seal) });

export const useOf = (payload: Payload | null | undefined): string | undefined => text(payload, USE);
export const sealOf = (payload: Payload | null | undefined): string | undefined => text(payload, SEAL);

/** As it travels. */
export function unmarked(payload: Payload): Payload {
  const { [USE]: _, [SEAL]: __, ...metadata } = payload.metadata ?? {};
  return { ...payload, metadata };
}

const withMetadata = (payload: Payload, more: Payload['metadata']): Payload => ({
  ...payload,
  metadata: { ...payload.metadata, ...more },
});

function text(payload: Payload | null | undefined, key: string): string | undefined {
  const written = payload?.metadata?.[key];
  return written ? decode(written) : undefined;
}
