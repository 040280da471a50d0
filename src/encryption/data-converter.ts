import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec } from './codec.js';
import { readKeyring } from './keys.js';

/**
 * The module that workers load into the workflow sandbox; the bundle of encrypting workers is built with it. The SDK loads it by
 * its path, so that beside sources, under test, it is the built one too.
 */
export const FAILURE_CONVERTER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/src/encryption/failures.js' : './failures.js', import.meta.url),
);

/** How payloads travel in this process: encrypted when `SUREFOOT_PAYLOAD_KEYS` is set, else as they are. */
export function dataConverter(plainText: 'throw' | 'replace'): DataConverter | undefined {
  const keyring = readKeyring();
  if (!keyring) return undefined;
  return { payloadCodecs: [new EncryptionCodec(keyring, plainText)], failureConverterPath: FAILURE_CONVERTER };
}
