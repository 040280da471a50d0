/** How far a dump or a restore is, in words: heartbeats tell it, and need it at once. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { DumpList } from '../../adapters/backup/dump-contents.js';

/** Of one activity: what it is at now. */
export class ToolProgress {
  private look: () => string | undefined = () => undefined;

  readonly text = (): string | undefined => {
    try {
      return this.look();
    } catch {
      // Its file is not there yet, or no longer.
      return undefined;
    }
  };

  at(look: () => string | undefined): void {
    this.look = look;
  }
}

/** @param file that pg_dump writes */
export const bytesDumped = (file: string) => (): string => `${statSync(file).size} bytes dumped`;

/** pg_restore --verbose, when it begins with the rows of a table. */
const TABLE = /^pg_restore: processing data for table /gm;

/** Bytes that one look reads; the next goes on from there. */
const MOST_AT_ONCE = 4_000_000;
const LONGEST_LINE = 10_000;

/** How many tables a dump has the rows of. */
export const tablesIn = ({ entries }: DumpList): number => entries.filter(({ kind }) => kind === 'TABLE DATA').length;

/** @param log what pg_restore says: read on from where it was read to. @param all how many tables it is to restore */
export function tablesRestored(log: string, all: number): () => string {
  let read = 0;
  let begun = 0;
  let line = '';
  return () => {
    const fresh = line + readFrom(log, read);
    read += fresh.length - line.length;
    const end = fresh.lastIndexOf('\n') + 1;
    line = fresh.slice(end).slice(-LONGEST_LINE);
    begun += fresh.slice(0, end).match(TABLE)?.length ?? 0;
    return `${begun} of ${all} tables restored or begun`;
  };
}

function readFrom(file: string, position: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const fresh = Math.max(0, fstatSync(descriptor).size - position);
    const buffer = Buffer.alloc(Math.min(fresh, MOST_AT_ONCE));
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, position));
  } finally {
    closeSync(descriptor);
  }
}
