/** A command that is stopped while nobody has it in hand: its workflow knows, whether or not payloads are encrypted. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterEach, expect, test, vi } from 'vitest';
import { clientEncryption, dataConverter } from '../../src/encryption/data-converter.js';
import { workflowServer } from '../helpers/workflow-server.js';

const temporal = workflowServer();
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

afterEach(() => vi.unstubAllEnvs());

test.each([
  ['in clear', undefined],
  ['encrypted', { SUREFOOT_PAYLOAD_KEYS: 'k1=env:CUT_OFF_KEY', CUT_OFF_KEY: randomBytes(32).toString('base64') }],
])('%s', async (_, keys) => {
  for (const [name, value] of Object.entries(keys ?? {})) vi.stubEnv(name, value);
  const taskQueue = `cut-off-${keys === undefined ? 'in-clear' : 'encrypted'}`;
  const converter = dataConverter('replace');
  const modules = ['../../src/workflows/common/unreadable-messages.ts'];
  await temporal.work({
    taskQueue,
    workflowsPath: file('./cut-off.ts'),
    // The shipped bundles' own: what is not for its place is refused before anything else is made of it.
    interceptors: {
      workflowModules: [...(converter ? ['../../src/encryption/bound-payloads.ts'] : []), ...modules].map(file),
    },
    ...(converter ? { dataConverter: converter } : {}),
  });
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, ...clientEncryption('throw') });
  const ended = await client.workflow.execute('CutOffWorkflow', {
    taskQueue,
    workflowId: taskQueue,
    args: ['a-runner-that-nobody-serves'],
  });
  await connection.close();
  expect(ended).toEqual({ cutOff: true });
});
