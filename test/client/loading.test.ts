/** What a command line loads before it does anything, as Node itself tells it. */
import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/client/command-table.js';
import { projectFolder } from '../../src/local/folders.js';
import { surefoot } from './command-line.js';

const CLIENT = join(projectFolder(), 'dist', 'src', 'client');
const MAIN = join(CLIENT, 'main.js');

/** Says on stderr what Node loads, itself before anything of ours. */
const HOOKS = `
export async function load(url, context, next) {
  process._rawDebug('loads ' + url);
  return await next(url, context);
}`;
const asModule = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
const TELLING = asModule(`import { register } from 'node:module'; register(${JSON.stringify(asModule(HOOKS))});`);

/** Files of dist/ and packages that `node ARGS` loads. */
async function loadedBy(...args: string[]): Promise<string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', TELLING, ...args]).catch(
    (error: { stderr: string }) => error,
  );
  const files = [...stderr.matchAll(/^loads (file:.*)$/gm)].map(([, url]) => fileURLToPath(url as string));
  return files.map((file) => relative(projectFolder(), file));
}

test.each([['--help'], ['--version'], ['help'], ['statsu'], ['--what']])(
  'surefoot %s loads no command, and no package but commander',
  async (args) => {
    const files = await loadedBy(MAIN, args);
    expect(files).toContain('dist/src/client/program.js');
    expect(files.filter((file) => file.includes('client/commands/'))).toEqual([]);
    expect(files.filter((file) => /node_modules\/(?!commander\/)/.test(file))).toEqual([]);
  },
);

test('a command that asks Temporal loads its bundle, and no package', async () => {
  expect((await loadedBy(MAIN, 'status', '--help')).toSorted()).toEqual([
    'dist/src/client/asking-commands.js',
    'dist/src/client/bundle.js',
    'dist/src/client/main.js',
    'dist/src/domain/ledger/decision-kinds.js',
  ]);
});

test('what is bundled loads no other command’s work, and no worker', async () => {
  const text = `import { runAsking } from ${JSON.stringify(pathToFileURL(join(CLIENT, 'asking.js')).href)};
    await runAsking(['status', '--help']);`;
  const files = await loadedBy('--input-type', 'module', '--eval', text);
  expect(files).toContain('dist/src/client/commands/status.js');
  expect(files.filter((file) => /dist\/src\/(plan|activities|adapters|worker|rehearsal|report)\b/.test(file))).toEqual(
    [],
  );
});

test('every command of the list is there, with help of its own, by itself and by `help`', async () => {
  for (const [name, { description }] of Object.entries(COMMANDS)) {
    const { code, out } = await surefoot(name, '--help');
    expect({ name, code }).toEqual({ name, code: 0 });
    expect(out).toContain(`Usage: surefoot ${name} `);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(description);
    expect(await surefoot('help', name)).toMatchObject({ code: 0, out });
  }
});
