/**
 * What programs see of the worker's environment: a list of what they may, so that a secret that nobody has thought of
 * stays where it is. Every program that is started for a deployment gets its variables here.
 */
import { delimiter } from 'node:path';
import type { Environment, SecretReference } from '../../contract/plan/environment.js';
import { loginSecrets } from '../../contract/plan/login.js';
import { isWorkersOwn } from '../evidence/workers-own.js';

/** Whose a program is, where it finds things, how it speaks, and how libpq protects connections: none is a secret. */
const COMMON = [
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+)$/,
  /^PGSSL(MODE|ROOTCERT|CERT|KEY|CRL|MINPROTOCOLVERSION|MAXPROTOCOLVERSION)$/,
];

/** What a program is given besides. */
export interface Given {
  /** Folders put first on PATH. */
  tools?: readonly string[];
  /** Names of the worker's variables, as the plan lists them for an environment. */
  variables?: readonly string[];
  /** Of these, those that are variables. */
  secrets?: readonly SecretReference[];
}

/** All of a program's variables. What the worker proves itself by is never among them, whoever names it. */
export function programVariables({ tools = [], variables = [], secrets = [] }: Given = {}): NodeJS.ProcessEnv {
  const given = [
    ...variables,
    ...secrets.flatMap((secret) => (secret.startsWith('env:') ? [secret.slice('env:'.length)] : [])),
  ];
  const isGiven = (name: string) => given.includes(name) && !isWorkersOwn(name);
  const seen = Object.entries(process.env).filter(
    ([name]) => COMMON.some((pattern) => pattern.test(name)) || isGiven(name),
  );
  return { ...Object.fromEntries(seen), PATH: searchPath(tools) };
}

/** The ssh client's: it asks the worker's agent, which no other program is let near by itself. */
export const sshVariables = ({ variables = [], ...given }: Given = {}): NodeJS.ProcessEnv =>
  programVariables({ ...given, variables: ['SSH_AUTH_SOCK', ...variables] });

/** PATH with these folders first. */
export const searchPath = (tools: readonly string[]): string =>
  [...tools, process.env.PATH ?? ''].filter(Boolean).join(delimiter);

/** The secrets that belong to an environment: its commands may find them in their variables. */
export const ownSecrets = ({ database, login }: Environment): SecretReference[] => [
  ...(database ? [database.password] : []),
  ...(login ? loginSecrets(login) : []),
];

/** Why the worker can't give its programs one of the variables that a plan lists; undefined when it can. */
export function whyNotGiven(name: string): string | undefined {
  if (isWorkersOwn(name)) return `${name} is what the worker proves itself by, and is given to no command`;
  return process.env[name] === undefined ? `${name} is not set for the worker` : undefined;
}
