/** One connection to a database: with TLS as libpq has it, and with nothing at its start that a pooler would refuse. */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import pg from 'pg';
import type { Database } from '../../contract/plan/environment.js';
import { readSecret } from '../evidence/secrets.js';
import { CERTIFICATE, PASSWORD_ASKED, TOO_MUCH } from './postgres-errors.js';
import { isLoopback, isVerified, tlsOptions, tlsSettings, waysToConnect } from './postgres-tls.js';

/** Longest name that PostgreSQL keeps, bytes. */
export const LONGEST_NAME = 63;

/** Bytes of one answer. All that is asked for are numbers, names, plans and the texts of a few statements. */
const LARGEST_ANSWER = 8_000_000;
/** Rows of one answer: empty ones take seven bytes on the way, and a hundred here. */
const MOST_ROWS = 100_000;

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
    const isKnown = way === 'tls' && isVerified(settings.mode);
    const client = new Client({
      proofs: { clear: isKnown, md5: isKnown || isLoopback(database.host) },
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
      // What is in between with a certificate of its own gets no further, whoever trusts that.
      enableChannelBinding: way === 'tls',
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
  const failure = failures.find((one) => !isWithoutTls(one)) ?? failures[0];
  if (settings.byDefault && isVerified(settings.mode) && failure instanceof Error && isOfTls(failure)) {
    failure.message += '; beyond this machine sslmode is verify-full, unless the URL in the plan says another';
  }
  throw failure;
}

/** Which proofs of the password the other side may ask for, beside SCRAM, which tells it nothing. */
interface Proofs {
  clear: boolean;
  /** Good for guesses, and as good as the password where the server's own list of hashes is known. */
  md5: boolean;
}

class Client extends pg.Client {
  private readonly proofs: Proofs;

  constructor({ proofs, ...config }: pg.ClientConfig & { sslnegotiation: string; proofs: Proofs }) {
    super(config as pg.ClientConfig);
    this.proofs = proofs;
    // PGOPTIONS of the worker is not for us: a pooler refuses it, or keeps it for others.
    const { connectionParameters } = this as unknown as { connectionParameters: { options?: string } };
    connectionParameters.options = undefined;
    this.bound((this as unknown as { connection: Connection }).connection);
  }

  /**
   * pg keeps what has come of a message until it is whole, and all rows of an answer: whoever answers would fill the
   * memory of the worker with one that never ends. What is too large ends the connection, before it is read on.
   */
  private bound(connection: Connection): void {
    let bytes = 0;
    let rows = 0;
    const count = (what: { bytes?: number; rows?: number }) => {
      bytes += what.bytes ?? 0;
      rows += what.rows ?? 0;
      if (bytes <= LARGEST_ANSWER && rows <= MOST_ROWS) return;
      const words = `the answer is larger than ${LARGEST_ANSWER / 1e6} MB or ${MOST_ROWS} rows: it is not read to its end`;
      connection.stream.destroy(Object.assign(new Error(words), { code: TOO_MUCH }));
    };
    const listen = () => connection.stream.on('data', (piece: Buffer) => count({ bytes: piece.length }));
    if (connection.ssl) connection.once('sslconnect', listen);
    else listen();
    connection.on('dataRow', () => count({ rows: 1 }));
    connection.on('readyForQuery', () => {
      bytes = 0;
      rows = 0;
    });
  }

  /** pg calls it when the other side asks for the password as it is, and would give it to whoever asks. */
  _handleAuthCleartextPassword(message: unknown): void {
    if (this.proofs.clear) answer.clear.call(this, message);
    else this.keepPassword('in clear text');
  }

  /** The same for its hash. */
  _handleAuthMD5Password(message: unknown): void {
    if (this.proofs.md5) answer.md5.call(this, message);
    else this.keepPassword('as MD5');
  }

  private keepPassword(how: string): void {
    const words =
      `whoever answers there asks for the password ${how}, and nothing proves who that is: ` +
      'use scram-sha-256 on the server, or sslmode=verify-full';
    const { connection } = this as unknown as { connection: EventEmitter };
    connection.emit('error', Object.assign(new Error(words), { code: PASSWORD_ASKED }));
  }
}

/** As much of pg's own connection as is listened to; with TLS it has another stream from `sslconnect` on. */
type Connection = EventEmitter & { stream: Socket; ssl: unknown };

type Answer = (this: pg.Client, message: unknown) => void;

const ofPg = pg.Client.prototype as unknown as Record<string, Answer>;

/** pg's own answers; under other names they would be given to anybody, so that must be known at the start. */
const answer = { clear: named('_handleAuthCleartextPassword'), md5: named('_handleAuthMD5Password') };

function named(name: string): Answer {
  const found = ofPg[name];
  if (!found) throw new Error(`pg's client has no ${name}: who may ask for a password can't be held`);
  return found;
}

const isWithoutTls = (error: unknown) => /^The server does not support SSL/.test((error as Error).message);

/** The other side speaks no TLS, or its certificate does not hold. */
const isOfTls = (error: Error): boolean =>
  isWithoutTls(error) || CERTIFICATE.test((error as NodeJS.ErrnoException).code ?? '');

/** Nobody was there, or not in time: no other way would find anybody. */
const UNREACHED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;

/** The server, or TLS itself, refused this way; a wrong password is wrong in the other one too. */
function mayTryOtherwise(error: unknown): boolean {
  const { code = '', message, errors } = error as { code?: string; message?: string; errors?: { code?: string }[] };
  if (error instanceof pg.DatabaseError) return code === '28000';
  if (code === PASSWORD_ASKED || code === TOO_MUCH) return false;
  return !UNREACHED.test(code || (errors?.[0]?.code ?? '')) && message !== 'timeout expired';
}
