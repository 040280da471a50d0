/** Any tool that is known by the plan's commands only: they print a revision by itself, as the last line. */
import { NO_REVISION } from '../rollback/destination.js';
import { type MigrationTool, UnreadableRevision } from './migration-tool.js';
import { warningLines } from './warnings.js';

export const BY_COMMANDS: MigrationTool = {
  current: (output) => {
    const last = linesOf(output).at(-1);
    if (last === undefined) {
      throw new UnreadableRevision(
        `it printed nothing. Let it print \`${NO_REVISION}\` where there is no revision yet`,
      );
    }
    return last === NO_REVISION ? [] : [oneWord(last)];
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
