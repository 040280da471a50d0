import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandLine, fillPlaceholders } from '../../../src/adapters/commands/command-line.js';
import { quoteWord, readSshFailure, remoteScript, sshCommand } from '../../../src/adapters/commands/ssh.js';
import { redact, redaction } from '../../../src/adapters/evidence/redaction.js';
import { commandWith, environmentWith, temporaryFolder } from '../support.js';

const word = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => !value.includes('\0'));
const run = (script: string) =>
  execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

describe('quoting for the remote shell', () => {
  test('gives back the same words, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        const script = `set -- ${words.map(quoteWord).join(' ')}; for word; do printf '%s\\0' "$word"; done`;
        expect(run(script).split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 200, examples: [[["'", '"', '$(touch x)', '`id`', '\\', '\n', '*', '', ' -x ', '~']]] },
    );
  }, 30_000);

  test('the remote script runs in the folder, with the tools first on PATH and the variables set', () => {
    const folder = join(temporaryFolder(), "it's a folder; $HOME");
    mkdirSync(folder);
    const print = 'process.stdout.write(JSON.stringify([process.cwd(), process.env.PATH, process.env.PGOPTIONS]))';
    const script = remoteScript({
      words: [process.execPath, '-e', print],
      folder,
      tools: ['/opt/my tools'],
      variables: { PGOPTIONS: "-c lock_timeout=5ms -c x='y'" },
    });
    const [cwd, path, options] = JSON.parse(run(script)) as string[];
    expect(cwd).toBe(folder);
    expect(path).toBe(`/opt/my tools:${process.env.PATH}`);
    expect(options).toBe("-c lock_timeout=5ms -c x='y'");
  });

  test('nothing runs when the folder is not there', () => {
    expect(() => run(remoteScript({ words: ['echo', 'ran'], folder: '/no/such', tools: [], variables: {} }))).toThrow();
  });

  test("the command's own 255 is told from ssh's", () => {
    const script = remoteScript({ words: ['sh', '-c', 'exit 255'], folder: '/', tools: [], variables: {} });
    let errors = '';
    try {
      run(script);
    } catch (error) {
      expect((error as { status: number }).status).toBe(255);
      errors = String((error as { stderr: string }).stderr);
    }
    expect(readSshFailure(errors)).toBe('command');
    expect(readSshFailure('ssh: connect to host db port 22: Connection refused')).toBe('not-started');
    expect(readSshFailure('Host key verification failed.')).toBe('not-started');
    expect(readSshFailure('client_loop: send disconnect: Broken pipe')).toBe('lost');
    expect(readSshFailure('Timeout, server db not responding.')).toBe('lost');
  });

  test('the ssh client is pinned to known hosts and asks nothing', () => {
    const { argv, host } = sshCommand(
      { kind: 'ssh', host: 'prod', user: 'deploy', port: 2222, knownHosts: '/etc/known hosts' },
      { words: ['true'], folder: '/', tools: [], variables: {} },
    );
    expect(host).toBe('deploy@prod');
    expect(argv.slice(0, -1).join(' ')).toBe(
      'ssh -T -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="/etc/known hosts" ' +
        '-o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -p 2222 -- deploy@prod',
    );
  });
});

describe('placeholders', () => {
  test('a value stays one word', () => {
    expect(
      fillPlaceholders(['./deploy.sh', '{environment}', 'v{version}'], { environment: 'a b', version: '$(x)' }),
    ).toEqual(['./deploy.sh', 'a b', 'v$(x)']);
  });

  test.each([
    [{ version: '--force' }, 'reads as an option'],
    [{ version: '' }, 'empty'],
    [{}, 'has no value'],
    [{ toString: 'x' }, 'has no value'],
  ])('refuses %j', (values, message) => {
    expect(() => fillPlaceholders(['./deploy.sh', '{version}'], values as Record<string, string>)).toThrow(message);
  });

  test("the command gets the environment's tools first, and not the key to the cluster", () => {
    process.env.TEMPORAL_API_KEY = 'key';
    try {
      const command = commandWith(['alembic', 'current'], { on: 'server' });
      const line = commandLine({ environment: environmentWith({ tools: ['/venv/bin'] }), command, values: {} });
      expect(line.environment.PATH).toBe(`/venv/bin:${process.env.PATH}`);
      expect(line.environment).not.toHaveProperty('TEMPORAL_API_KEY');
    } finally {
      delete process.env.TEMPORAL_API_KEY;
    }
  });
});

describe('redaction', () => {
  test('hides secrets, also in URLs', () => {
    expect(redact('postgresql://u:p%40ss%2Fw@h p@ss/w', ['p@ss/w'])).toBe('postgresql://u:***@h ***');
  });

  test('a stream hides them wherever the chunks end, and leaves other bytes as they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('geheim-ü', 'geh', 'x', 'ü', '\n', '*'), { maxLength: 20 }),
        fc.nat(7),
        async (parts, size) => {
          const whole = Buffer.from(parts.join(''));
          const chunks: Buffer[] = [];
          for (let at = 0; at < whole.length; at += size + 1) chunks.push(whole.subarray(at, at + size + 1));
          const seen = await text(Readable.from(chunks).pipe(redaction(['geheim-ü'])));
          expect(seen).toBe(whole.toString().replaceAll('geheim-ü', '***'));
        },
      ),
    );
  });
});
