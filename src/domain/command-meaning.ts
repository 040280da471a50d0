/** What the end of a command, or what is missing of one, means for its step and for whatever would follow it. Pure. */

/** What was seen of a command that was started. */
export interface SeenCommand {
  /** Missing when its recorder is gone and has left none. */
  end?: {
    code: number | null;
    signal: string | null;
    stopReason?: 'stopped' | 'timed out';
    /** Why it could not be started. */
    error?: string;
  };
  /** What of it runs still, in words. */
  alive: readonly string[];
  /** Why it cannot be seen whether it runs. */
  unseen?: string;
  /** A record that cannot be understood. */
  unreadable?: string;
  /** Its longest time, in words. */
  limit: string;
  /** It runs on another machine: what happens there is not seen from here. */
  isRemote?: boolean;
  /** What the connection's own failure says of it. */
  connection?: 'not-started' | 'lost';
}

/** `unknown`: nothing may follow it on its environment before somebody has said how it ended. */
export type CommandMeaning = { kind: 'succeeded' } | { kind: 'failed' | 'stopped' | 'unknown'; text: string };

/** The text goes after the command's name. */
export function meaningOf(command: SeenCommand): CommandMeaning {
  const { end, alive, isRemote, limit, connection } = command;
  if (end === undefined) return { kind: 'unknown', text: withoutEnd(command) };
  const { code, signal, stopReason, error } = end;
  if (error !== undefined) return { kind: 'failed', text: `could not be started (${error})` };
  const remains = [
    ...(isRemote ? ['its remote side may still be running'] : []),
    ...(alive.length > 0 ? [`${stillRuns(alive)} and could not be ended`] : []),
  ];
  const interrupted = (kind: 'failed' | 'stopped', how: string): CommandMeaning => ({
    kind: remains.length > 0 ? 'unknown' : kind,
    text: [how, ...remains].join('; '),
  });
  if (stopReason === 'timed out') return interrupted('failed', `took longer than ${limit} and was killed`);
  if (stopReason === 'stopped') return interrupted('stopped', 'was stopped by a cancellation');
  if (signal !== null) return interrupted('failed', `was killed by ${signal}`);
  if (code === 0) return { kind: 'succeeded' };
  if (connection === 'lost') return { kind: 'unknown', text: 'was started, then the connection was lost' };
  if (connection === 'not-started') return { kind: 'failed', text: 'was not started: no connection' };
  return { kind: 'failed', text: `ended with exit code ${code}` };
}

/** Nobody knows how it ended, and it is known that nothing of it runs any more. */
export const hasGone = ({ end, alive, unseen, unreadable, isRemote = false }: SeenCommand): boolean =>
  end === undefined && alive.length === 0 && unseen === undefined && unreadable === undefined && !isRemote;

function withoutEnd({ alive, unseen, unreadable, isRemote }: SeenCommand): string {
  if (unreadable !== undefined) {
    return `may have run: its record ${unreadable} is empty or cannot be understood; look at what it was to do`;
  }
  const here = alive.length > 0 ? `the command ${stillRuns(alive)}` : 'the command no longer runs';
  const seen = unseen === undefined ? here : `whether the command runs cannot be seen: ${unseen}`;
  const remote = isRemote ? '; its remote side may still be running' : '';
  return `was started, but its recorder was killed; ${seen}${remote}`;
}

const stillRuns = (alive: readonly string[]): string =>
  `still runs as process${alive.length > 1 ? 'es' : ''} ${alive.join(', ')}`;

/** An activity begins some; what names more was not written by one. */
const MOST_BEGUN = 100;

/**
 * The commands that attempts before have begun, as their heartbeats say. A server hands those on, and whoever reaches it can
 * write one: so they count for nothing but doubt. What a command has done, its record on the runner says.
 */
export function commandsBegun(heartbeat: unknown): string[] {
  const { begun } = (heartbeat ?? {}) as { begun?: unknown };
  if (!Array.isArray(begun)) return [];
  return begun.slice(0, MOST_BEGUN).filter((name): name is string => typeof name === 'string');
}
