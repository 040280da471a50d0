/** Turns a plan's command into what is really executed: here or on the environment's server. */
import { delimiter } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment, SecretReference } from '../../contract/plan/environment.js';
import { loginSecrets } from '../../contract/plan/login.js';
import { PLACEHOLDER } from '../../domain/placeholder.js';
import { secretVariables } from '../evidence/secrets.js';
import { tlsVariables } from '../postgres/postgres-tls.js';
import { quoteWord, sshCommand } from './ssh.js';

export interface CommandLine {
  argv: string[];
  cwd: string;
  /** For people: the machine it acts on. */
  host: string;
  /** Of the process; it may hold secrets and is never written. */
  environment: NodeJS.ProcessEnv;
  /** For people: the command as one would type it. */
  title: string;
  overSsh: boolean;
}

/**
 * @param input.values for the command's placeholders
 * @param input.variables environment variables for the command; not secret, as ssh shows them in its arguments
 * @throws ApplicationFailure `PreconditionFailed` for an unknown placeholder or a value that reads as an option
 */
export function commandLine(input: {
  environment: Environment;
  command: Command;
  values: Record<string, string>;
  variables?: Record<string, string>;
}): CommandLine {
  const { environment, command, variables = {} } = input;
  const words = fillPlaceholders(command.run, input.values);
  const title = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoteWord(word))).join(' ');
  const [folder = ''] = fillPlaceholders([command.folder], { application: environment.application ?? '' });
  const inherited = inheritedVariables(ownSecrets(environment));
  const tls = environment.database ? tlsVariables(environment.database) : {};
  if (command.on === 'server' && environment.server.kind === 'ssh') {
    // Files are named for this machine; the server has its own where libpq looks for them.
    const { PGSSLMODE } = tls;
    const remote = {
      words,
      folder,
      tools: environment.tools,
      variables: { ...(PGSSLMODE && { PGSSLMODE }), ...variables },
    };
    const ssh = sshCommand(environment.server, remote);
    return { argv: ssh.argv, cwd: '/', host: ssh.host, environment: inherited, title, overSsh: true };
  }
  const path = searchPath(environment.tools);
  const own = { ...inherited, PATH: path, ...tls, ...variables };
  return { argv: words, cwd: folder, host: 'local', environment: own, title, overSsh: false };
}

/** PATH with an environment's tools first. */
export const searchPath = (tools: string[]): string =>
  [...tools, process.env.PATH ?? ''].filter(Boolean).join(delimiter);

/** The secrets that belong to an environment: its commands may find them in their variables. */
export const ownSecrets = ({ database, login }: Environment): SecretReference[] => [
  ...(database ? [database.password] : []),
  ...(login ? loginSecrets(login) : []),
];

/**
 * The worker's own variables as commands get them: without its key to the Temporal cluster, the keys of payloads, and the
 * tokens and passwords of others, which are no business of a deploy script.
 * @param own references to secrets that the command may have
 */
export function inheritedVariables(own: SecretReference[] = []): NodeJS.ProcessEnv {
  const kept = { ...process.env };
  const withheld = [...secretVariables(own), ...payloadKeyVariables()];
  for (const name of Object.keys(kept)) {
    if (name.startsWith('TEMPORAL_') || withheld.includes(name)) delete kept[name];
  }
  return kept;
}

/** `SUREFOOT_PAYLOAD_KEYS` (src/encryption/keys.ts) and the variables that it names. */
function payloadKeyVariables(): string[] {
  const named = [...(process.env.SUREFOOT_PAYLOAD_KEYS ?? '').matchAll(/=\s*env:([^,\s]+)/g)];
  return ['SUREFOOT_PAYLOAD_KEYS', ...named.flatMap(([, name]) => name ?? [])];
}

/**
 * Fills `{name}` in every word. A value can't add words, and can't become an option.
 * @throws ApplicationFailure `PreconditionFailed`
 */
export function fillPlaceholders(run: string[], values: Record<string, string>): string[] {
  return run.map((word) =>
    word.replaceAll(PLACEHOLDER, (_, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) throw refused(`{${name}} in "${run.join(' ')}" has no value here`);
      if (value === '' || value.startsWith('-') || value.includes('\0')) {
        throw refused(`the value of {${name}} in "${run.join(' ')}" is empty or reads as an option: "${value}"`);
      }
      return value;
    }),
  );
}

const refused = (message: string) =>
  ApplicationFailure.create({
    type: FailureType.PreconditionFailed,
    message: `The command was not run: ${message}`,
    nonRetryable: true,
  });
