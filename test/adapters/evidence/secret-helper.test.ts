/** Secrets that programs fetch: real ones are run. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { programVariables } from '../../../src/adapters/commands/program-variables.js';
import { knownSecrets, readSecret } from '../../../src/adapters/evidence/secrets.js';
import type { CheckContext } from '../../../src/doctor/checks/check.js';
import { credentialChecks } from '../../../src/doctor/checks/credentials.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { SHIPPED } from '../../plan/plan-files.js';

const NODE = process.execPath;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surefoot-helper-'));
});

beforeEach(() => void vi.stubEnv('SUREFOOT_SECRET_HELPERS', `/usr/bin/other:${NODE}`));
afterEach(() => void vi.unstubAllEnvs());

/** @returns a reference to what this program writes */
async function helper(name: string, program: string, ...words: string[]): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, program);
  return ['exec:', NODE, ' ', [file, ...words].join(' ')].join('');
}

test('the secret is what the helper writes, without the last line’s end, and is known as a secret from then on', async () => {
  const reference = await helper('echo', 'console.log(process.argv.slice(2).join("+"))', 'shop/$HOME', ';id');
  expect(await readSecret(reference)).toBe('shop/$HOME+;id');
  expect(knownSecrets()).toContain('shop/$HOME+;id');
});

test('a helper sees of the worker’s environment what every program sees, and nothing else', async () => {
  vi.stubEnv('TEMPORAL_API_KEY', 'of-the-worker');
  vi.stubEnv('DATABASE_PASSWORD', 'of-the-plan');
  vi.stubEnv('LC_TIME', 'C');
  const seen = await readSecret(await helper('environment', 'console.log(Object.keys(process.env).sort().join())'));
  expect(Object.keys(programVariables())).toEqual(expect.arrayContaining(seen.split(',')));
  expect(seen.split(',')).toEqual(expect.arrayContaining(['LC_TIME', 'PATH']));
  expect(seen).not.toMatch(/API_KEY|PASSWORD|HELPERS/);
});

test('a program that the worker does not name as a helper is not run, whatever the plan says', async () => {
  const file = join(folder, 'made');
  const reference = await helper(
    'maker',
    `import { writeFileSync } from 'node:fs'; writeFileSync('${file}', ''); console.log('s3cret')`,
  );
  for (const helpers of ['', '/usr/bin/other', `${NODE}x`, 'node']) {
    vi.stubEnv('SUREFOOT_SECRET_HELPERS', helpers);
    await expect(readSecret(reference)).rejects.toThrow(`${NODE} is none of the worker's helpers`);
  }
  vi.stubEnv('SUREFOOT_SECRET_HELPERS', ':node');
  await expect(readSecret('exec:node x')).rejects.toThrow('none of the worker');
  await expect(import('node:fs').then(({ readFileSync }) => readFileSync(file))).rejects.toThrow('ENOENT');
});

test('without a good end there is no secret, and nothing that the helper wrote is in the failure', async () => {
  const failing = await helper('failing', 'console.log("hunter22"); console.error("hunter22"); process.exitCode = 3');
  const failure = await readSecret(failing).catch((error: Error) => error);
  expect(String(failure)).toContain('ended with exit code 3');
  expect(String(failure)).not.toContain('hunter22');
  await expect(readSecret(await helper('silent', ''))).rejects.toThrow('has written nothing');
  const long = await helper('long', 'process.stdout.write("x".repeat(70000))');
  await expect(readSecret(long)).rejects.toThrow('more than 65536 bytes');
  const key = await helper('key', 'console.log("-----BEGIN PRIVATE KEY-----")');
  await expect(readSecret(key)).rejects.toThrow('a private key');
});

test('an answer holds for a minute: the helper is not called for each command; a failure does not hold', async () => {
  const counting = join(folder, 'count');
  const program = `import { appendFileSync, readFileSync } from 'node:fs'; appendFileSync('${counting}', '.');
    const calls = readFileSync('${counting}', 'utf8').length; if (calls === 1) process.exit(1); console.log('call ' + calls)`;
  const reference = await helper('counting', program);
  await expect(readSecret(reference)).rejects.toThrow('exit code 1');
  expect(await readSecret(reference)).toBe('call 2');
  expect(await readSecret(reference)).toBe('call 2');
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
  expect(await readSecret(reference)).toBe('call 3');
  vi.restoreAllMocks();
});

test('doctor tries a helper as the worker would, and says what to do where it gives nothing', async () => {
  const whole = loadWhole(SHIPPED);
  const bad = await helper('bad', 'process.exit(4)');
  const { staging } = whole.environments;
  const plan = { ...whole, environments: { ...whole.environments, staging: { ...staging, password: bad } } };
  const check = credentialChecks({ plan } as unknown as CheckContext).find(({ id }) => id === bad);
  expect(await check?.run({} as never)).toEqual([
    {
      name: bad,
      ok: false,
      text: expect.stringContaining('ended with exit code 4'),
      advice: expect.stringContaining('SUREFOOT_SECRET_HELPERS'),
    },
  ]);
});
