/** Somebody else answers where the database was: another user's program on its port, or a machine in between. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { withDatabase } from '../../src/adapters/postgres/postgres.js';
import type { Database } from '../../src/contract/plan/environment.js';

const PASSWORD = 'correct-horse';
process.env.SUREFOOT_TEST_IMPOSTOR = PASSWORD;

/** AuthenticationCleartextPassword and AuthenticationMD5Password (PostgreSQL protocol 3.0, "Message Formats"). */
const ASKS = {
  clear: Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]),
  md5: Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4]),
};
const SSL_REQUEST = 80_877_103;

/** Speaks no TLS, takes any user, and asks for the password; keeps all that it is sent. */
async function impostor(asks: keyof typeof ASKS) {
  const heard: Buffer[] = [];
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heard.push(data);
      socket.write(data.length === 8 && data.readInt32BE(4) === SSL_REQUEST ? 'N' : ASKS[asks]);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return { heard: () => Buffer.concat(heard), port: (server.address() as AddressInfo).port };
}

const at = (port: number, changes: Partial<Database>): Database => ({
  host: '127.0.0.1',
  port,
  name: 'app',
  user: 'app',
  password: 'env:SUREFOOT_TEST_IMPOSTOR',
  ...changes,
});
/** This machine, by a name that says nothing of that. */
const ELSEWHERE = '0.0.0.0';
const ask = (database: Database) => withDatabase(database, (connection) => connection.query('select 1'));

test.each([
  ['in clear text, on this machine', 'clear', {}],
  ['in clear text, elsewhere', 'clear', { host: ELSEWHERE, tls: { mode: 'prefer' } }],
  ['as MD5, elsewhere', 'md5', { host: ELSEWHERE, tls: { mode: 'prefer' } }],
] as const)('an impostor that asks for the password %s, gets none, and people are told', async (_, asks, changes) => {
  const { heard, port } = await impostor(asks);
  await expect(ask(at(port, changes))).rejects.toMatchObject({
    message: expect.stringMatching(/asks for the password (in clear text|as MD5).*scram-sha-256.*verify-full/),
    nonRetryable: true,
  });
  expect(heard().length).toBeGreaterThan(8);
  // The message with a password begins with a p.
  expect(heard().toString('latin1')).not.toMatch(/correct-horse|md5[0-9a-f]{32}|p\0\0\0/);
});

test('whoever is elsewhere and cannot prove who they are is not even told the user, unless the plan says that they may', async () => {
  const { heard, port } = await impostor('clear');
  await expect(ask(at(port, { host: ELSEWHERE }))).rejects.toMatchObject({
    message: expect.stringMatching(/does not support SSL.*sslmode/),
  });
  expect(heard()).toHaveLength(8);
});
