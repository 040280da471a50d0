import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { choosePorts } from '../../src/local/ports.js';
import { scratchFolder } from './scratch-folders.js';

test('ports stay the same from run to run, and differ from each other', async () => {
  const folder = await scratchFolder();
  const first = await choosePorts(folder, ['temporal', 'postgres', 'staging']);
  expect(new Set(Object.values(first)).size).toBe(3);
  expect(await choosePorts(folder, ['temporal', 'postgres', 'staging'])).toEqual(first);
});

test('a port that somebody else has taken since is replaced, and only that one', async () => {
  const folder = await scratchFolder();
  const first = await choosePorts(folder, ['temporal', 'postgres']);
  const other = createServer().listen(first.temporal, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const second = await choosePorts(folder, ['temporal', 'postgres']);
  other.close();
  expect(second.temporal).not.toBe(first.temporal);
  expect(second.postgres).toBe(first.postgres);
});
