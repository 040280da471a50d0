/** The program of the commands that ask, as the build makes one file of it. */
import { ASKING_COMMANDS } from './asking-commands.js';
import { run } from './program.js';

export const runAsking = (args: string[]): Promise<number> => run(args, ASKING_COMMANDS);
