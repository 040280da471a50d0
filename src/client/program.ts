/** The command line: what is typed, carried out by the command that it names. */
import { Command, CommanderError } from 'commander';
import { inert } from '../domain/inert.js';
import { release } from '../local/release.js';
import { EXIT } from '../temporal/errors.js';
import { printJson } from './terminal/output.js';

export interface TableEntry {
  description: string;
  /** Loads what gives the command its arguments, options and work. */
  load: () => Promise<(command: Command) => void>;
}

/** Commands by name. */
export type CommandTable = Readonly<Record<string, TableEntry>>;

/** The whole command line; commander's own ends are thrown, so that {@link run} settles every exit code. */
function createProgram(commands: CommandTable): Command {
  const program = new Command('surefoot')
    .description('Carries a risky deployment from checklist to 24 hours later as one durable Temporal workflow.')
    .version(release())
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 good, 1 the deployment went badly, 2 wrong usage or plan, 3 a needed service is away, 4 not over yet.\n\nExample:\n  $ surefoot demo',
    );
  for (const [name, { description }] of Object.entries(commands)) program.command(name).description(description);
  // Before commander reads what is said to a command, that one gets what it is made of; the others stay names.
  program.hook('preSubcommand', async (_, command) => (await commands[command.name()]?.load())?.(command));
  return program;
}

/** `help COMMAND` is `COMMAND --help`: commander's own `help` would show a command without what it is made of. */
const withoutHelpCommand = (args: string[], commands: CommandTable): string[] =>
  args[0] === 'help' && Object.hasOwn(commands, args[1] ?? '') ? [...args.slice(1), '--help'] : args;

/** Runs one command line (without node and script). Comes back with the exit code, never throws. */
export async function run(args: string[], commands: CommandTable): Promise<number> {
  const json = args.includes('--json');
  process.exitCode = undefined;
  try {
    await createProgram(commands).parseAsync(withoutHelpCommand(args, commands), { from: 'user' });
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
