/**
 * Commands that texts for people name are there as they are named: the command, its options, how many arguments, the
 * choices. And whatever the command line has is named on a page.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/client/command-table.js';
import { commandsIn, objections } from './named-commands.js';
import { codeIn, PAGES } from './pages.js';

interface Said {
  place: string;
  words: string[];
  /** Within a sentence or table: not all that the command wants has to be said. */
  mentioned: boolean;
}

/** Every command that a page says. */
function saidOn(page: string): Said[] {
  const { blocks, inline } = codeIn(page);
  const whole = blocks.flatMap(({ place, language, text }) => {
    // Of what was seen at a terminal, what was typed.
    const typed = language === 'sh' ? text : text.replaceAll(/^(?!\$ ).*$/gm, '');
    return commandsIn(typed).map((words) => ({ place, words, mentioned: false }));
  });
  const named = inline.flatMap(({ place, text }) => {
    const [first = '', second] = text.split(/\s+/);
    const isShort = second !== undefined && Object.hasOwn(COMMANDS, first);
    return commandsIn(isShort ? `surefoot ${text}` : text).map((words) => ({ place, words, mentioned: true }));
  });
  return [...whole, ...named];
}

async function wrongOf(said: readonly Said[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const { place, words, mentioned } of said)
    for (const against of await objections(words, mentioned)) wrong.push(`${place}: ${against}`);
  return wrong;
}

/** Between backticks: escaped ones in a template, or others in a text. */
const IN_CODE = /\\`((?:npx )?surefoot [^`$\\]+)(\$\{|\\`)|(?<!\\)`((?:npx )?surefoot [^`$\\]+)`/g;

const pages = PAGES.map((page) => [page, saidOn(page)] as const);

test.each(pages)('the commands of %s are understood', async (_, said) => expect(await wrongOf(said)).toEqual([]));

test('commands are found, in blocks and in sentences', () => {
  const all = pages.flatMap(([, said]) => said);
  expect(all.filter(({ mentioned }) => !mentioned).length).toBeGreaterThan(40);
  expect(all.filter(({ mentioned }) => mentioned).length).toBeGreaterThan(80);
});

test('the commands that messages and comments of the code name are understood', async () => {
  const named = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(`src/${file}`, 'utf8').matchAll(IN_CODE)].flatMap(
        // What the code fills in is a value.
        ([, text = '', end, alone = '']) =>
          commandsIn(end === '${' ? `${text}VALUE` : text || alone).map((words) => ({ file, words })),
      ),
    );
  expect(named.length).toBeGreaterThan(40);
  expect(await wrongOf(named.map(({ file, words }) => ({ place: `src/${file}`, words, mentioned: true })))).toEqual([]);
});

/** Where people and machines are told to run something. */
const TOLD = [
  ...[...PAGES, 'docker-compose.yml', '.env.example', '.env.sign-on.example'],
  ...filesBelow('src', 'ci', 'docker'),
  ...readdirSync('plans').flatMap((file) => (file.endsWith('.yaml') ? `plans/${file}` : [])),
];

function filesBelow(...folders: string[]): string[] {
  const entries = folders.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }));
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** The programs that a checkout is or has installed. */
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, { bin?: Record<string, string> }>;
};
const INSTALLED = Object.values(packages).flatMap(({ bin = {} }) => Object.keys(bin));

/** What `npx` is told to run that it would ask a registry for. */
const fetched = (text: string): string[] =>
  [...text.matchAll(/\bnpx[ ,]+(?!--no[ ,]+--(?![\w-]))([\w@./-]+)/g)].flatMap(([run, name = '']) =>
    INSTALLED.includes(name) ? [] : run,
  );

test('`npx` runs what the checkout is or has installed, and whatever else it is told it does not fetch', () => {
  const told = TOLD.map((file) => ({ file, text: readFileSync(file, 'utf8') }));
  expect(told.flatMap(({ text }) => text.match(/\bnpx surefoot\b/g) ?? []).length).toBeGreaterThan(30);
  expect(told.flatMap(({ file, text }) => fetched(text).map((run) => `${file}: ${run}`))).toEqual([]);
});

