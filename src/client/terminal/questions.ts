/** Questions at a terminal, one after the other, each with what an empty answer stands for. */
import { createInterface } from 'node:readline/promises';
import { CliError } from '../../temporal/errors.js';
import pc from './colors.js';

export interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
}

/** Without an `otherwise` an empty answer is empty. */
export type AskPerson = (question: string, otherwise?: string) => Promise<string>;

/**
 * @param work asks; what it comes back with are the answers
 * @param unchanged what is told who ends it early
 * @throws CliError when the terminal ends, or Ctrl-C is pressed, before everything is answered
 */
export async function withQuestions<A>(
  terminal: Terminal,
  work: (ask: AskPerson) => Promise<A>,
  unchanged = 'Nothing was written.',
): Promise<A> {
  const lines = createInterface(terminal);
  // Lines may come faster than questions: none is lost.
  const written = lines[Symbol.asyncIterator]();
  const ask: AskPerson = async (question, otherwise = '') => {
    // As its prompt: a line that is edited is written anew, and the question with it.
    lines.setPrompt(otherwise === '' ? `${question} ` : `${question} ${pc.dim(`(${otherwise})`)} `);
    lines.prompt();
    const { done, value = '' } = await written.next();
    if (done) throw new CliError('it ended before everything was answered', { hint: unchanged });
    return value.trim() || otherwise;
  };
  try {
    return await work(ask);
  } finally {
    lines.close();
  }
}
