/** The keys that payloads are encrypted with: by reference, never in a file of the project or on a command line. */
import { readTextSync, whyUnread } from '../files/bounded-files.js';

/** Keys by their IDs. The first one encrypts; all of them decrypt, so that a key can be replaced while histories last. */
export interface Keyring {
  active: string;
  keys: Map<string, Buffer>;
}

export class KeyringError extends Error {}

/** Bytes; much more than a key has. */
const LARGEST = 10_000;

const VARIABLE = 'SUREFOOT_PAYLOAD_KEYS';

/**
 * Reads `SUREFOOT_PAYLOAD_KEYS`: `ID=env:NAME` or `ID=file:PATH`, separated by commas, the active one first. Each is 32
 * bytes in base64 or hex.
 * @returns undefined when the variable is not set: payloads are not encrypted then
 * @throws KeyringError that names the entry, never what it holds
 */
export function readKeyring(environment: NodeJS.ProcessEnv = process.env): Keyring | undefined {
  const written = environment[VARIABLE]?.trim();
  if (!written) return undefined;
  const keys = new Map<string, Buffer>();
  for (const entry of written.split(',')) {
    const [, id, scheme, name] = /^\s*([\w.-]{1,64})=(env|file):(.+?)\s*$/.exec(entry) ?? [];
    if (!id || !name) throw new KeyringError(`${VARIABLE}: write ID=env:NAME or ID=file:PATH, separated by commas`);
    if (keys.has(id)) throw new KeyringError(`${VARIABLE}: the key ${id} is there twice`);
    keys.set(id, decodeKey(id, scheme === 'env' ? environment[name] : readKeyFile(id, name)));
  }
  const [active = ''] = keys.keys();
  return { active, keys };
}

function readKeyFile(id: string, file: string): string {
  try {
    return readTextSync(file, LARGEST);
  } catch (error) {
    throw new KeyringError(`${VARIABLE}: the file of key ${id} cannot be read (${whyUnread(error)})`);
  }
}

function decodeKey(id: string, text: string | undefined): Buffer {
  const written = text?.trim() ?? '';
  const key = /^[0-9a-f]{64}$/i.test(written) ? Buffer.from(written, 'hex') : Buffer.from(written, 'base64');
  if (key.length === 32) return key;
  throw new KeyringError(
    `${VARIABLE}: key ${id} is not 32 bytes in base64 or hex; make one with: openssl rand -base64 32`,
  );
}
