/** What every place for dumps does, and the names that dumps have there. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileStream } from '../../files/bounded-files.js';

/** Whose dumps a store is asked for, and how long they are kept. */
export interface Keeping {
  service: string;
  environment: string;
  /** Milliseconds. */
  retention: number;
  signal: AbortSignal;
}

export const DAY = 24 * 3_600_000;

export interface StoredDump {
  name: string;
  /** When it was made, epoch milliseconds. */
  at: number;
  bytes: number;
}

export interface RetentionFinding {
  ok: boolean;
  text: string;
}

/** What trying a store has shown. */
export interface StoreProbe extends RetentionFinding {
  /** `store`; `store-write`, `retention` where each is tried by itself. */
  name: string;
  /** What to do about it. */
  advice?: string;
  /** It would not have failed, and is worth knowing. */
  note?: true;
}

/** Failures of the store itself are thrown, as errors whose messages hold nothing secret. */
export interface OpenStore {
  /** Dumps of this service and environment, the oldest first. */
  list(): Promise<StoredDump[]>;
  /**
   * Stores a file that nobody needs any more afterwards, once, and reads back what is there. One that is there already
   * with the same content is as good; with other content it is a failure, and is left as it is.
   * @returns where it is, when it is there whole
   */
  keep(
    file: string,
    dump: { name: string; bytes: number; sha256: string },
  ): Promise<RetentionFinding & { location?: string }>;
  /**
   * Copies what is kept at a location that {@link keep} gave into a file; more than was kept is a failure.
   * @returns its sha256
   */
  fetch(kept: { location: string; bytes: number }, file: string): Promise<string>;
  /** Sees to it that dumps are kept as long as they should be and not much longer; `name` has just been stored. */
  retain(dump: { name: string; bytes: number }): Promise<RetentionFinding>;
  /** Tries what a backup will ask of it, as far as that can be seen without writing anything. */
  probe(): Promise<StoreProbe[]>;
}

/** `20251124T115100Z_eduautismo-20251124-115000-4f3a_1_8d969eef6eca.dump`: sorts by time, and never names two contents. */
export function dumpName(dump: { at: number; deployment: string; generation: number; sha256: string }): string {
  const stamp = new Date(dump.at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const deployment = dump.deployment.replaceAll(/[^\w.-]/g, '-');
  return `${stamp}_${deployment}_${dump.generation}_${dump.sha256.slice(0, 12)}.dump`;
}

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z_[\w.-]+_\d+_[0-9a-f]{12}\.dump$/;

/** When the dump of this name was made, epoch milliseconds; undefined when the name is not of our making. */
export function timeOfName(name: string): number | undefined {
  const [year, month, day, hour, minute, second] = NAME.exec(name)?.slice(1).map(Number) ?? [];
  if (year === undefined || month === undefined) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Of what has grown since it was kept. */
export const moreThan = (bytes: number): string => `more than the ${bytes} bytes that were stored`;

/** sha256 in hexadecimal. */
async function hashOfStream(content: Readable, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(content, hash, { signal });
  return hash.digest('hex');
}

export const hashOfFile = async (file: string, signal?: AbortSignal): Promise<string> =>
  hashOfStream(await fileStream(file), signal);
