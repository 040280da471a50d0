/** What databases and the ways to them fail with, in words that hold no secret and no row. */
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { FailureType } from '../../contract/errors.js';
import type { Database } from '../../contract/plan/environment.js';
import { shortened } from '../../domain/shortened.js';
import { redact } from '../evidence/redaction.js';
import { knownSecrets } from '../evidence/secrets.js';
import { quotableError } from './quotable.js';

/** We refused to prove the password in a way that gives it away. */
export const PASSWORD_ASKED = 'PASSWORD_ASKED';

/** The answer had no end, or one that nobody can hold. */
export const TOO_MUCH = 'TOO_MUCH';

/** Refused by the server for a reason that no retry cures: login, database, right, table, column, syntax. */
const REFUSED = ['28000', '28P01', '3D000', '42501', '42P01', '42703', '42601', PASSWORD_ASKED, TOO_MUCH];

/** Node's codes for certificates that do not hold. */
export const CERTIFICATE = /CERT|SIGNATURE|ALTNAME|ISSUER/;

/** What pg says when its own clock gives up. */
export const LATE = 'Query read timeout';

/** pg gives no codes to what it finds wrong itself. */
const OF_PG =
  /^(Connection terminated|Client (was closed|has encountered)|Query read timeout|timeout expired|The server does not support SSL|There was an error establishing)/;

export const isTooMuch = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === TOO_MUCH;

export const isDatabaseError = (error: unknown): boolean =>
  error instanceof pg.DatabaseError || isTooMuch(error) || (error instanceof Error && OF_PG.test(error.message));

/** The connection is gone, or was ended by the server: that says nothing of what was asked, and is worth another try. */
export const isLost = (error: unknown): boolean => isGone(error) || (error as Error).message === LATE;

/** As {@link isLost}, but not for an answer that never came: that connection was as good as the next one. */
export function isGone(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code?.startsWith('57P') || /^E[A-Z]+$/.test(code ?? '')) return true;
  return /^(Connection terminated|Client (was closed|has encountered))/.test(message ?? '');
}

/** Characters: PostgreSQL's own messages are a line. */
const LONGEST_REASON = 2_000;

/** An error of a server or of the way to it, in a few words. */
export function databaseReason(error: unknown): string {
  if (error instanceof pg.DatabaseError) {
    // What is cut off first is far beyond what is told: no secret is cut in two that could be seen.
    const message = error.message.slice(0, 10 * LONGEST_REASON);
    return shortened(redact(quotableError({ ...error, message }), knownSecrets()), LONGEST_REASON);
  }
  const { code, message, errors } = error as { code?: string; message?: string; errors?: { code?: string }[] };
  return redact(message || code || errors?.[0]?.code || 'the connection failed', knownSecrets());
}

export const placeOf = ({ name, host, port }: Database): string => `Database ${name} on ${host}:${port}`;

/** @returns retryable when the database cannot be reached, `PreconditionFailed` when it refuses us */
export function databaseMessage(error: unknown, database: Database): ApplicationFailure {
  const { code = '' } = error as { code?: string };
  const refused = REFUSED.includes(code) || CERTIFICATE.test(code);
  return ApplicationFailure.create({
    type: refused ? FailureType.PreconditionFailed : 'DatabaseError',
    message: `${placeOf(database)}: ${databaseReason(error)}`,
    nonRetryable: refused,
  });
}
