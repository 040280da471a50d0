/** Signing an approval with the approver's own SSH key (`ssh-keygen -Y sign`; a key in the agent works as well). */
import { execa } from 'execa';
import { usageError } from '../../temporal/errors.js';

/** @returns the armored signature. @throws CliError exit 2 when the key cannot sign */
export async function signStatement(statement: string, key: string): Promise<string> {
  if (key.startsWith('-')) throw usageError(`${key} is no key file`, 'Give --sign the path of your private SSH key.');
  const run = await execa('ssh-keygen', ['-Y', 'sign', '-n', 'surefoot', '-f', key], {
    input: statement,
    reject: false,
    timeout: 120_000,
  });
  if (!run.failed) return run.stdout;
  const said = run.code === 'ENOENT' ? 'ssh-keygen is not installed' : run.stderr.trim().split('\n').at(-1);
  throw usageError(
    `The approval could not be signed with ${key}: ${said}`,
    'Give --sign the path of your private SSH key, or of the public one whose private half is in your agent.',
  );
}
