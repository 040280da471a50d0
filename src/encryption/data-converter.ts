import { fileURLToPath } from 'node:url';
import type { ClientOptions } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec } from './codec.js';
import { readKeyring } from './keys.js';
import { clientInterceptors } from './uses-of-clients.js';

/**
 * The module that workers load into the workflow sandbox; the bundle of encrypting workers is built with it. The SDK loads it by
 * its path, so that beside sources, under test, it is the built one too.
 */
export const FAILURE_CONVERTER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/src/encryption/failures.js' : './failures.js', import.meta.url),
);

/**
 * How payloads travel in this process: encrypted when `SUREFOOT_PAYLOAD_KEYS` is set, else as they are.
 * @param anyNamespace for replays of reports, which do not know theirs
 */
export function dataConverter(refusal: 'throw' | 'replace', anyNamespace = false): DataConverter | undefined {
  const keyring = readKeyring();
  if (!keyring) return undefined;
  const payloadCodecs = [new EncryptionCodec(keyring, refusal, anyNamespace)];
  return { payloadCodecs, failureConverterPath: FAILURE_CONVERTER };
}

/** The same for a client, which says with each of its calls what its payloads are for. */
export const clientEncryption = (
  refusal: 'throw' | 'replace',
): Pick<ClientOptions, 'dataConverter' | 'interceptors'> => ({
  dataConverter: dataConverter(refusal),
  interceptors: clientInterceptors,
});
