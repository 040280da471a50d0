/** The command line within the process of a test. */
import { vi } from 'vitest';
import { COMMANDS } from '../../src/client/command-table.js';
import { run } from '../../src/client/program.js';

/** Runs a command, with what it writes caught. Spies of the test are restored too. */
export async function surefoot(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const into = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
    written[stream] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out') as never);
  vi.spyOn(process.stderr, 'write').mockImplementation(into('err') as never);
  const code = await run(args, COMMANDS);
  vi.restoreAllMocks();
  return { code, ...written };
}
