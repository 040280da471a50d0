/** The metric source `command`: a number out of the JSON that a command prints. */
import type { SourceOf } from '../../contract/plan/metrics.js';
import { fillPlaceholders } from '../commands/command-line.js';
import { programVariables } from '../commands/program-variables.js';
import { commandText, runShort } from '../commands/short-command.js';
import { Deadline } from '../deadline.js';
import { NoAnswer } from '../http/http.js';
import { follow } from '../http/json-path.js';
import { singleValues, type ValueReader } from './port/single-values.js';
import { finite, type Reading } from './samples/readings.js';
import type { SampleContext } from './samples/sample-context.js';

type CommandSource = SourceOf<'command'>;

/** As Prometheus writes what JSON has no numbers for. */
const WORDS: Record<string, number> = {
  NaN: Number.NaN,
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
};

/** Ticks of virtual time come many times a second: a number younger than this is taken again. Milliseconds. */
const REUSE = 500;

/** Commands as this worker remembers them: metrics of one command share what it printed. */
export class CommandReader implements ValueReader<CommandSource> {
  private readonly lately = new Map<string, { fresh: Deadline; printed: Promise<string> }>();

  /** @throws as {@link numberIn} and {@link run} */
  async read({ source }: { source: CommandSource }, { signal }: SampleContext): Promise<Reading> {
    const key = JSON.stringify([source.command, source.environment, source.variables]);
    const known = this.lately.get(key);
    if (known && !known.fresh.passed) return numberIn(await known.printed, source);
    const printed = run(source, signal);
    this.lately.set(key, { fresh: new Deadline(REUSE), printed });
    printed.catch(() => this.lately.delete(key));
    return numberIn(await printed, source);
  }
}

export const commandMetrics = singleValues<CommandSource>(() => new CommandReader());

/** The number in what a command printed; `null` is no data. @throws Error, never with what it printed */
function numberIn(printed: string, { field }: CommandSource): Reading {
  let body: unknown;
  try {
    body = JSON.parse(printed);
  } catch {
    throw new Error(
      printed.trim() === '' ? 'the command printed nothing' : 'the command printed something that is no JSON',
    );
  }
  const { values } = field === undefined ? { values: [body] } : follow(body, field);
  const where = field === undefined ? 'what the command printed' : `\`${field}\` of what the command printed`;
  if (values.length !== 1) throw new Error(`${where} is ${values.length === 0 ? 'not there' : 'more than one value'}`);
  const [value] = values;
  if (value === null) return { noData: `${where} is null` };
  const number = typeof value === 'string' && Object.hasOwn(WORDS, value) ? WORDS[value] : value;
  if (typeof number !== 'number') throw new Error(`${where} is no number`);
  return finite({ value: number });
}

/** @throws Error for a command that fails, takes too long or prints too much; the signal's reason */
async function run({ command, environment, tools, variables }: CommandSource, signal: AbortSignal): Promise<string> {
  const answer = await runShort({
    argv: fillPlaceholders(command.run, { environment }),
    cwd: command.folder,
    environment: programVariables({ tools, variables }),
    limit: command.timeout,
    signal,
  });
  signal.throwIfAborted();
  if (answer.cut.stdout > 0) throw new Error('the command printed too much');
  // It may be the network that it failed at.
  if (answer.end.kind === 'timed out') throw new NoAnswer('the command took too long', 'timeout');
  if (!answer.ok) throw new NoAnswer(`the command failed (${commandText(answer.end)})`, 'command');
  return answer.stdout;
}
