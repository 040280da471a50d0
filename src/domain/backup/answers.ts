/** What a backup's query answered, of the database and of what was restored: whether the two agree. Pure. */
import { type Fact, unknownFact } from '../evidence.js';

/** The lines of each answer. */
export interface QueryAnswers {
  /** Of the database, before the backup was made and after. */
  before: string[];
  after: string[];
  /** Of what was restored. */
  restored: string[];
}

/** The lines of an answer: what stands around them means nothing. */
export const linesOfAnswer = (printed: string): string[] =>
  printed
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);

/**
 * A line that was the same before and after has to be the same in what was restored. One that has changed meanwhile has
 * to be as before, as after, or with its numbers between the two; anything else is unknown, as nobody knows what the
 * database said in the moment of the backup.
 * @param name of the fact
 */
export function agreement(name: string, answers: QueryAnswers): Fact {
  const { before, after, restored } = answers;
  const lines = restored.length === 1 ? 'one line' : `${restored.length} lines`;
  const isQuiet = isSame(before, after);
  if (isSame(restored, before) || isSame(restored, after)) {
    const moved = isQuiet ? '' : ', which has changed while the backup was made';
    return { name, ok: true, text: `${lines}, all as in the database${moved}` };
  }
  if (before.length !== after.length) {
    return unknownFact(
      name,
      `the database has answered in ${before.length} lines, then ${after.length}: not comparable`,
    );
  }
  if (restored.length !== before.length) {
    return { name, ok: false, text: `${lines} where the database has ${before.length}` };
  }
  const judged = restored.map((line, place) => judge(before[place] ?? '', after[place] ?? '', line));
  const wrong = restored.flatMap((line, place) =>
    judged[place] === 'wrong' ? [`${shown(line)}, not ${shown(before[place])} as in the database`] : [],
  );
  if (wrong.length > 0) return { name, ok: false, text: shortly(wrong) };
  const untold = restored.flatMap((line, place) =>
    judged[place] === 'untold'
      ? [`${shown(line)}, and the database ${shown(before[place])}, then ${shown(after[place])}`]
      : [],
  );
  if (untold.length > 0) return unknownFact(name, `changed while the backup was made: ${shortly(untold)}`);
  return { name, ok: true, text: `${lines}, as in the database or between what it said before and after the backup` };
}

const isSame = (a: string[], b: string[]): boolean =>
  a.length === b.length && a.every((line, place) => line === b[place]);

function judge(before: string, after: string, restored: string): 'right' | 'wrong' | 'untold' {
  if (restored === before || restored === after) return 'right';
  if (before === after) return 'wrong';
  return isBetween(before, after, restored) ? 'right' : 'untold';
}

/** Whether each word is the same, or a number between the two. A date is a word, and what is between two nobody can tell. */
function isBetween(before: string, after: string, restored: string): boolean {
  const [from = [], to = [], at = []] = [before, after, restored].map((line) => line.split(/[\s|=]+/));
  return (
    from.length === to.length &&
    to.length === at.length &&
    at.every((word, place) => isWithin([from[place] ?? '', to[place] ?? '', word]))
  );
}

function isWithin(words: [from: string, to: string, at: string]): boolean {
  const [from, to, at] = words.map(Number) as [number, number, number];
  if (new Set(words).size === 1) return true;
  const isNumber = words.every((word) => /^-?\d+(\.\d+)?$/.test(word));
  const isExact = [from, to, at].every((number) => Math.abs(number) <= Number.MAX_SAFE_INTEGER);
  return isNumber && isExact && at >= Math.min(from, to) && at <= Math.max(from, to);
}

const shown = (line = ''): string => `"${line.slice(0, 100)}"`;

const shortly = (texts: string[]): string =>
  `${texts.slice(0, 3).join(', ')}${texts.length > 3 ? ` and ${texts.length - 3} more lines` : ''}`;
