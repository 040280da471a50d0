/** What the console proves itself by at an identity provider that knows it as a confidential client. */
import { readSecret } from '../../adapters/evidence/secrets.js';
import { messageOf } from '../../domain/message.js';
import { secretReference } from '../../plan/core/basics.js';
import { usageError } from '../../temporal/errors.js';

/**
 * @param written where it is found, as a plan says it; anything else is not repeated: it may be the secret
 * @throws CliError exit 2 where it is no such reference, or nothing is found there
 */
export async function clientSecret(written: string): Promise<string> {
  const { data: reference, error } = secretReference().safeParse(written);
  if (reference === undefined) {
    throw usageError(`--client-secret: ${error?.issues[0]?.message}`, 'Write for example --client-secret env:NAME.');
  }
  try {
    return await readSecret(reference);
  } catch (cause) {
    throw usageError(
      `The client’s secret is not known: ${messageOf(cause)}`,
      'It is read here, by what this machine has.',
    );
  }
}
