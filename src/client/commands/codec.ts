import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Command } from 'commander';
import { EncryptionCodec } from '../../encryption/codec.js';
import { codecEndpoint } from '../../encryption/endpoint.js';
import { KeyringError, readKeyring } from '../../encryption/keys.js';
import { readTextSync, whyUnread } from '../../files/bounded-files.js';
import { connectionSettings } from '../../temporal/connection.js';
import { EXIT, usageError } from '../../temporal/errors.js';
import { interruptible } from '../terminal/interruption.js';
import { exiting, note, print, printJson } from '../terminal/output.js';
import { untilAborted } from '../terminal/until-aborted.js';

interface CodecOptions {
  port: string;
  origin?: string;
  tokenFile?: string;
  json?: boolean;
}

export function defineCodec(command: Command): void {
  command
    .option('--port <PORT>', 'port on this machine (0: any free one)', '8081')
    .option('--origin <URL>', "the Web UI's own address (default: the Web UI that is known)")
    .option('--token-file <FILE>', 'holds the token that readers have to bring (default: a new one each time)')
    .option('--json', 'one JSON document on stdout once it serves')
    .addHelpText('after', '\nExample:\n  $ SUREFOOT_PAYLOAD_KEYS=k1=file:/run/keys/k1 surefoot codec --port 8081')
    .action(exiting(serve));
}

const serve = (options: CodecOptions): Promise<number> => interruptible((signal) => serveUntil(signal, options));

async function serveUntil(interrupted: AbortSignal, options: CodecOptions): Promise<number> {
  const { port, origin, json } = options;
  const known = connectionSettings().uiUrl;
  const keyring = keys();
  const token = tokenOf(options);
  const page = origin ?? known;
  if (!page)
    throw usageError("The Web UI's address is not known", 'Add --origin, for example --origin http://localhost:8233.');
  if (!/^\d{1,5}$/.test(port)) throw usageError(`${port} is no port`, 'Write for example --port 8081.');
  const server = codecEndpoint(new EncryptionCodec(keyring, 'show'), { origin: new URL(page).origin, token });
  server.listen(Number(port), '127.0.0.1');
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`Port ${port} cannot be used (${error.code})`, 'Choose another one with --port.');
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`;
  if (json) printJson({ url, origin: new URL(page).origin, keys: [...keyring.keys.keys()] });
  else print(`codec endpoint at ${url} for pages of ${new URL(page).origin}`);
  note('set it in the Web UI: the glasses in the upper right corner, "Remote Codec Endpoint"');
  note('it is as secret as a password: whoever has it, and reaches this machine’s loopback, reads the payloads');
  await untilAborted(interrupted);
  server.close();
  server.closeAllConnections();
  return EXIT.good;
}

/** Characters that a path and a header can hold as they are; as long as nobody guesses. */
const TOKEN = /^[\w.~-]{32,}$/;

function tokenOf({ tokenFile: file }: CodecOptions): string {
  if (file === undefined) return randomBytes(24).toString('base64url');
  const token = textOf(file).trim();
  if (TOKEN.test(token)) return token;
  const hint = `Make one with: (umask 077; openssl rand -hex 24 > ${file})`;
  throw usageError(`${file} holds no token: 32 letters, digits, dots, dashes or more, on one line`, hint);
}

/** Bytes. */
const LARGEST_TOKEN = 10_000;

function textOf(file: string): string {
  try {
    return readTextSync(file, LARGEST_TOKEN);
  } catch (error) {
    const hint = `Make it with: (umask 077; openssl rand -hex 24 > ${file})`;
    throw usageError(`The token in ${file} cannot be read (${whyUnread(error)})`, hint);
  }
}

function keys() {
  try {
    const keyring = readKeyring();
    if (keyring) return keyring;
  } catch (error) {
    if (error instanceof KeyringError) throw usageError(error.message, 'See docs/security.md.');
    throw error;
  }
  throw usageError('SUREFOOT_PAYLOAD_KEYS is not set: payloads are not encrypted', 'See docs/security.md.');
}
