/** TLS to PostgreSQL as libpq has it (sslmode and its files): what the plan says, then PGSSL*, then what libpq does by itself. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import { type Database, type DatabaseTls, TLS_MODES, type TlsMode } from '../../contract/plan/environment.js';
import { FileRefused, readText, whyUnread } from '../../files/bounded-files.js';

/** Who else could answer there is at most another user of this machine. A path is the folder of a socket. */
export const isLoopback = (host: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host) || host.startsWith('/');

/** What is asked for; a file that is not named is looked for where libpq does, and may be missing there. */
export interface TlsSettings extends DatabaseTls {
  mode: TlsMode;
  /** Nobody has said it: beyond this machine it is `verify-full`, against the public authorities where there is no other. */
  byDefault: boolean;
  /** Certificates that their authority has called back. */
  revocations?: string;
  minimum?: SecureVersion;
  maximum?: SecureVersion;
}

/** @throws ApplicationFailure `PreconditionFailed` when PGSSLMODE is none of libpq's */
export function tlsSettings(
  { tls = {}, host }: Pick<Database, 'tls' | 'host'>,
  environment: NodeJS.ProcessEnv,
): TlsSettings {
  const said = tls.mode ?? (environment.PGSSLMODE || undefined);
  const mode = said ?? (isLoopback(host) ? 'prefer' : 'verify-full');
  if (!isMode(mode)) throw refused(`PGSSLMODE of the worker is "${mode}"; it has ${TLS_MODES.join(', ')}`);
  const version = (name: string) => (environment[name] || undefined) as SecureVersion | undefined;
  return {
    mode,
    byDefault: said === undefined,
    rootCertificate: tls.rootCertificate ?? (environment.PGSSLROOTCERT || undefined),
    certificate: tls.certificate ?? (environment.PGSSLCERT || undefined),
    key: tls.key ?? (environment.PGSSLKEY || undefined),
    revocations: environment.PGSSLCRL || undefined,
    minimum: version('PGSSLMINPROTOCOLVERSION'),
    maximum: version('PGSSLMAXPROTOCOLVERSION'),
  };
}

export const isVerified = (mode: TlsMode): boolean => mode.startsWith('verify-');

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
  const system = settings.rootCertificate === 'system' || (settings.byDefault && isVerified(mode) && ca === undefined);
  // An authority that is there is always asked; without one, `require` and less trust whoever answers.
  const verified = system || ca !== undefined;
  if (!verified && isVerified(mode)) {
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

/**
 * The same for programs that connect in Surefoot's place, with what it does by itself. Which proof of the password they may
 * give, libpq knows from version 16 on.
 */
export async function tlsVariablesOfTools(database: Pick<Database, 'tls' | 'host'>): Promise<Record<string, string>> {
  const { mode, byDefault, rootCertificate } = tlsSettings(database, process.env);
  const own = byDefault && isVerified(mode) && (await file(undefined, 'root.crt', '')) === undefined;
  return {
    ...(byDefault && isVerified(mode) ? { PGSSLMODE: mode } : {}),
    ...(own && rootCertificate === undefined ? { PGSSLROOTCERT: 'system' } : {}),
    ...tlsVariables(database),
    ...(isVerified(mode) ? {} : { PGREQUIREAUTH: isLoopback(database.host) ? '!password' : '!password,!md5' }),
  };
}

const ofLibpq = (name: string) => join(homedir(), '.postgresql', name);

/** Bytes; all authorities of a system have some 200 KB, lists of withdrawn certificates more. */
const LARGEST = 16_000_000;

/** One that is named must be there; libpq's own is taken when it is there. */
async function file(named: string | undefined, own: string, what: string): Promise<string | undefined> {
  try {
    return await readText(named ?? ofLibpq(own), LARGEST);
  } catch (error) {
    // Something is there: without it, more would be trusted than is meant.
    if (named === undefined && !(error instanceof FileRefused)) return undefined;
    throw refused(`the ${what} ${named ?? ofLibpq(own)} cannot be read by the worker (${whyUnread(error)})`);
  }
}

const refused = (message: string) =>
  ApplicationFailure.create({ type: FailureType.PreconditionFailed, message, nonRetryable: true });
