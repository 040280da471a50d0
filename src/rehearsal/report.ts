/** Results for people: a table, and the timeline around what came otherwise. Also JUnit, for pipelines. */
import { formatDuration } from '../domain/duration.js';
import type { ExpectationDifference } from './judge.js';
import type { RehearsalResult } from './result.js';
import type { JournalEntry } from './world/journal.js';

/** Marks and colours, where the terminal has them. */
export interface Paint {
  green: (text: string) => string;
  red: (text: string) => string;
  dim: (text: string) => string;
  bold: (text: string) => string;
}

/** Lines of the timeline before and after the moment of a difference, all of which is shown. */
const AROUND = 6;

export function resultLine(result: RehearsalResult, { green, red, dim }: Paint, width: number): string {
  const { met, scenario, virtualSeconds, wallSeconds, samples } = result;
  const mark = met ? green('✓') : red('✗');
  const figures = `${formatDuration(virtualSeconds * 1_000)} in ${wallSeconds.toFixed(1)} s, ${samples} samples`;
  return `${mark} ${scenario.padEnd(width)}  ${ending(result).padEnd(48)} ${dim(figures)}`;
}

/** How it ended, in a few words: `rolled back (full) 2 min 35 s after errors crossed`. */
function ending({ outcome, rollback }: RehearsalResult): string {
  if (!rollback) return outcome;
  const { option, criterion, step, detectedWithin } = rollback;
  const cause = criterion ?? step;
  const words = `${outcome} (${option}${cause ? `, ${cause}` : ''})`;
  return detectedWithin === undefined ? words : `${words} after ${formatDuration(detectedWithin * 1_000)}`;
}

/** What came otherwise, each with what happened around it. */
export function differencesText({ differences, timeline, title }: RehearsalResult, { red, dim, bold }: Paint): string {
  const lines = [bold(title)];
  let shown: string | undefined;
  for (const { what, expected, actual, at } of differences) {
    lines.push(`  ${red(what)}: expected ${expected}, but ${actual}`);
    const around = timelineText(timelineAround(timeline, at), '    ');
    if (around !== shown) lines.push(dim(around));
    shown = around;
  }
  return lines.join('\n');
}

function timelineAround(timeline: readonly JournalEntry[], at: number): JournalEntry[] {
  const last = timeline.findLastIndex((entry) => entry.at <= at);
  const first = timeline.findIndex((entry) => entry.at === timeline[last]?.at);
  return timeline.slice(Math.max(first - AROUND, 0), last + AROUND + 1);
}

export const timelineText = (timeline: readonly JournalEntry[], indent = ''): string =>
  timeline.map(({ at, what, text }) => `${indent}${elapsedText(at)}  ${what.padEnd(9)}  ${text}`).join('\n');

/** Hours, minutes and seconds since the start: `26:07:30`. */
export function elapsedText(at: number): string {
  const seconds = Math.floor(at / 1_000);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** One test case for each scenario; what came otherwise is its failure. */
export function junit(results: readonly RehearsalResult[], plan: string): string {
  const failed = results.filter(({ met }) => !met).length;
  const seconds = results.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0).toFixed(1);
  const suite = `name="surefoot rehearse ${escapeXml(plan)}" tests="${results.length}" failures="${failed}" errors="0" skipped="0" time="${seconds}"`;
  const cases = results.flatMap((result) => {
    const { scenario, title, file, met, differences, timeline, wallSeconds } = result;
    const name = `name="${escapeXml(`${scenario}: ${title}`)}" classname="${escapeXml(plan)}" time="${wallSeconds.toFixed(1)}"${file ? ` file="${escapeXml(file)}"` : ''}`;
    if (met) return [`    <testcase ${name}/>`];
    const text = `${differences.map(differenceText).join('\n')}\n\n${timelineText(timeline)}`;
    const message = differences.map(differenceText).join('; ');
    return [
      `    <testcase ${name}>`,
      `      <failure message="${escapeXml(message)}">${escapeXml(text)}</failure>`,
      '    </testcase>',
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${suite}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const differenceText = ({ what, expected, actual }: ExpectationDifference): string =>
  `${what}: expected ${expected}, but ${actual}`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeXml = (text: string): string =>
  text
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 knows none of them
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');
