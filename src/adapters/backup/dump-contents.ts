/** The list of contents of a dump, held against the catalogue of the database that it was made of. */
import { programVariables } from '../commands/program-variables.js';
import { endText, runShort } from '../commands/short-command.js';
import { countKinds, type Entry, label } from './database-inventory.js';
import { type DumpTools, said } from './dump.js';

export interface DumpEntry {
  /** Its own, in the dump. */
  number: number;
  /** As the catalogue of the dumped database numbers it: `1259 16399`. */
  id: string;
  /** As pg_dump writes it: `TABLE DATA`. */
  kind: string;
  /** For people: `event trigger audit`, `table public.plans`. */
  label: string;
  /** Numbers of the entries without which it can't be restored. */
  needs: number[];
}

export interface DumpList {
  entries: DumpEntry[];
  /** The database that was dumped, as the dump says. */
  database?: string;
}

/** Longest time for pg_restore to list a dump, milliseconds: it reads no rows. */
const LISTED_WITHIN = 10 * 60_000;

/** Room for some hundred thousand objects, bytes. */
export const LONGEST_LIST = 32 * 1024 * 1024;

/** @returns what is wrong instead, when pg_restore finds no list in the file */
export async function listDump(
  tools: DumpTools,
  file: string,
  signal: AbortSignal,
): Promise<DumpList | { wrong: string }> {
  const run = await runShort({
    argv: [tools.pgRestore, '--list', '--verbose', file],
    environment: { ...programVariables(), LC_ALL: 'C' },
    limit: LISTED_WITHIN,
    largest: LONGEST_LIST,
    signal,
  });
  signal.throwIfAborted();
  if (run.cut.stdout > 0) return { wrong: `the dump's list of contents is longer than ${LONGEST_LIST} bytes` };
  if (!run.ok)
    return { wrong: `pg_restore finds no list of contents: ${said(run.stderr, endText(run.end, LISTED_WITHIN))}` };
  return { entries: entriesOf(run.stdout), database: /^; {5}dbname: (.*)$/m.exec(run.stdout)?.[1] };
}

/** `3189; 1259 16399 INDEX public ix owner`, with `-` for what is in no schema. Names and owners may hold spaces. */
const LINE = /^(\d+); (\d+ \d+) ([A-Z]+(?: [A-Z]+)*) (.*)$/;
/** Stands below the entry that it is of. */
const NEEDS = /^;\tdepends on: ([\d ]+)$/;

export function entriesOf(list: string): DumpEntry[] {
  const entries: DumpEntry[] = [];
  for (const line of list.split('\n')) {
    const needs = NEEDS.exec(line)?.[1];
    if (needs !== undefined) entries.at(-1)?.needs.push(...needs.trim().split(' ').map(Number));
    const [, number, id, kind, rest] = LINE.exec(line) ?? [];
    if (number === undefined || id === undefined || kind === undefined || rest === undefined) continue;
    const [schema = '', ...name] = rest.split(' ').slice(0, -1);
    const label = `${kind.toLowerCase()} ${schema === '-' ? '' : `${schema}.`}${name.join(' ')}`;
    entries.push({ number: Number(number), id, kind, label, needs: [] });
  }
  return entries;
}

/** What a trial leaves out: it takes roles and rights that the scratch server has no reason to have. */
const NOT_TRIED: Record<string, string> = {
  ACL: 'rights',
  'DEFAULT ACL': 'default privileges',
  COMMENT: 'comments',
  'SECURITY LABEL': 'security labels',
  PUBLICATION: 'publications',
  SUBSCRIPTION: 'subscriptions',
  'DATABASE PROPERTIES': 'settings of the database',
};

/** What the dump holds and a trial restore does not try, in words: `owners, rights (3), comments (1)`. */
export function notTried({ entries }: DumpList): string {
  const counts = Object.entries(NOT_TRIED).flatMap(([kind, words]) => {
    const count = entries.filter((entry) => entry.kind === kind).length;
    return count > 0 ? [`${words} (${count})`] : [];
  });
  return ['owners', ...counts].join(', ');
}

/** Every table with its data, every view, sequence, valid index and constraint must be listed, and of this database. */
export function judgeContents(list: DumpList, database: string, entries: Entry[]): { ok: boolean; text: string } {
  if (list.database !== database) {
    return { ok: false, text: `the dump is of the database ${list.database ?? '(unnamed)'}, not of ${database}` };
  }
  const listed = new Set(list.entries.map(({ id, kind }) => (kind === 'TABLE DATA' ? `${id} ${kind}` : id)));
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
