/**
 * The commands that ask, in one file with the packages they need, and what V8 made of it at the build: both make a
 * command begin in less than half the time.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

type Program = typeof import('./asking.js');

const BUNDLE = fileURLToPath(new URL('../../asking-bundle.cjs', import.meta.url));
/**
 * Compiled code. V8 itself refuses what another version of it has made, or of a text of another length, and compiles
 * anew; the build puts both in place at once.
 */
export const COMPILED = `${BUNDLE}.compiled`;

/** False where the compiler alone has run, as an editor's does: then these commands are carried out as the others are. */
export const isBundled = (): boolean => existsSync(BUNDLE);

/**
 * Node's own `require()` would compile it each time; as it does, the text is the body of a function.
 * @param place where a stack trace says that it is; what is compiled keeps it
 */
export function compileBundle(place = BUNDLE): Script {
  return new Script(`(function (exports, require, module, __filename) {${readFileSync(BUNDLE, 'utf8')}\n})`, {
    filename: place,
    cachedData: existsSync(COMPILED) ? readFileSync(COMPILED) : undefined,
  });
}

export function evaluateBundle(script: Script): Program {
  const module = { exports: {} as Program };
  script.runInThisContext()(module.exports, createRequire(BUNDLE), module, BUNDLE);
  return module.exports;
}
