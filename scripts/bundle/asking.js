/**
 * One file of the commands that ask (`src/client/asking.ts`): the project's code and the packages that it needs, of
 * Temporal's messages only those that it names. Loading the client as it is installed, 280 files and 850 kinds of
 * messages, takes longer than all else that a command does.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { namedMessages, PLACEHOLDER, readMessages } from './messages.js';

const MESSAGES = /@temporalio\/proto\/protos\/json-module\.js$/;
/** A worker, which replays a history where nobody answers any more; and the browser of checks, which no such command opens. */
const EXTERNAL = ['@temporalio/worker', 'playwright-core'];
const COMPILE = fileURLToPath(new URL('./compile.js', import.meta.url));

/**
 * @param folder the compiled sources'
 * @param place where it will be
 */
export async function bundleAsking(folder, place) {
  let messages;
  const bundle = await rolldown({
    input: join(folder, 'src/client/asking.js'),
    platform: 'node',
    external: EXTERNAL,
    plugins: [
      {
        name: 'messages-apart',
        transform: {
          filter: { id: MESSAGES },
          handler(code) {
            messages = readMessages(code);
            return messages.without;
          },
        },
      },
      {
        name: 'files-where-they-are',
        transform: {
          filter: { code: 'import.meta.url' },
          handler: (code, id) => {
            const here = `new URL(${JSON.stringify(relative(folder, id))}, import.meta.url).href`;
            return code.replaceAll('import.meta.url', here);
          },
        },
      },
    ],
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    codeSplitting: false,
    // Of what was compiled before, V8 does not know what an `import()` in it is relative to.
    dynamicImportInCjs: false,
    // Names stay as they are, for who reads a stack trace.
    minify: { mangle: false, compress: true, codegen: true },
  });
  const { code } = output[0];
  const named = JSON.stringify(namedMessages(messages.all, code));
  writeFileSync(
    join(folder, 'asking-bundle.cjs'),
    code.replace(PLACEHOLDER, () => named),
  );
  compile(folder, place);
}

/** In a process that no setting of this one reaches: a key, or an address with TLS. */
function compile(folder, place) {
  const env = { TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') };
  const { status, stderr, error } = spawnSync(process.execPath, [COMPILE, folder, place], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the bundle could not be compiled: ${stderr}`, { cause: error });
}
