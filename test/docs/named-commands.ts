/** Commands as pages and texts name them, put to the command line itself; only nothing is carried out. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { vi } from 'vitest';
import { COMMANDS } from '../../src/client/command-table.js';
import { type CommandTable, run } from '../../src/client/program.js';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** What stands for a value: `PLAN`, `WATCH=DURATION`. */
const PLACEHOLDER = /^[A-Z]+(?:[=@][A-Z]+)*$/;

/** The commands, each of which only takes what is said to it. */
function understood({ mentioned }: { mentioned: boolean }): CommandTable {
  const entries = Object.entries(COMMANDS).map(([name, entry]) => {
    const load = async () => {
      const define = await entry.load();
      return (command: Command) => {
        define(command);
        onlyReads(command, mentioned);
      };
    };
    return [name, { ...entry, load }];
  });
  return Object.fromEntries(entries);
}

function onlyReads(command: Command, mentioned: boolean): void {
  // A group does nothing by itself, and says so when another word follows than one of its own.
  if (command.commands.length === 0 || command.options.length > 0) command.action(() => {});
  for (const taken of [...command.options, ...command.registeredArguments]) {
    const read = taken.parseArg;
    if (read)
      taken.parseArg = <T>(text: string, before: T) => (PLACEHOLDER.test(text) ? (text as T) : read(text, before));
  }
  if (mentioned) {
    // A sentence may name a command without all that it wants: `move --to`.
    for (const argument of command.registeredArguments) argument.required = false;
    for (const option of command.options) {
      option.optional ||= option.required;
      option.required = false;
      option.mandatory = false;
    }
  }
  for (const child of command.commands) onlyReads(child, mentioned);
}

/** What the command line says against these words; empty where it takes them. */
async function objection(words: readonly string[], mentioned: boolean): Promise<string> {
  let said = '';
  const into = (text: string | Uint8Array) => {
    said += text;
    return true;
  };
  const spies = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
  for (const spy of spies) spy.mockImplementation(into as never);
  const code = await run([...words], understood({ mentioned }));
  for (const spy of spies) spy.mockRestore();
  process.exitCode = undefined;
  return code === 0 ? '' : said;
}

/** Words as a shell has them, with operators as words of their own; comments left out. */
export function wordsOf(line: string): string[] {
  const words = line.matchAll(/#.*|&&|;|[|](?=\s)|(?:"[^"]*"|'[^']*'|\\.|[^\s"';#]|(?<=\S)#)+/g);
  return [...words]
    .map(([word]) => word)
    .filter((word) => !word.startsWith('#'))
    .map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double = '', single = '') => double + single));
}

/** The command line's file, where no package names it. */
const BY_FILE = /\bnode dist\/src\/client\/main\.js\b/g;

/** Whatever may stand before the command's name. */
const BEFORE = /^(?:(?:[A-Z_]+=\S*|\$|sudo -u \S+|docker compose exec \S+|npx|--no|--|exec) )*$/;

/** Each command of a script that is Surefoot's, without the name, and each `npm run`. */
export function commandsIn(text: string): string[][] {
  const lines = text.replaceAll(BY_FILE, 'surefoot').replaceAll(/\\\n/g, ' ').split('\n');
  return lines.flatMap((line) => apart(wordsOf(line)).flatMap((words) => named(words) ?? []));
}

/** The commands of a line: what stands between operators. */
function apart(words: readonly string[]): string[][] {
  const commands: string[][] = [[]];
  for (const word of words) {
    if (/^(?:&&|;|\||\d?>.*)$/.test(word)) commands.push([]);
    else commands.at(-1)?.push(word);
  }
  return commands;
}

function named(words: readonly string[]): string[][] | undefined {
  const at = words.findIndex((word) => word === 'surefoot' || word === 'npm');
  const before = words.slice(0, at).map((word) => `${word} `);
  if (at < 0 || !BEFORE.test(before.join(''))) return undefined;
  if (words[at] === 'surefoot') return [words.slice(at + 1)];
  return words.includes('run') ? [words.slice(at)] : undefined;
}

/** `[--out FILE]` with what is in the brackets, `html|checklist` once each, and nothing for `…`. */
function alternatives(words: readonly string[]): string[][] {
  let ways: string[][] = [[]];
  for (const word of words.map((one) => one.replaceAll(/^\[+|\]+$/g, '')).filter((one) => one !== '…')) {
    ways = word.split('|').flatMap((choice) => ways.map((way) => [...way, choice]));
  }
  return ways;
}

/**
 * Everything that is wrong with one command of a page.
 * @param mentioned within a sentence: not all that the command wants has to be said
 */
export async function objections(words: readonly string[], mentioned: boolean): Promise<string[]> {
  if (words[0] === 'npm') return await objectionsToScript(words);
  const said: string[] = [];
  for (const way of alternatives(words)) {
    // The name alone, or with any command, says nothing that could be wrong.
    const against = PLACEHOLDER.test(way[0] ?? 'NONE') ? '' : await objection(way, mentioned);
    if (against) said.push(`surefoot ${way.join(' ')}: ${against.trim()}`);
  }
  return said;
}

async function objectionsToScript(words: readonly string[]): Promise<string[]> {
  const [name = '', ...more] = words.slice(words.indexOf('run') + 1);
  if (!Object.hasOwn(scripts, name)) return name === '' ? [] : [`npm run ${name}: There is no such script`];
  const [own = [], ...others] = commandsIn(scripts[name] ?? '');
  const said = more[0] === '--' ? more.slice(1) : more;
  // What is said to a script of several commands is said to none of ours.
  return own.length === 0 || own[0] === 'npm' || others.length > 0 ? [] : await objections([...own, ...said], false);
}
