/**
 * What pg_restore could not do, entry by entry, and which of it says nothing against the dump: the user who restores lacks
 * a right, the server a role or an extension, and whatever needs what was not made for that can't be made either.
 */
import { quotable } from '../postgres/quotable.js';
import type { DumpEntry } from './dump-contents.js';

export interface RestoreFailure {
  /** The entry in the dump's list; missing when it is none's. */
  entry?: DumpEntry;
  /** The first line of what the server said, as far as it may be shown. */
  reason: string;
  /** The same of the command that failed: `ALTER TABLE public.plans OWNER TO other`. */
  command: string;
}

/** @param stderr of `pg_restore --verbose`, which alone says to which entry an error belongs */
export function readFailures(stderr: string, entries: DumpEntry[]): RestoreFailure[] {
  const failures: RestoreFailure[] = [];
  let entry: DumpEntry | undefined;
  for (const message of stderr.split(/^(?=pg_restore: )/m)) {
    const number = /^pg_restore: from TOC entry (\d+);/.exec(message)?.[1];
    if (number !== undefined) entry = entries.find((one) => one.number === Number(number));
    if (!message.startsWith('pg_restore: error: ')) continue;
    // A newer pg_restore asks every server for a setting that came with version 17; nothing is lost where it is refused.
    if (message.includes('"transaction_timeout"')) continue;
    // The details tell what of the first line may be shown.
    const [said = ''] = quotable(message).split('\n');
    const reason = /[A-Z]{3,}: {1,2}(.*)/.exec(said)?.[1] ?? said;
    const command = /^Command was: (.*?);?$/m.exec(message)?.[1];
    failures.push({ entry, reason, command: command === undefined ? '' : quotable(command) });
  }
  return failures;
}

/** The user may not, or the server has no such role; as PostgreSQL says it in English. */
const NOT_OF_THE_DUMP =
  /permission denied|[Mm]ust be (a )?superuser|only (a )?superusers?|must be (able to SET ROLE|(a )?member of|owner of)|^role ".*" does not exist/;

/** What holds no rows, and is as the server is where it is restored. */
const OF_THE_SERVER = ['EXTENSION', 'USER MAPPING', 'PUBLICATION', 'PUBLICATION TABLE', 'PUBLICATION TABLES IN SCHEMA'];

/** Whether an entry failed by where it was restored, and not by what it is. */
export function isOfTheServer({ entry, reason }: RestoreFailure): boolean {
  if (entry === undefined) return false;
  if (OF_THE_SERVER.includes(entry.kind) || NOT_OF_THE_DUMP.test(reason)) return true;
  // Row security that holds for the owner too lets no owner read the rows that the view is made of.
  return entry.kind === 'MATERIALIZED VIEW DATA' && reason.includes('row-level security');
}

/** Entries without which a restored database has not all rows, or can't find them as before. */
const ESSENTIAL =
  /^(TABLE|TABLE DATA|TABLE ATTACH|INDEX|INDEX ATTACH|CONSTRAINT|FK CONSTRAINT|SEQUENCE|SEQUENCE SET|BLOBS?|BLOB METADATA)$/;

export interface Judged {
  /** What the dump, or the restore itself, is to blame for. */
  wrong: RestoreFailure[];
  /** Entries that are not there, with the reason. */
  without: { entry: DumpEntry; text: string }[];
}

/** @param mayFail whether an entry may be missing for the reason given; what needs it may be, then, too */
export function judgeFailures(
  failures: RestoreFailure[],
  entries: DumpEntry[],
  mayFail: (failure: RestoreFailure) => boolean,
): Judged {
  const missing = new Set(failures.filter(mayFail).flatMap(({ entry }) => entry?.number ?? []));
  const needing = closure(missing, entries);
  const without: Judged['without'] = [];
  const wrong: RestoreFailure[] = [];
  for (const failure of failures) {
    const { entry, reason } = failure;
    if (entry && needing.has(entry.number)) without.push({ entry, text: `${entry.label} (${reason})` });
    else wrong.push(failure);
  }
  return { wrong, without };
}

export const isEssential = ({ kind }: DumpEntry): boolean => ESSENTIAL.test(kind);

/** These entries, and all that need one of them. */
function closure(first: Set<number>, entries: DumpEntry[]): Set<number> {
  const found = new Set(first);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { number, needs } of entries) if (needs.some((need) => found.has(need))) found.add(number);
  }
  return found;
}
