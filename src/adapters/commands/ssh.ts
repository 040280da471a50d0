/** Commands on another machine, by the ssh client. The remote login shell must read POSIX words. */
import type { Server } from '../../contract/plan/environment.js';

type SshServer = Extract<Server, { kind: 'ssh' }>;

/** Printed by the remote side: 255 is ssh's own code for a lost connection, and also what alembic fails with. */
const ENDED_WITH_255 = 'surefoot: the command itself ended with 255';

/** One word for a POSIX shell, whatever is in it but NUL. */
export const quoteWord = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** The argument list of the ssh client for one command on the server. */
export function sshCommand(
  server: SshServer,
  remote: { words: string[]; folder: string; tools: string[]; variables: Record<string, string> },
): { argv: string[]; host: string } {
  const host = server.user ? `${server.user}@${server.host}` : server.host;
  const known = server.knownHosts ? ['-o', `UserKnownHostsFile="${server.knownHosts}"`] : [];
  const argv = [
    'ssh',
    '-T',
    ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', ...known],
    // A server that went away is noticed after a minute instead of never.
    ...['-o', 'ConnectTimeout=15', '-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=4'],
    ...(server.port ? ['-p', String(server.port)] : []),
    ...['--', host, remoteScript(remote)],
  ];
  return { argv, host };
}

/** What the remote shell is given: the folder, the variables, the command, each word quoted. */
export function remoteScript(remote: {
  words: string[];
  folder: string;
  tools: string[];
  variables: Record<string, string>;
}): string {
  const path = remote.tools.length > 0 ? [`PATH=${quoteWord(remote.tools.join(':'))}:"$PATH"`] : [];
  const variables = Object.entries(remote.variables).map(([name, value]) => quoteWord(`${name}=${value}`));
  const command = ['env', ...path, ...variables, ...remote.words.map(quoteWord)].join(' ');
  return `cd ${quoteWord(remote.folder)} && ${command}; code=$?; [ $code -ne 255 ] || echo ${quoteWord(ENDED_WITH_255)} >&2; exit $code`;
}

const NOT_CONNECTED =
  /^ssh: (connect to host|Could not resolve)|^Host key verification failed|Permission denied \(|^kex_exchange_identification|^No .* host key is known|^Connection (closed|reset) by .* port \d+.*$/m;

/**
 * What ssh's code 255 means.
 * @returns `command`: the command's own code; `not-started`: no connection was made; `lost`: nobody knows
 */
export function readSshFailure(errors: string): 'command' | 'not-started' | 'lost' {
  if (errors.includes(ENDED_WITH_255)) return 'command';
  return NOT_CONNECTED.test(errors) && !/client_loop|Timeout, server|Connection to .* closed/.test(errors)
    ? 'not-started'
    : 'lost';
}
