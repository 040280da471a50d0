/** The metric source `logs`: how many lines that match a pattern are new in the output of a command. */
import { setImmediate as otherWork } from 'node:timers/promises';
import type { SourceOf } from '../../contract/plan/metrics.js';
import { LONGEST_LINE, type Matches, matcher } from '../../domain/pattern.js';
import { fillPlaceholders } from '../commands/command-line.js';
import { programVariables } from '../commands/program-variables.js';
import { commandText, runShort } from '../commands/short-command.js';
import { NoAnswer } from '../http/http.js';
import { singleValues, type ValueReader } from './port/single-values.js';
import { finite, perUnit, type Reading } from './samples/readings.js';
import { ObservedSource, type SampleContext } from './samples/sample-context.js';

type LogSource = SourceOf<'logs'>;

const TIMEOUT = 10_000;
const LARGEST_OUTPUT = 16 * 1024 * 1024;
const MOMENT = { reuse: 500, window: 2_000, minimum: 400 };

/** New lines since the first look, and whether there was a log to be seen at all. */
interface Seen {
  total: number;
  isSilent: boolean;
}

/** Log commands as this worker remembers them. */
export class LogReader implements ValueReader<LogSource> {
  private readonly logs = new Map<string, ObservedSource<Seen>>();

  /** New matching lines as a rate in the metric's unit. @throws Error when the command fails or the pattern is none */
  async read({ source, unit }: { source: LogSource; unit: string }, context: SampleContext): Promise<Reading> {
    const seen = await this.observed(source).over(context, source.window);
    const [first, last] = [seen[0], seen.at(-1)];
    if (!first || !last || first === last) return { noData: 'first look: no new lines known yet' };
    if (last.value.isSilent) return { noData: 'the logs command printed nothing: no log, or none that may be seen' };
    const standsFor = context.clock === 'virtual' ? source.window : undefined;
    return finite({
      value: perUnit(last.value.total - first.value.total, { unit, span: last.at - first.at, standsFor }),
    });
  }

  private observed(source: LogSource): ObservedSource<Seen> {
    const key = JSON.stringify([source.environment, source.command, source.variables, source.pattern]);
    let observed = this.logs.get(key);
    if (!observed) {
      const count = newLines(matcher(source.pattern));
      let total = 0;
      observed = new ObservedSource(async () => {
        const text = await output(source);
        total += await count(text);
        return { total, isSilent: isSilent(text) };
      }, MOMENT);
      this.logs.set(key, observed);
    }
    return observed;
  }
}

export const logLines = singleValues<LogSource>(() => new LogReader());

/**
 * Counts the matching lines that the last output did not have. Compared as a bag of lines, not by position: headings
 * that the command prints each time, and several files after each other, do not matter. The first output is all old. One
 * that is empty says nothing: the lines before it are known as they were, and not new when they are there again.
 * The counter throws an Error when new lines are too long to be judged: what they tell is not known.
 */
export function newLines(matches: Matches): (output: string) => Promise<number> {
  let before: Map<string, number> | undefined;
  let unreadBefore = new Set<string>();
  // What a failed count has seen belongs to the next one.
  let fresh = 0;
  return async (text) => {
    if (before && isSilent(text)) return 0;
    const { matching, unread } = await judgeLines(text.split(/\r?\n/), matches);
    const now = new Map<string, number>();
    for (const line of matching) now.set(line, (now.get(line) ?? 0) + 1);
    const known = before;
    const newUnread = unread.filter((line) => !unreadBefore.has(line)).length;
    before = now;
    unreadBefore = new Set(unread);
    if (!known) return 0;
    for (const [line, times] of now) fresh += Math.max(times - (known.get(line) ?? 0), 0);
    if (newUnread > 0) throw new Error(`the logs command printed ${tooLong(newUnread)}`);
    const counted = fresh;
    fresh = 0;
    return counted;
  };
}

const isSilent = (text: string): boolean => text.trim() === '';

/** What was found in lines of outside origin. */
export interface JudgedLines {
  matching: string[];
  /** Longer than {@link LONGEST_LINE}, without a match in their beginning: what they tell is not known. */
  unread: string[];
}

/** Milliseconds after which others have their turn. */
const TURN = 50;

/** Which lines match: of a line that is too long its beginning. Others have their turn meanwhile. */
export async function judgeLines(lines: readonly string[], matches: Matches): Promise<JudgedLines> {
  const judged: JudgedLines = { matching: [], unread: [] };
  let since = performance.now();
  for (const line of lines) {
    const isLong = line.length > LONGEST_LINE;
    if (matches(isLong ? line.slice(0, LONGEST_LINE) : line)) judged.matching.push(line);
    else if (isLong) judged.unread.push(line);
    if (performance.now() - since < TURN) continue;
    await otherWork();
    since = performance.now();
  }
  return judged;
}

/** For people: how many lines were too long. */
export const tooLong = (lines: number): string =>
  `${lines} ${lines === 1 ? 'line' : 'lines'} of more than ${LONGEST_LINE} characters, which cannot be judged`;

async function output({ command, environment, variables }: LogSource): Promise<string> {
  const answer = await runShort({
    argv: fillPlaceholders(command.run, { environment }),
    cwd: command.folder,
    environment: programVariables({ variables }),
    limit: Math.min(command.timeout, TIMEOUT),
    largest: LARGEST_OUTPUT,
  });
  // The command's own words stay out: they may show what the log must not.
  if (answer.cut.stdout + answer.cut.stderr > 0) throw new Error('the logs command printed too much');
  // It may be the network that it failed at.
  if (answer.end.kind === 'timed out') throw new NoAnswer('the logs command took too long', 'timeout');
  if (!answer.ok) throw new NoAnswer(`the logs command failed (${commandText(answer.end)})`, 'command');
  return `${answer.stdout}\n${answer.stderr}`;
}
