/** Turns a plan's command into what is really executed: here or on the environment's server. */
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment } from '../../contract/plan/environment.js';
import { placeholder } from '../../domain/placeholder.js';
import { tlsVariables } from '../postgres/postgres-tls.js';
import { ownSecrets, programVariables, sshVariables } from './program-variables.js';
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
  const secrets = ownSecrets(environment);
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
    // The server's tools mean nothing here.
    const client = sshVariables({ variables: environment.variables, secrets });
    return { argv: ssh.argv, cwd: '/', host: ssh.host, environment: client, title, overSsh: true };
  }
  const own = { ...programVariables({ ...environment, secrets }), ...tls, ...variables };
  return { argv: words, cwd: folder, host: 'local', environment: own, title, overSsh: false };
}

/**
 * Fills `{name}` in every word. A value can't add words, and can't become an option.
 * @throws ApplicationFailure `PreconditionFailed`
 */
export function fillPlaceholders(run: string[], values: Record<string, string>): string[] {
  return run.map((word) =>
    word.replaceAll(placeholder(), (_, name: string) => {
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
