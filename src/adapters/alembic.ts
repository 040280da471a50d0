/** Reads what alembic prints (1.20; the forms are listed in its `current` command). */

/** alembic said something that is no answer, an error for example. The message is for people. */
export class UnreadableRevision extends Error {}

/**
 * The revisions in the output of `alembic current` or `alembic heads`: more than one when there are several heads.
 * @returns none when the database has no revision yet
 * @throws {UnreadableRevision} for `FAILED: …` and for words that are no revision
 */
export function readRevisions(output: string): string[] {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const failure = lines.find((line) => line.startsWith('FAILED'));
  if (failure) throw new UnreadableRevision(failure);
  const revisions = lines
    .filter((line) => /^[\w.@+-]+(\s+\([\w ,]+\))*$/.test(line))
    .map((line) => line.split(/\s+/)[0]);
  const found = [...new Set(revisions.filter((revision) => revision !== undefined))];
  if (found.length === 0 && lines.some((line) => line !== '')) {
    throw new UnreadableRevision(
      `No revision can be read in: ${lines.filter(Boolean).slice(0, 3).join(' / ').slice(0, 200)}`,
    );
  }
  return found;
}

/** The revision without the date in front that file names have: `20251124_1151_5403edb1d087` is `5403edb1d087`. */
export const bareRevision = (text: string): string => text.replace(/^\d{8}_\d{4,6}_/, '');

/** Whether two texts mean the same revision; the file-name form equals the bare one. */
export function sameRevision(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b;
  return a === b || a.endsWith(`_${b}`) || b.endsWith(`_${a}`);
}

/** Lines of a migration's output that warn. */
export const warningLines = (output: string): string[] =>
  output.split(/\r?\n/).filter((line) => /(\bwarn|warning)\b/i.test(line));
