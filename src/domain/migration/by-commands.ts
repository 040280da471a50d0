/**
 * Any tool that is known by the plan's commands only: they print a revision by itself, as the last line; and by its query,
 * which gives it out of the tool's own table. Where there are both, they have to say the same.
 */
import { NO_REVISION } from '../rollback/destination.js';
import { type MigrationTool, UnreadableRevision } from './migration-tool.js';
import { warningLines } from './warnings.js';

export const BY_COMMANDS: MigrationTool = {
  current: (output, stored) => {
    const last = linesOf(output).at(-1);
    if (last === undefined) {
      throw new UnreadableRevision(
        `it printed nothing. Let it print \`${NO_REVISION}\` where there is no revision yet`,
      );
    }
    const printed = last === NO_REVISION ? [] : [oneWord(last)];
    if (stored === null || printed.join() === stored.join()) return printed;
    const held = `the database holds ${stored.join(', ') || 'no revision'}`;
    throw new UnreadableRevision(`it printed ${last}, and ${held}: which revision the database is at is not known`);
  },
  heads: (output) => {
    const heads = linesOf(output).map(oneWord);
    if (heads.length === 0) throw new UnreadableRevision('it printed no head');
    return [...new Set(heads)];
  },
  same: (a, b) => a === b,
  upgradeTo: (revision) => revision,
  downgradeTo: (revision) => revision ?? NO_REVISION,
  warnings: (output) => warningLines(output),
};

/** The revisions that a query gives, one a row; null is none. @throws {UnreadableRevision} for what is no revision */
export const revisionsIn = (values: unknown[]): string[] => [
  ...new Set(values.flatMap((value) => (value === null || value === undefined ? [] : [oneWord(String(value))]))),
];

const linesOf = (output: string): string[] =>
  output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);

/** Longest revision, characters. */
const LONGEST = 250;

function oneWord(line: string): string {
  if (/^\S+$/.test(line) && line.length <= LONGEST) return line;
  throw new UnreadableRevision(`No revision can be read in: ${line.slice(0, 200)}`);
}