test.each(['npx prisma', 'npx --no surefoot', 'npx --yes surefoot', 'npx surefoot@1', 'npx -y surefoot'])(
  '`%s` would ask a registry',
  (text) => expect(fetched(text)).toHaveLength(1),
);

test.each(['npx surefoot', 'npx --no -- prisma', '[npx, --no, --, prisma]'])('`%s` asks none', (text) =>
  expect(fetched(text)).toEqual([]),
);

describe('what the command line has', () => {
  const every: Command[] = [];
  const withChildren = (command: Command): Command[] => [command, ...command.commands.flatMap(withChildren)];

  beforeAll(async () => {
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      const command = new Command(name);
      (await load())(command);
      every.push(...withChildren(command));
    }
  });

  test('each command is in the README’s table', () => {
    const inTable = /\n## Commands\n([\s\S]*?)\n## /.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
    const named = [...inTable.matchAll(/^\| (`.+?`) +\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([\w-]+)/g)].map(([, name]) => name),
    );
    expect(Object.keys(COMMANDS).filter((name) => !named.includes(name))).toEqual([]);
  });

  test('each option is on a page', () => {
    const text = PAGES.map((page) => readFileSync(page, 'utf8')).join('\n');
    const named = new Set([...text.matchAll(/--[a-z][\w-]*/g)].map(([name]) => name));
    const options = every.flatMap(({ options }) => options.filter(({ hidden }) => !hidden).map(({ long }) => long));
    expect(options.length).toBeGreaterThan(100);
    expect([...new Set(options)].filter((option) => !named.has(option ?? ''))).toEqual([]);
  });

  test('the examples of each help are understood', async () => {
    const said = every.flatMap((command) => {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      const typed = help.replaceAll(/^(?! {2}\$ ).*$/gm, '').replaceAll(/^ {2}/gm, '');
      return commandsIn(typed).map((words) => ({ place: `${command.name()} --help`, words, mentioned: false }));
    });
    expect(said.length).toBeGreaterThan(every.filter(({ commands }) => commands.length === 0).length - 1);
    expect(await wrongOf(said)).toEqual([]);
  });
});

describe('a command that is not there is told', () => {
  const against = async (text: string, mentioned = false) =>
    (await Promise.all(commandsIn(text).map((words) => objections(words, mentioned)))).flat().join('\n');

  test.each([
    ['another command', 'npx surefoot statsu', /unknown command 'statsu'/],
    ['another command of a group', 'surefoot plan chek PLAN', /unknown command 'chek'/],
    ['another option', 'surefoot watch --untill end', /unknown option '--untill'/],
    ['another choice', 'surefoot watch --until lunch', /'lunch' is invalid/],
    ['one choice of several', 'surefoot report --format html|pdf', /'pdf' is invalid/],
    ['a value of another form', 'surefoot start PLAN --shorten soak', /Write it as watch=duration/],
    ['an argument too many', 'surefoot doctor PLAN OTHER', /too many arguments/],
    ['an argument too few', 'surefoot doctor', /missing required argument 'PLAN'/],
    ['an option without its value', 'surefoot start PLAN --as', /argument missing/],
    ['another script', 'npm ci && npm run dmeo', /no such script/],
    ['another option after a script', 'npm run demo -- --fuat errors', /unknown option '--fuat'/],
    [
      'one by its file',
      'docker compose exec worker node dist/src/client/main.js relese BUILD',
      /unknown command 'relese'/,
    ],
    ['the second of a line', 'surefoot status; surefoot wach', /unknown command 'wach'/],
    ['what goes on in the next line', 'A=1 \\\n  npx surefoot worker --stat DIR', /unknown option '--stat'/],
  ])('%s', async (_, text, says) => expect(await against(text)).toMatch(says));

  test('within a sentence not all has to be said', async () => {
    const sentence = ['surefoot plan check', 'surefoot move --to', 'surefoot history', 'surefoot report [--out FILE]'];
    for (const text of sentence) expect(await against(text, true)).toBe('');
    expect(await against('surefoot move --too', true)).toMatch(/unknown option '--too'/);
  });

  test('what stands for a value is none', async () => {
    expect(await against('surefoot start PLAN --shorten WATCH=DURATION --until MILESTONE   # and so on')).toBe('');
  });
});
