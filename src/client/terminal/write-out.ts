import { writeAtomically } from '../../local/folders.js';
import { usageError } from '../../temporal/errors.js';

/** What was asked for in a file, whole or not at all. @throws CliError exit 2 where it can't be written */
export async function writeOut(out: string, text: string): Promise<void> {
  try {
    await writeAtomically(out, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(
      `${out} can't be written (${code ?? error})`,
      'Name a file in a folder that exists and may be written to.',
    );
  }
}
