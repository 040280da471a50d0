#!/usr/bin/env node
import { ASKING_COMMANDS } from './asking-commands.js';
import { compileBundle, evaluateBundle, isBundled } from './bundle.js';

/** Of a stream that nobody reads any more: a pipe, or a terminal that has gone away. */
const UNHEARD = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'];

// `surefoot status | head` ends quietly, and `surefoot demo | head` as by Ctrl-C: what it started is stopped.
let isHeard = true;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!UNHEARD.includes(error.code ?? '')) throw error;
    if (!isHeard) return;
    isHeard = false;
    if (process.listenerCount('SIGTERM') === 0) process.exit();
    process.kill(process.pid, 'SIGTERM');
  });
}

async function main(args: string[]): Promise<number> {
  // Whole programs of their own: no class is there twice in one process.
  if (Object.hasOwn(ASKING_COMMANDS, args[0] ?? '') && isBundled())
    return await evaluateBundle(compileBundle()).runAsking(args);
  const [{ run }, { COMMANDS }] = await Promise.all([import('./program.js'), import('./command-table.js')]);
  return await run(args, COMMANDS);
}

process.exitCode = await main(process.argv.slice(2));
