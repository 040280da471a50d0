/** One connection to a database: with TLS as libpq has it, and with nothing at its start that a pooler would refuse. */
import pg from 'pg';
import type { Database } from '../../contract/plan/environment.js';
import { readSecret } from '../evidence/secrets.js';
import { tlsOptions, tlsSettings, waysToConnect } from './postgres-tls.js';

/** Longest name that PostgreSQL keeps, bytes. */
export const LONGEST_NAME = 63;

/** Milliseconds. */
export interface Limits {
  connect: number;
  /** For an answer, by our own clock: the server's own limit is set in each transaction. 0 for none. */
  answer: number;
}

/** @throws whatever pg, TLS or the secret's place say */
export async function connectDatabase(database: Database, applicationName: string, limits: Limits): Promise<pg.Client> {
  const password = await readSecret(database.password);
  const settings = tlsSettings(database, process.env);
  const ssl = settings.mode === 'disable' ? false : await tlsOptions(settings);
  const failures: unknown[] = [];
  for (const way of waysToConnect(settings.mode)) {
    const client = new Client({
      host: database.host,
      port: database.port,
      database: database.name,
      user: database.user,
      password,
      application_name: applicationName.slice(0, LONGEST_NAME),
      connectionTimeoutMillis: limits.connect,
      query_timeout: limits.answer,
      keepAlive: true,
      ssl: way === 'tls' && ssl,
      // Else pg would take it from the environment.
      sslnegotiation: 'postgres',
    });
    // Without a listener a connection that breaks while nothing is asked ends the whole worker.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      failures.push(error);
      await client.end().catch(() => undefined);
      if (!mayTryOtherwise(error)) break;
    }
  }
  throw failures.find((failure) => !isWithoutTls(failure)) ?? failures[0];
}

/** PGOPTIONS of the worker is not for us: a pooler refuses it, or keeps it for others. */
class Client extends pg.Client {
  constructor(config: pg.ClientConfig & { sslnegotiation: string }) {
    super(config);
    const { connectionParameters } = this as unknown as { connectionParameters: { options?: string } };
    connectionParameters.options = undefined;
  }
}

const isWithoutTls = (error: unknown) => /^The server does not support SSL/.test((error as Error).message);

/** Nobody was there, or not in time: no other way would find anybody. */
const UNREACHED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;

/** The server, or TLS itself, refused this way; a wrong password is wrong in the other one too. */
function mayTryOtherwise(error: unknown): boolean {
  const { code = '', message, errors } = error as { code?: string; message?: string; errors?: { code?: string }[] };
  if (error instanceof pg.DatabaseError) return code === '28000';
  return !UNREACHED.test(code || (errors?.[0]?.code ?? '')) && message !== 'timeout expired';
}
