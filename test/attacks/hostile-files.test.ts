/**
 * Where a plan, a person or a script names a file, somebody may have put a pipe that nobody writes to, a device that never
 * ends, or a terabyte: nobody waits for it or reads it, and what is told says which file, why, and the limit.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { recall } from '../../src/activities/commands/remembered.js';
import { rulesFile } from '../../src/adapters/alerts/rules-file.js';
import { readSecret } from '../../src/adapters/evidence/secrets.js';
import { readSeries } from '../../src/adapters/metrics/samples/series.js';
import { tryToLogIn } from '../../src/adapters/notify/smtp.js';
import { tlsOptions } from '../../src/adapters/postgres/postgres-tls.js';
import { readTestResults } from '../../src/adapters/review/junit.js';
import { readVault } from '../../src/adapters/secrets/vault.js';
import { findRecordings } from '../../src/backtest/recordings.js';
import { readKeyring } from '../../src/encryption/keys.js';
import { openDocument } from '../../src/plan/core/open.js';
import { flawOf, readEvidence } from '../../src/report/content/evidence.js';
import { temporaryFolder } from '../activities/support.js';
import { patience } from '../helpers/patience.js';

type Reader = (file: string) => unknown;

const withVariables = async (variables: Record<string, string>, read: () => unknown) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  return read();
};

const { signal } = new AbortController();

/** Who reads, its limit, and what it does. */
const READERS: [string, string, Reader][] = [
  ['a plan, bindings, a policy or a scenario', '2 MB', (file) => openDocument(file).problems[0]?.message],
  ['rules of alerts', '4 MB', (file) => rulesFile.read({ kind: 'rules-file', file } as never, {} as never)],
  ['a JUnit file', '64 MB', (file) => readTestResults(file)],
  ['a secret', '100 KB', (file) => readSecret(`file:${file}`)],
  [
    'the token of Vault',
    '64 KB',
    (file) =>
      withVariables({ VAULT_ADDR: 'http://127.0.0.1:9', VAULT_TOKEN: '', VAULT_TOKEN_FILE: file }, () =>
        readVault('secret/shop#password'),
      ),
  ],
  ['a payload key', '10 KB', (file) => readKeyring({ SUREFOOT_PAYLOAD_KEYS: `k1=file:${file}` })],
  [
    'authorities of a mail server',
    '4 MB',
    (file) => tryToLogIn({ host: '127.0.0.1', port: 9, secure: true, rootCertificate: file }, { signal, patience }),
  ],
  [
    'authorities of a database',
    '16 MB',
    (file) => tlsOptions({ mode: 'verify-full', byDefault: false, rootCertificate: file } as never),
  ],
  ['what an attempt has found out', '16 MB', (file) => recall(file)],
  ['recorded samples', '256 MB', (file) => findRecordings(file, '/nowhere')],
  [
    'a series',
    '256 MB',
    (file) => readSeries({ store: join(file, '../../..'), deployment: 'd' }, { monitor: 'watch', from: 0, to: 1 }),
  ],
  ['evidence', '64 MB', (file) => readEvidence({ folder: join(file, '..') }, 'watch.jsonl', undefined)],
];

/** What is told, thrown or not. */
async function told(read: Reader, file: string): Promise<string> {
  try {
    return JSON.stringify(await read(file));
  } catch (error) {
    return (error as Error).message;
  }
}

/** As a series of the deployment d is named, which is a name as good as any for what else is read. */
function place(): string {
  const folder = join(temporaryFolder(), 'd', 'series');
  mkdirSync(folder, { recursive: true });
  return join(folder, 'watch.jsonl');
}

const pipe = (): string => {
  const file = place();
  expect(spawnSync('mkfifo', [file]).status).toBe(0);
  return file;
};

describe.each(READERS)('%s', (_, limit, read) => {
  test('that is a pipe is not waited for, and said to be none', async () => {
    expect(await told(read, pipe())).toContain('it is no file, but a pipe, a device or a socket');
  });

  test('of a terabyte is not read, and the limit is said', async () => {
    const file = place();
    writeFileSync(file, '');
    truncateSync(file, 2 ** 40);
    expect(await told(read, file)).toContain(`it is larger than ${limit}`);
  });
});

test('evidence that is a pipe by now is told as what cannot be read, and no report waits for it', async () => {
  const reference = { title: 'a series', path: 'watch.jsonl', sha256: 'a'.repeat(64), bytes: 1 };
  expect(await flawOf({ folder: join(pipe(), '..') }, reference)).toEqual({
    ...{ path: 'watch.jsonl', kind: 'missing' },
    text: 'it cannot be read (it is no file, but a pipe, a device or a socket)',
  });
});

test('a commit beside a JUnit file that cannot be read may be another one: the results are of none that is known', async () => {
  const file = place();
  writeFileSync(file, '<testsuites><testsuite name="s"><testcase name="t"/></testsuite></testsuites>');
  expect(await readTestResults(file)).toMatchObject({ passed: 1, commits: [] });
  expect(spawnSync('mkfifo', [`${file}.commit`]).status).toBe(0);
  expect(await readTestResults(file)).toEqual({
    problem: `${file}.commit cannot be read (it is no file, but a pipe, a device or a socket)`,
  });
});
