/** TLS to PostgreSQL as libpq has it (sslmode and its files): what the plan says, then PGSSL*, then what libpq does by itself. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import { type Database, type DatabaseTls, TLS_MODES, type TlsMode } from '../../contract/plan/environment.js';

/** What is asked for; a file that is not named is looked for where libpq does, and may be missing there. */
export interface TlsSettings extends DatabaseTls {
  mode: TlsMode;
  /** Certificates that their authority has called back. */
  revocations?: string;
  minimum?: SecureVersion;
  maximum?: SecureVersion;
}

/** @throws ApplicationFailure `PreconditionFailed` when PGSSLMODE is none of libpq's */
export function tlsSettings({ tls = {} }: Pick<Database, 'tls'>, environment: NodeJS.ProcessEnv): TlsSettings {
  const mode = tls.mode ?? (environment.PGSSLMODE || 'prefer');
  if (!isMode(mode)) throw refused(`PGSSLMODE of the worker is "${mode}"; it has ${TLS_MODES.join(', ')}`);
  const version = (name: string) => (environment[name] || undefined) as SecureVersion | undefined;
  return {
    mode,
    rootCertificate: tls.rootCertificate ?? (environment.PGSSLROOTCERT || undefined),
    certificate: tls.certificate ?? (environment.PGSSLCERT || undefined),
    key: tls.key ?? (environment.PGSSLKEY || undefined),
    revocations: environment.PGSSLCRL || undefined,
    minimum: version('PGSSLMINPROTOCOLVERSION'),
    maximum: version('PGSSLMAXPROTOCOLVERSION'),
  };
}

const isMode = (mode: string): mode is TlsMode => (TLS_MODES as readonly string[]).includes(mode);

/** What is tried, in this order; only `allow` and `prefer` have a second way. */
export function waysToConnect(mode: TlsMode): ('tls' | 'plain')[] {
  switch (mode) {
    case 'disable':
      return ['plain'];
    case 'allow':
      return ['plain', 'tls'];
    case 'prefer':
      return ['tls', 'plain'];
    default:
      return ['tls'];
  }
}

/** For Node's TLS. @throws ApplicationFailure `PreconditionFailed` for a file that is named and cannot be read */
export async function tlsOptions(settings: TlsSettings): Promise<ConnectionOptions> {
  const { mode, minimum, maximum } = settings;
  const [ca, cert, crl] = await Promise.all([
    settings.rootCertificate === 'system' ? undefined : file(settings.rootCertificate, 'root.crt', 'root certificate'),
    file(settings.certificate, 'postgresql.crt', 'client certificate'),
    file(settings.revocations, 'root.crl', 'list of revoked certificates'),
  ]);
  const key = cert === undefined ? undefined : await file(settings.key, 'postgresql.key', 'key of the certificate');
  const system = settings.rootCertificate === 'system';
  // An authority that is there is always asked; without one, `require` and less trust whoever answers.
  const verified = system || ca !== undefined;
  if (!verified && mode.startsWith('verify-')) {
    throw refused(
      `sslmode=${mode} needs a root certificate: name it by sslrootcert, or put it into ${ofLibpq('root.crt')}`,
    );
  }
  return {
    ca,
    cert,
    key,
    crl,
    rejectUnauthorized: verified,
    ...(mode === 'verify-full' || system ? {} : { checkServerIdentity: () => undefined }),
    ...(minimum && { minVersion: minimum }),
    ...(maximum && { maxVersion: maximum }),
  };
}

/** What the plan says, for libpq's own programs and for migrations: the rest they find where libpq looks. */
export function tlsVariables({ tls }: Pick<Database, 'tls'>): Record<string, string> {
  const variables = {
    PGSSLMODE: tls?.mode,
    PGSSLROOTCERT: tls?.rootCertificate,
    PGSSLCERT: tls?.certificate,
    PGSSLKEY: tls?.key,
  };
  return Object.fromEntries(Object.entries(variables).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

const ofLibpq = (name: string) => join(homedir(), '.postgresql', name);

/** One that is named must be there; libpq's own is taken when it is there. */
async function file(named: string | undefined, own: string, what: string): Promise<string | undefined> {
  try {
    return await readFile(named ?? ofLibpq(own), 'utf8');
  } catch (error) {
    if (named === undefined) return undefined;
    throw refused(`the ${what} ${named} cannot be read by the worker (${(error as NodeJS.ErrnoException).code})`);
  }
}

const refused = (message: string) =>
  ApplicationFailure.create({ type: FailureType.PreconditionFailed, message, nonRetryable: true });
