import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IDENTITY_FILE, runnerIdentity, StateFolderUnusable } from '../../../src/adapters/commands/runner-identity.js';
import { temporaryFolder } from '../../activities/support.js';
import { answerOf, conforms } from '../../conformance/reader.js';

const newState = () => join(temporaryFolder(), 'state');

describe('who a runner is', () => {
  test('is made once, and the same for every worker on that folder, whatever the machine is called', async () => {
    const state = newState();
    const made = await runnerIdentity(state);
    expect(made).toEqual({ identity: expect.stringMatching(/^[0-9a-f]{16}$/), older: false, copied: false });
    expect(await runnerIdentity(state)).toEqual(made);
    expect(statSync(join(state, IDENTITY_FILE)).mode & 0o777).toBe(0o600);
    expect((await runnerIdentity(newState())).identity).not.toBe(made.identity);
  });

  test('workers that start at once on one folder agree', async () => {
    for (let round = 0; round < 10; round += 1) {
      const state = newState();
      const all = await Promise.all([...Array(16)].map(() => runnerIdentity(state)));
      expect(new Set(all.map(({ identity }) => identity)).size).toBe(1);
      expect(readdirSync(state)).toEqual([IDENTITY_FILE]);
    }
  });

  test('a folder with records from before is known, so that their deployments are served too', async () => {
    const state = newState();
    mkdirSync(join(state, 'steps', 'shop-1'), { recursive: true });
    expect(await runnerIdentity(state)).toMatchObject({ older: true });
    expect(await runnerIdentity(state)).toMatchObject({ older: true });
  });

  test('a copied folder is the same runner, and known to be a copy', async () => {
    const state = newState();
    const { identity } = await runnerIdentity(state);
    const copy = newState();
    cpSync(state, copy, { recursive: true });
    expect(await runnerIdentity(copy)).toEqual({ identity, older: false, copied: true });
  });

  test('an empty or broken file is told, and never replaced: another name would strand its deployments', async () => {
    const state = newState();
    await runnerIdentity(state);
    truncateSync(join(state, IDENTITY_FILE));
    await expect(runnerIdentity(state)).rejects.toThrow(`${IDENTITY_FILE} is empty`);
    await expect(runnerIdentity(state)).rejects.toThrow(StateFolderUnusable);
    expect(readFileSync(join(state, IDENTITY_FILE), 'utf8')).toBe('');
  });

  test('a folder that cannot be written to is told at once, not at the first command', async () => {
    const parent = temporaryFolder();
    writeFileSync(join(parent, 'file'), '');
    await expect(runnerIdentity(join(parent, 'file'))).rejects.toThrow('it is no folder');
    // Whoever may do everything is kept out by nothing but the file system itself.
    if (process.getuid?.() === 0) {
      await expect(runnerIdentity('/sys/surefoot')).rejects.toThrow(StateFolderUnusable);
      return;
    }
    chmodSync(parent, 0o500);
    await expect(runnerIdentity(join(parent, 'state'))).rejects.toThrow('may not write there');
  });
});

const withContent = async (content: string) => {
  const state = newState();
  mkdirSync(state);
  writeFileSync(join(state, IDENTITY_FILE), content);
  return await answerOf(() => runnerIdentity(state));
};

conforms('adapters/commands/runner-identity.ts', {
  value: async () => await answerOf(() => runnerIdentity(newState())),
  none: { impossible: 'where there is none, one is made' },
  hidden: async () => await answerOf(() => runnerIdentity('/sys/surefoot')),
  partial: () => withContent('{"identity": "0123456789ab'),
  error: async () => {
    const state = newState();
    mkdirSync(join(state, IDENTITY_FILE), { recursive: true });
    return await answerOf(() => runnerIdentity(state));
  },
  hang: async () => {
    const state = newState();
    mkdirSync(state);
    spawnSync('mkfifo', [join(state, IDENTITY_FILE)]);
    return await answerOf(() => runnerIdentity(state));
  },
  nonsense: () => withContent('{"identity": "../../etc"}'),
  huge: () => withContent('x'.repeat(5_000_000)),
});
