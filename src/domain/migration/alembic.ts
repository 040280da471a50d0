/** alembic (1.20): what it prints, held against its own table, as each may be wrong by itself; and its files. */
import { NO_REVISION } from '../rollback/destination.js';
import { alembicHeads } from './alembic-files.js';
import { type MigrationTool, type ReleaseFiles, type RevisionFile, UnreadableRevision } from './migration-tool.js';
import { warningLines } from './warnings.js';

/** The table in which alembic itself writes where the database is. */
const TABLE = 'alembic_version';

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
  const lines = output.split('\n').map((line) => line.trimEnd());
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
  const stored = table === null ? `the database has no table ${TABLE}` : `${TABLE} holds ${listed(rows)}`;
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
  const lines = output.split('\n').map((line) => line.trim());
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

/** What alembic says it runs ends with the title of the revision, which may be any text. */
function untitled(line: string): string {
  const start = line.search(/\bRunning (?:upgrade|downgrade) /);
  const comma = start < 0 ? -1 : line.indexOf(',', start);
  return comma < 0 ? line : line.slice(0, comma) + line.slice(comma).replace(/^.*/, '');
}

/** Finds the file by what it says of itself: its name is any. */
async function inspect(release: ReleaseFiles, revision: string): Promise<RevisionFile | undefined> {
  const pattern = `^revision(: *str)? *= *['"]${bareRevision(revision).replaceAll(/[^\w-]/g, '.')}['"]`;
  const [name] = (await release.holding(pattern)).filter((file) => file.endsWith('.py'));
  if (name === undefined) return undefined;
  const source = await release.content(name);
  return { name, problem: wrongWithDowngrade(source), drops: dropsIn(bodyOf(source, 'upgrade')) };
}

/** What is obviously wrong with a file's way back. */
export function wrongWithDowngrade(source: string): string | undefined {
  if (!/^def downgrade\(/m.test(source)) return 'it has no downgrade';
  const statements = bodyOf(source, 'downgrade');
  if (statements.every((line) => line === 'pass' || line === '...')) return 'its downgrade does nothing';
  if (statements[0]?.startsWith('raise ')) return 'its downgrade raises an error';
  return undefined;
}

/** The lines of a function at the file's top, without comments, blank lines and its docstring. */
function bodyOf(source: string, name: string): string[] {
  const lines = source.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith(`def ${name}(`));
  if (start < 0) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^\S/.test(line) && !line.startsWith('#'));
  return (end < 0 ? rest : rest.slice(0, end))
    .join('\n')
    .replace(/^\s*("""|''')[\s\S]*?\1/, '')
    .split(/[\r\n\u2028\u2029]/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(Boolean);
}

const dropsIn = (statements: string[]): string[] =>
  [...statements.join('\n').matchAll(/op\.drop_(table|column)\(\s*["']([\w.]+)["'](?:\s*,\s*["'](\w+)["'])?/g)].map(
    ([, kind, first, second]) => (kind === 'table' ? `table ${first}` : `column ${first}.${second ?? '?'}`),
  );

export const ALEMBIC: MigrationTool = {
  table: { name: TABLE, revisions: (table) => `select version_num as revision from ${table} order by 1` },
  current: currentOf,
  cannotName: (output) => /Can't locate revision identified by '([^'\n]+)'/.exec(output)?.[1],
  heads: headsOf,
  same: sameRevision,
  upgradeTo: bareRevision,
  downgradeTo: (revision) => revision ?? NO_REVISION,
  warnings: (output) => warningLines(output, untitled),
  inspect,
  newest: alembicHeads,
  merge: 'alembic merge',
  first: {
    settings: { file: 'alembic.ini', holding: /^\s*\[alembic\]/m },
    mentioned: /\balembic (?:upgrade|current|downgrade)\b/,
    commands: {
      current: ['alembic', 'current'],
      heads: ['alembic', 'heads'],
      upgrade: ['alembic', 'upgrade', 'head'],
      downgrade: ['alembic', 'downgrade', '{revision}'],
    },
    advice: 'whether alembic is on the server’s PATH; else name its folder in `environments`, as `tools`.',
  },
};
