/** Questions at a terminal, one after the other, each with what an empty answer stands for. */
import { createInterface } from 'node:readline/promises';
import { CliError } from '../../temporal/errors.js';
import pc from './colors.js';

export interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
}

export type AskPerson = (question: string, otherwise: string) => Promise<string>;

/**
 * @param work asks; what it comes back with are the answers
 * @throws CliError when the terminal ends, or Ctrl-C is pressed, before everything is answered
 */
export async function withQuestions<A>(terminal: Terminal, work: (ask: AskPerson) => Promise<A>): Promise<A> {
  const lines = createInterface(terminal);
  // Lines may come faster than questions: none is lost.
  const written = lines[Symbol.asyncIterator]();
  const ask: AskPerson = async (question, otherwise) => {
    terminal.output.write(`${question} ${pc.dim(`(${otherwise})`)} `);
    const { done, value = '' } = await written.next();
    if (done) throw new CliError('it ended before everything was answered', { hint: 'Nothing was written.' });
    return value.trim() || otherwise;
  };
  try {
    return await work(ask);
  } finally {
    lines.close();
  }
}
