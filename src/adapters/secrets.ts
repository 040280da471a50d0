import { readFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../contract/errors.js';

/**
 * Reads the secret that a reference points to: `env:NAME` or `file:PATH` (one trailing newline is dropped).
 * Call it where the secret is used and keep the result out of everything that is written.
 */
export async function readSecret(reference: string): Promise<string> {
  const [scheme, name] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)];
  if (scheme === 'env') {
    const value = process.env[name];
    if (value) return value;
    throw missing(`the environment variable ${name} is not set for the worker`);
  }
  if (scheme === 'file') {
    try {
      return (await readFile(name, 'utf8')).replace(/\r?\n$/, '');
    } catch (error) {
      throw missing(`the file ${name} cannot be read by the worker (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  throw missing(`"${scheme}:" is no kind of secret reference; use env:NAME or file:PATH`);
}

const missing = (message: string) =>
  ApplicationFailure.create({
    type: FailureType.SecretMissing,
    message: `Secret not found: ${message}`,
    nonRetryable: true,
  });
