/** Variables of the worker that an environment's commands are given besides the usual ones. */
import { z } from 'zod';
import { quoteIt } from '../core/basics.js';
import type { Path } from '../core/problems.js';
import type { MachineMaps, Resolution } from '../core/resolution.js';

export const variables = z
  .array(
    z
      .string({ error: quoteIt('The name of a variable') })
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Not the name of a variable: write it without `$`, `env:` or a value'),
  )
  .describe(
    'Names of the worker’s variables that commands of this environment are given besides the usual ones, as `KUBECONFIG` and `AWS_PROFILE`',
  );

/** What the worker is told by, and proves itself with. */
const WORKERS_OWN = /^(SUREFOOT|TEMPORAL)_/;

/** By its name, what it holds may be told nobody. */
const SECRET = /KEY|SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL/i;

/** The names, each once. What reads as a secret is hidden like one, wherever a command prints it. */
export function resolveVariables(resolution: Resolution<MachineMaps>, names: readonly string[], at: Path): string[] {
  for (const [index, name] of names.entries()) {
    const from = [...at, index];
    const credential = (resolution.names(['credentials']) ?? []).find(
      (key) => resolution.value('credentials', key)?.value === `env:${name}`,
    );
    if (WORKERS_OWN.test(name)) resolution.report(from, 'Is the worker’s own business, and given to no command');
    else if (credential !== undefined) {
      const message = `Is the credential \`${credential}\`: commands find those of their environment’s database and login by themselves, and no others`;
      resolution.report(from, message);
    } else if (SECRET.test(name)) resolution.secrets.add(`env:${name}`);
  }
  return [...new Set(names)];
}
