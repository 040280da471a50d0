/** The machines that a deployment touches. */
import type { HealthReading } from './application.js';
import type { Command } from './commands.js';

/**
 * Where a secret is found by the process that uses it: `env:NAME`, `file:PATH`, `exec:/HELPER WORDS`, `vault:PATH#KEY` or
 * `aws-sm:NAME#KEY`. Never the secret itself.
 */
export type SecretReference = string;

/** Where a text may also be what is meant itself, as a URL. */
export const isSecretReference = (text: string): boolean => /^(env|file|exec|vault|aws-sm):/.test(text);

export type EnvironmentName = 'staging' | 'production';

/** Where commands of an environment run. */
export type Server =
  | { kind: 'local' }
  | { kind: 'ssh'; host: string; user?: string; port?: number; knownHosts?: string };

/** libpq's `sslmode`. */
export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

export type TlsMode = (typeof TLS_MODES)[number];

/** What the plan says of TLS to a database; the rest is PGSSL* of the worker's environment, as for libpq. */
export interface DatabaseTls {
  mode?: TlsMode;
  /** Files on the worker's machine, or `system` for the authorities that the system trusts. */
  rootCertificate?: string;
  certificate?: string;
  key?: string;
}

export interface Database {
  host: string;
  port: number;
  name: string;
  user: string;
  password: SecretReference;
  tls?: DatabaseTls;
}

/** How an environment's test user is let in, and how its requests show who they are. */
export type Login =
  | PasswordLogin
  | { kind: 'basic'; username: string; password: SecretReference }
  | { kind: 'token'; token: SecretReference; send?: TokenUse }
  | { kind: 'command'; command: Command; field?: string; send?: TokenUse };

/** User name and password are sent to a path, which answers with a token. */
export interface PasswordLogin {
  /** `form`: as HTML forms and OAuth 2.0's password grant send them (RFC 6749, 4.3.2); JSON when left out. */
  kind?: 'form';
  path: string;
  username: string;
  password: SecretReference;
  /** What the two are called in the request; `username` and `password` when left out. */
  fields?: { username: string; password: string };
  /** What else is sent, as `grant_type`. */
  also?: Record<string, string>;
  /** Where the token stands in the answer; in the JSON field `access_token` when left out. */
  token?: { field: string } | { header: string } | { cookie: string };
  /** A cookie is sent back as it came, whatever this says. */
  send?: TokenUse;
}

/** The header that carries the token, and the word before it; `Authorization: Bearer …` when left out. */
export interface TokenUse {
  header: string;
  scheme?: string;
}

export interface Environment {
  name: EnvironmentName;
  /** Base URL of the application, without a trailing slash. */
  api: string;
  server: Server;
  /** The folder on the server that migration commands run in (`/app/backend`); only where a command needs one. */
  application?: string;
  /** Folders put first on PATH for commands of this environment. */
  tools: string[];
  /** Names of the worker's variables that commands of this environment are given besides the usual ones. */
  variables?: string[];
  database?: Database;
  login?: Login;
  /** How its health check is read; left out where it is as usual. */
  health?: HealthReading;
}
