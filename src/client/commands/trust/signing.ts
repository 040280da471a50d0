/** Signing decisions with a person's own SSH key (`ssh-keygen -Y sign`; a key in the agent works as well). */
import { execa } from 'execa';
import type { DeployInput } from '../../../contract/deployment.js';
import { startBy } from '../../../contract/envelope.js';
import { ENVELOPE_NAMESPACE, sealed, statementOf } from '../../../policy/dsse.js';
import { usageError } from '../../../temporal/errors.js';

/** @returns the armored signature. @throws CliError exit 2 when the key cannot sign */
export const signStatement = (statement: string, key: string): Promise<string> => sign(statement, key, 'surefoot');

/** @returns the statement and its signature as they are sent. @throws CliError exit 2 when the key cannot sign */
export const sealStatement = (said: Parameters<typeof statementOf>[0], key: string): Promise<string> =>
  sealed(statementOf(said, Date.now()), (message) => sign(message, key, ENVELOPE_NAMESPACE));

/** The word of who starts it. */
export function sealStart(input: DeployInput, key: string): Promise<string> {
  const { deployment, plan, digest } = input;
  const { kind: decision, who: person, role, begins } = startBy(input);
  const said = { deployment, service: plan.service, plan: digest, role, person, decision };
  return sealStatement({ ...said, ...(begins === undefined ? {} : { begins }) }, key);
}

async function sign(message: string | Buffer, key: string, namespace: string): Promise<string> {
  if (key.startsWith('-')) throw usageError(`${key} is no key file`, 'Give --sign the path of your private SSH key.');
  const run = await execa('ssh-keygen', ['-Y', 'sign', '-n', namespace, '-f', key], {
    input: message,
    reject: false,
    timeout: 120_000,
  });
  if (!run.failed) return run.stdout;
  const said = run.code === 'ENOENT' ? 'ssh-keygen is not installed' : run.stderr.trim().split('\n').at(-1);
  throw usageError(
    `It could not be signed with ${key}: ${said}`,
    'Give --sign the path of your private SSH key, or of the public one whose private half is in your agent.',
  );
}
