/** The records of one command as they are read: what was started, how it ended, and what of it runs now. */
import { join } from 'node:path';
import { LARGEST_RECORD, readText } from '../../files/bounded-files.js';
import { processIdentity, processPlace } from './process-identity.mjs';
import { type Remains, type Survivor, survivors } from './survivors.mjs';

/** Records without a format are of the first one. */
const FORMAT = 1;

/** How a command ended. */
export interface RecordedEnd {
  kind: 'ended';
  code: number | null;
  signal: string | null;
  /** Why it was killed, when it was. */
  stopReason?: 'stopped' | 'timed out';
  /** What of it could not be killed. */
  alive?: Survivor[];
  /** Why it could not be started, when it could not. */
  error?: string;
  startedAt: number;
  endedAt: number;
  milliseconds: number;
}

/** A process as it was when its record was written. */
interface RecordedProcess {
  pid: number;
  identity?: string;
}

/** Who runs the command. */
export interface Claim extends RecordedProcess {
  place?: string;
  startedAt: number;
}

/** Records appear whole: one that is empty or broken was spoiled later, by a full disk or a lost one. */
export class UnreadableRecord extends Error {
  constructor(readonly file: string) {
    super(`${file} cannot be understood`);
  }
}

/** Whoever claimed the command, from when on it must not be started again. @throws UnreadableRecord */
export const readClaim = (folder: string): Promise<Claim | undefined> =>
  readRecord<Claim>(join(folder, 'started.json'));

/** @throws UnreadableRecord */
export async function readEnd(folder: string): Promise<RecordedEnd | undefined> {
  const end = await readRecord<Omit<RecordedEnd, 'kind'>>(join(folder, 'exit.json'));
  return end && { ...end, kind: 'ended' };
}

export const isRunning = ({ pid, identity }: RecordedProcess): boolean => {
  const present = processIdentity(pid);
  return present !== undefined && present === identity;
};

/** Why it cannot be seen from here whether a command runs; undefined where it can. */
export function whyUnseen({ place }: Claim): string | undefined {
  const here = processPlace();
  if (place === undefined || here === undefined || place === here) return undefined;
  const [boot] = place.split(' ');
  return here.startsWith(`${boot} `)
    ? 'it was started in another container, or before this one was made anew'
    : 'it was started on another machine, or before this one was started anew';
}

/** What of a command is to be looked for. @throws UnreadableRecord */
export async function remainsOf(folder: string): Promise<Remains> {
  const command = await readRecord<RecordedProcess>(join(folder, 'command-pid.json'));
  if (command?.identity === undefined) return { folder };
  const present = processIdentity(command.pid);
  const place = (await readClaim(folder))?.place;
  const isHere = place !== undefined && place === processPlace();
  // In another container, after another start of the machine, or where its pid was given away, the group of that number is
  // somebody else's.
  const isItsOwn = present === command.identity || (present === undefined && isHere);
  return isItsOwn ? { folder, group: command.pid } : { folder };
}

/** What of a command runs here. @throws UnreadableRecord */
export const aliveIn = async (folder: string): Promise<Survivor[]> => survivors(await remainsOf(folder));

async function readRecord<T extends object>(file: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readText(file, LARGEST_RECORD);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const content = JSON.parse(text) as (T & { format?: number }) | null;
    if (typeof content === 'object' && content !== null && (content.format ?? FORMAT) === FORMAT) return content;
  } catch {
    // Said below.
  }
  throw new UnreadableRecord(file);
}
