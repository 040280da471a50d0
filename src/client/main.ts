#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { inert } from '../domain/inert.js';
import { release } from '../local/release.js';
import { EXIT } from '../temporal/errors.js';
import { COMMANDS } from './command-table.js';
import { printJson } from './terminal/output.js';

/** The whole command line; commander's own ends are thrown, so that {@link run} settles every exit code. */
export function createProgram(): Command {
  const program = new Command('surefoot')
    .description('Carries a risky deployment from checklist to 24 hours later as one durable Temporal workflow.')
    .version(release())
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 good, 1 the deployment went badly, 2 wrong usage or plan, 3 a needed service is away, 4 not over yet.\n\nExample:\n  $ surefoot demo',
    );
  for (const [name, { description }] of Object.entries(COMMANDS)) program.command(name).description(description);
  // Before commander reads what is said to a command, that one gets what it is made of; the others stay names.
  program.hook('preSubcommand', async (_, command) => (await COMMANDS[command.name()]?.load())?.(command));
  return program;
}

/** `help COMMAND` is `COMMAND --help`: commander's own `help` would show a command without what it is made of. */
const withoutHelpCommand = (args: string[]): string[] =>
  args[0] === 'help' && Object.hasOwn(COMMANDS, args[1] ?? '') ? [...args.slice(1), '--help'] : args;

/** Runs one command line (without node and script). Comes back with the exit code, never throws. */
export async function run(args: string[]): Promise<number> {
  const json = args.includes('--json');
  process.exitCode = undefined;
  try {
    await createProgram().parseAsync(withoutHelpCommand(args), { from: 'user' });
    return Number(process.exitCode ?? EXIT.good);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has already said what is wrong; help and version are no errors.
      if (error.exitCode === 0) return EXIT.good;
      const hint = 'See `surefoot --help`.';
      if (json) printJson({ ok: false, error: { message: error.message.replace(/^error: /, ''), hint } });
      return EXIT.usage;
    }
    const { explainError } = await import('./top-level.js');
    const { message, hint, exitCode } = explainError(error);
    if (json) printJson({ ok: false, error: { message, hint } });
    process.stderr.write(inert(`error: ${message}\n${hint ? `${hint}\n` : ''}`));
    if (process.env.SUREFOOT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return exitCode;
  }
}

function isMain(): boolean {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url);
}

/** Of a stream that nobody reads any more: a pipe, or a terminal that has gone away. */
const UNHEARD = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'];

if (isMain()) {
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
  process.exitCode = await run(process.argv.slice(2));
}
