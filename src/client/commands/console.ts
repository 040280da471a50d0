import type { Command } from 'commander';
import type { SignIn } from '../../console/signed-in.js';
import { commitTime } from '../../local/commit-time.js';
import { withConnection } from '../../temporal/connection.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { evidenceOption } from '../retention/archived.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { untilAborted } from '../terminal/until-aborted.js';
import { givenPolicy } from './trust/given-policy.js';

interface ConsoleCommandOptions {
  port: string;
  evidence: string;
  repository?: string;
  policy?: string;
  origin?: string;
  clientSecret?: string;
  json?: boolean;
}

export function defineConsole(command: Command): void {
  command
    .option('--port <PORT>', 'port on this machine (0: any free one)', '8080')
    .addOption(evidenceOption())
    .option('--repository <FOLDER>', 'a clone that has the commits: without it no lead time is known')
    .option('--policy <FILE>', 'the policy of the workers: people sign in at its identity provider')
    .option(
      '--origin <URL>',
      'as people reach it through a proxy that speaks TLS: https://HOST, no path; wants --policy',
    )
    .option(
      '--client-secret <REFERENCE>',
      'where the secret of this client at the identity provider is: env:NAME, file:PATH or another that plans take; wants --policy',
    )
    .option('--json', 'one JSON document on stdout once it serves')
    .addHelpText('after', '\nExample:\n  $ surefoot console --port 8080')
    .action(exiting((options: ConsoleCommandOptions) => interruptible((signal) => serveUntil(signal, options))));
}

async function serveUntil(interrupted: AbortSignal, options: ConsoleCommandOptions): Promise<number> {
  const { port, evidence, repository, policy, json } = options;
  if (!/^\d{1,5}$/.test(port)) throw usageError(`${port} is no port`, 'Write for example --port 8080.');
  const origin = options.origin === undefined ? undefined : originFor(options.origin, policy);
  const [{ serveConsole }, { deploymentsFromTemporal }, signIn, { periodOf, USUAL_DAYS }] = await Promise.all([
    import('../../console/serve.js'),
    import('../../console/from-temporal.js'),
    signInBy(policy, { origin, clientSecret: options.clientSecret }),
    import('../../console/pages/history-page.js'),
  ]);
  return await withConnection(async (connected) => {
    const committed = async (commit: string) =>
      repository === undefined ? undefined : await commitTime(repository, commit);
    const deployments = deploymentsFromTemporal(connected, { evidence, committed });
    const { url, stop } = await serveConsole({ port: Number(port), deployments, signIn, origin });
    // All that has ended is read once: whoever opens the link does not wait for it. What cannot be seen, pages say.
    await deployments.all().catch(() => {});
    if (json) printJson({ url, ...(origin === undefined ? {} : { origin }) });
    else print(`console at ${origin === undefined ? url : `${origin}, for the proxy at ${url}`}; Ctrl-C stops it`);
    if (!signIn.isThere)
      note(
        'nobody signs in here: whoever uses this machine can answer for others, where a deployment takes unsigned decisions',
      );
    void deployments.figures(periodOf(USUAL_DAYS, Date.now())).catch(() => {});
    await untilAborted(interrupted);
    stop();
    return EXIT.good;
  });
}

/** Whom others than this machine reach has to know who they are. @throws CliError exit 2 */
function originFor(written: string, policy: string | undefined): string {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url?.protocol !== 'https:' || `${url.origin}/` !== url.href)
    throw usageError(`${written} is no origin of TLS`, 'Write for example --origin https://surefoot.example.com.');
  if (policy === undefined)
    throw usageError(
      'Without a policy nobody signs in, and the console is for this machine only',
      'Add --policy FILE.',
    );
  return url.origin;
}

async function signInBy(
  file: string | undefined,
  { origin, clientSecret }: Pick<ConsoleCommandOptions, 'origin' | 'clientSecret'>,
): Promise<SignIn> {
  if (file === undefined) {
    if (clientSecret === undefined) return (await import('../../console/signed-in.js')).NOBODY;
    throw usageError('Without a policy nobody signs in, and no provider is shown a secret', 'Add --policy FILE.');
  }
  const policy = await givenPolicy(file);
  const [issuer, ...others] = policy.identityProviders.keys();
  if (issuer === undefined || others.length > 0) {
    const held = `${policy.identityProviders.size} identity providers`;
    throw usageError(
      `The policy ${file} has ${held}, and people sign in at one`,
      'Write one under `identityProviders`.',
    );
  }
  const [{ identitySignIn }, { clientSecret: found }] = await Promise.all([
    import('../../console/identity/identity-sign-in.js'),
    import('../../console/identity/client-secret.js'),
  ]);
  const secret = clientSecret === undefined ? undefined : await found(clientSecret);
  return await identitySignIn({ policy, issuer, origin, secret });
}
