/** The machines that a deployment touches. */

/** Where a secret is found by the process that uses it: `env:NAME` or `file:PATH`. Never the secret itself. */
export type SecretReference = string;

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

export interface Environment {
  name: EnvironmentName;
  /** Base URL of the application, without a trailing slash. */
  api: string;
  server: Server;
  /** The folder on the server that migration commands run in (`/app/backend`); only where a command needs one. */
  application?: string;
  /** Folders put first on PATH for commands of this environment. */
  tools: string[];
  database?: Database;
  login?: { path: string; username: string; password: SecretReference };
}
