/** A process that still runs. */
export interface Survivor {
  pid: number;
  /** The program's name, as the system has it: no arguments, for they may hold secrets. */
  name: string;
}

export interface Remains {
  /** Of the command's records. */
  folder: string;
  /** The command's process group, where it is known to be its own still. */
  group?: number;
}

/**
 * What of a command runs now: by its mark, also in sessions of their own, and by its group. Not seen is what has taken
 * another user's rights and left the group, or has written over its own environment and left it; nor, where there is no
 * /proc, whatever has left the group.
 */
export function survivors(remains: Remains): Survivor[];

/** Ends what is left of a command: SIGTERM, then SIGKILL. @returns what could not be ended */
export function endSurvivors(remains: Remains): Promise<Survivor[]>;
