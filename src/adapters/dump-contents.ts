/** The list of contents of a dump, held against the catalogue of the database that it was made of. */
import { execa } from 'execa';
import { countKinds, type Entry, label } from './database-inventory.js';
import { type DumpTools, said } from './dump.js';

export interface DumpList {
  /** The list as pg_restore prints it, and takes it back by `--use-list`. */
  text: string;
  /** The database that was dumped, as the dump says. */
  database?: string;
}

/** Room for some hundred thousand objects, characters. */
const LONGEST_LIST = 32 * 1024 * 1024;

/** @returns what is wrong instead, when pg_restore finds no list in the file */
export async function listDump(
  tools: DumpTools,
  file: string,
  signal: AbortSignal,
): Promise<DumpList | { wrong: string }> {
  const run = await execa(tools.pgRestore, ['--list', file], {
    reject: false,
    cancelSignal: signal,
    stdin: 'ignore',
    maxBuffer: LONGEST_LIST,
  });
  signal.throwIfAborted();
  if (run.isMaxBuffer) return { wrong: `the dump's list of contents is longer than ${LONGEST_LIST} characters` };
  if (run.failed) return { wrong: `pg_restore finds no list of contents: ${said(run.stderr, run.code)}` };
  return { text: run.stdout, database: /^; {5}dbname: (.*)$/m.exec(run.stdout)?.[1] };
}

/** A line is `3189; 1259 16399 INDEX public ix owner`. Names may hold spaces, so the catalogue's numbers tell what it is. */
const LINE = /^\d+; (\d+ \d+)( TABLE DATA(?= ))?/;

/** Every table with its data, every view, sequence, valid index and constraint must be listed, and of this database. */
export function judgeContents(list: DumpList, database: string, entries: Entry[]): { ok: boolean; text: string } {
  if (list.database !== database) {
    return { ok: false, text: `the dump is of the database ${list.database ?? '(unnamed)'}, not of ${database}` };
  }
  const listed = new Set(list.text.split('\n').map((line) => LINE.exec(line)?.slice(1).join('')));
  const wanted = entries.filter(({ valid }) => valid);
  const missing = wanted.filter(({ id }) => !listed.has(id)).map(label);
  // Rows are listed apart: under the table's own number, with 0 for the catalogue.
  const empty = wanted.filter((entry) => entry.rows && !listed.has(`0 ${entry.id.split(' ')[1]} TABLE DATA`));
  missing.push(...empty.map(({ name }) => `the rows of ${name}`));
  const invalid = entries.filter(({ valid }) => !valid).map(label);
  const leftOut = invalid.length > 0 ? `; left out by pg_dump because they are not valid: ${invalid.join(', ')}` : '';
  if (missing.length > 0) return { ok: false, text: `the dump lacks ${missing.join(', ')}${leftOut}` };
  const nothing = wanted.length === 0 ? 'the database is empty, and so is the dump' : undefined;
  return {
    ok: true,
    text: `${nothing ?? `the dump lists ${countKinds(wanted)}: all that the catalogue has`}${leftOut}`,
  };
}
