/** Reads what alembic prints (1.20), and holds it against alembic's own table: each may be wrong by itself. */

/** A migration tool said something that is no answer, or nothing at all. The message is for people. */
export class UnreadableRevision extends Error {}

/** What alembic has printed, as far as its forms tell. */
interface Printed {
  /** Lines that alembic alone prints: `REV (head)`, `REV (mergepoint)`, `Rev: REV` with `--verbose`. */
  revisions: string[];
  /** Words by themselves: a revision that is no head, or whatever env.py prints. */
  words: string[];
}

/** What stands in parentheses behind a revision, besides the labels of its branch (`_head_only` in alembic's `Script`). */
const INDICATORS = ['head', 'effective head', 'current', 'branchpoint', 'mergepoint'];

function readPrinted(output: string): Printed {
  // What is indented is the text of a revision (`--verbose`), never the revision.
  const lines = output.split(/\r?\n/).map((line) => line.trimEnd());
  const failure = lines.find((line) => /^\s*FAILED\b/.test(line));
  if (failure) throw new UnreadableRevision(failure.trim());
  const verbose = lines.flatMap((line) => /^Rev: (\S+)/.exec(line)?.[1] ?? []);
  if (verbose.length > 0) return { revisions: distinct(verbose), words: [] };
  const revisions = lines.flatMap((line) => {
    const [, revision, groups = ''] = /^([^\s()]+)((?: \([^()]+\))+)$/.exec(line) ?? [];
    const isAlembics = [...groups.matchAll(/\(([^()]+)\)/g)].some(([, text = '']) => INDICATORS.includes(text));
    return revision !== undefined && isAlembics ? [revision] : [];
  });
  const words = lines.filter((line) => /^[\w.@+-]+$/.test(line));
  if (revisions.length + words.length === 0) unreadable(output);
  return { revisions: distinct(revisions), words: distinct(words).filter((word) => !revisions.includes(word)) };
}

/**
 * The database's revisions: what `alembic current` has printed, where alembic's own table says the same.
 * @param table the rows of `alembic_version`; null when the database has no such table
 * @returns none when neither knows one, several when the database has several heads
 * @throws {UnreadableRevision} when the two differ, for `FAILED: …` and for words that are no revision
 */
export function currentOf(output: string, table: string[] | null): string[] {
  const rows = table ?? [];
  const { revisions, words } = readPrinted(output);
  const among = (known: string[], revision: string) => known.some((other) => sameRevision(other, revision));
  const isConfirmed = rows.every((row) => among([...revisions, ...words], row));
  const others = revisions.filter((revision) => !among(rows, revision));
  // Several heads are refused as such; a head that a dependency implies has no row of its own.
  if (isConfirmed && (rows.length > 0 || revisions.length + words.length === 0)) return [...rows, ...others];
  const printed = [...revisions, ...words].join(', ') || 'nothing';
  const stored = table === null ? 'the database has no table alembic_version' : `alembic_version holds ${listed(rows)}`;
  throw new UnreadableRevision(`it printed ${printed}, and ${stored}: which revision the database is at is not known`);
}

/** The newest revisions of the code, as `alembic heads` prints them. @throws {UnreadableRevision} when it names none */
export function headsOf(output: string): string[] {
  const { revisions, words } = readPrinted(output);
  const heads = revisions.length > 0 ? revisions : words;
  if (heads.length === 0) throw new UnreadableRevision('it printed no head');
  return heads;
}

function unreadable(output: string): void {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const shown = lines.filter(Boolean).slice(0, 3).join(' / ').slice(0, 200);
  if (shown !== '') throw new UnreadableRevision(`No revision can be read in: ${shown}`);
}

const listed = (rows: string[]): string => rows.join(', ') || 'no revision';

const distinct = (texts: string[]): string[] => [...new Set(texts)];

/** The revision without the date in front that file names have: `20251124_1151_5403edb1d087` is `5403edb1d087`. */
export const bareRevision = (text: string): string => text.replace(/^\d{8}_\d{4,6}_/, '');

/** Whether two texts mean the same revision; the file-name form equals the bare one. */
export function sameRevision(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b;
  return a === b || bareRevision(a) === b || a === bareRevision(b);
}

/** Words that name a level where loggers put it, the longest first; `%(levelname)-5.5s` cuts them off. */
const LEVEL = /(?<![\w-])(DEBUG|INFO|NOTICE|LOG|WARNING|WARNI|WARN|ERROR|CRITICAL|CRITI|FATAL)(?![\w-])/;
/** Python's `warnings` (`file.py:7: UserWarning: …`), and programs that begin a line with the word. */
const CATEGORY = /^(?:\S+:\d+:\s*)?\w*Warning: |^warn(?:ing)?: /i;
/** Lines of fields: `level=warn`, `"levelname": "WARNING"`; 40 is what node's loggers write. */
const FIELD = /\b(?:level|levelname|lvl|severity)"?\s*[=:]\s*(?:"?warn(?:ing)?\b|40\b)/i;
/** What alembic says it runs ends with the title of the revision, which may be any text. */
const TITLE = /(\bRunning (?:upgrade|downgrade) [^,]*),.*/;

/** Lines of a migration's output that warn: by the level that they have, not by the words that they hold. */
export const warningLines = (output: string): string[] =>
  output.split(/\r?\n/).filter((line) => {
    const text = line.replace(TITLE, '$1');
    return LEVEL.exec(text)?.[1]?.startsWith('WARN') || CATEGORY.test(text) || FIELD.test(text);
  });
