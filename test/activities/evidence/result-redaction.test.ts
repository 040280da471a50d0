/** Secrets of the whole plan stay out of what commands are given, and out of everything that comes back. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ApplicationFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { redactResults } from '../../../src/activities/evidence/result-redaction.js';
import { ownSecrets, programVariables } from '../../../src/adapters/commands/program-variables.js';
import { evidenceFile, storeEvidence } from '../../../src/adapters/evidence/evidence-store.js';
import { redact } from '../../../src/adapters/evidence/redaction.js';
import { knownSecrets, readSecret, rememberSecrets } from '../../../src/adapters/evidence/secrets.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

const TOKEN = 'xoxb-canary-0123456789';
const PASSWORD = 'canary "quoted" pässword\\0';

beforeEach(() => {
  vi.stubEnv('CANARY_TOKEN', TOKEN);
  vi.stubEnv('SUREFOOT_TEST_PASSWORD', PASSWORD);
});
afterEach(() => vi.unstubAllEnvs());

/** Runs an activity behind the interceptor, for a plan with these secrets. */
const behind = (work: () => Promise<unknown>, evidence: object = { secrets: ['env:CANARY_TOKEN', 'env:NOT_SET'] }) =>
  redactResults().inbound.execute({ args: [{ evidence }] }, work);

describe('what an activity comes back with', () => {
  test('holds no secret of the plan, though the activity itself uses none of them', async () => {
    const report = {
      summary: `the script said ${TOKEN}`,
      facts: [{ name: 'ran', ok: true, text: `token=${TOKEN};`, by: { who: 'ana', why: TOKEN } }],
      evidence: [{ title: `Output of ${TOKEN}`, path: 'a/b.log', sha256: 'c', bytes: 1 }],
      problems: { text: [`${TOKEN}`] },
    };
    expect(JSON.stringify(await behind(async () => report))).not.toContain(TOKEN);
    expect(await behind(async () => report)).toMatchObject({
      summary: 'the script said ***',
      facts: [{ name: 'ran', ok: true, text: 'token=***;' }],
    });
  });

  test('brings nothing that a terminal would carry out, nor a secret in colours', async () => {
    const coloured = [...TOKEN].join('\u001b[0m');
    const report = await behind(async () => ({ summary: `\u001b]0;title\u0007${coloured}\u001b[2J\u202e done` }));
    expect(report).toEqual({ summary: '*** done' });
    // A program calls itself what it likes.
    expect(await behind(async () => ({ alive: ['4711 (a\u001b[2Jb)'] }))).toEqual({ alive: ['4711 (ab)'] });
  });

  test('keeps its values for programs as they are, so that no ordinary word that is a password breaks them', async () => {
    vi.stubEnv('CANARY_TOKEN', 'staging');
    const result = {
      runner: 'surefoot@staging-1',
      location: 's3://staging/dump',
      rows: 3,
      none: null,
      text: 'on staging',
    };
    expect(await behind(async () => result)).toEqual({ ...result, text: 'on ***' });
    expect(await behind(async () => undefined)).toBeUndefined();
    expect(await behind(async () => null)).toBeNull();
    expect(await behind(async () => 42)).toBe(42);
  });

  test('is a failure without secrets too: in its message, details, stack and cause', async () => {
    const cause = new Error(`connect with ${TOKEN}`);
    const failure = ApplicationFailure.create({
      type: 'CommandFailed',
      message: `deploy.sh ended: ${TOKEN}`,
      nonRetryable: true,
      details: [{ evidence: [{ title: `of ${TOKEN}` }] }],
      cause,
    });
    const thrown = (await behind(async () => {
      throw failure;
    }).catch((error: unknown) => error)) as ApplicationFailure;
    expect(thrown).toBeInstanceOf(ApplicationFailure);
    expect(thrown).toMatchObject({ type: 'CommandFailed', nonRetryable: true, message: 'deploy.sh ended: ***' });
    const whole = [
      thrown.message,
      thrown.stack,
      JSON.stringify(thrown.details),
      thrown.cause?.message,
      thrown.cause?.stack,
    ];
    expect(whole.join('\n')).not.toContain(TOKEN);
  });
});

describe('what comes back is as much as a history holds', () => {
  const endless = 'word '.repeat(400_000);
  test('a text is cut, after the secrets are out of it, and no character is cut in two', async () => {
    const report = (await behind(async () => ({
      summary: endless,
      facts: [{ text: `${'🙂'.repeat(1_997)}abc${TOKEN}` }],
    }))) as { summary: string; facts: { text: string }[] };
    expect(report.summary).toHaveLength(4_000);
    expect(report.summary.endsWith('word…')).toBe(true);
    expect(report.facts[0]?.text).toBe(`${'🙂'.repeat(1_997)}abc***`);
    const { text } = (await behind(async () => ({ text: '🙂'.repeat(1_000_000) }))) as { text: string };
    expect(text).toMatch(/^(🙂)+…$/u);
  });

  test('a value is not cut, which would make another of it: what is too large is unknown', async () => {
    await expect(behind(async () => ({ location: endless }))).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      nonRetryable: true,
      message: 'What came of it has 2000015 bytes, more than the 1500000 that a history takes: it is unknown',
    });
  });

  test('a failure keeps its kind and the beginning of its words', async () => {
    const cause = new Error(endless);
    // Some libraries make circles of them.
    cause.cause = cause;
    const failure = ApplicationFailure.create({
      ...{ type: 'CommandFailed', message: endless, nonRetryable: true, cause },
      details: [{ location: endless }],
    });
    const thrown = (await behind(() => Promise.reject(failure)).catch((error) => error)) as ApplicationFailure;
    expect(thrown).toMatchObject({ type: 'CommandFailed', nonRetryable: true, details: [] });
    expect(thrown.message).toHaveLength(4_000);
    let length = 0;
    for (let each: unknown = thrown; each instanceof Error; each = each.cause)
      length += each.message.length + (each.stack?.length ?? 0);
    expect(length).toBeLessThan(150_000);
    await expect(behind(() => Promise.reject(endless))).rejects.toHaveLength(4_000);
  });
});

describe('a command that prints every secret it can get hold of', () => {
  const run = async (script: string) => {
    const state = temporaryFolder();
    const place = {
      store: join(state, 'evidence'),
      deployment: 'd',
      secrets: ['env:CANARY_TOKEN', 'env:SUREFOOT_TEST_PASSWORD'],
    };
    const { runCommand } = createCommandActivities({ state });
    const input = {
      key: { deployment: 'd', step: 'staging.deploy', generation: 1 },
      evidence: place,
      environment: environmentWith(),
      command: commandWith(['sh', '-c', script]),
      values: {},
    };
    const work = () => runActivity(() => runCommand(input));
    const ended = await redactResults()
      .inbound.execute({ args: [input] }, work)
      .catch((error: ApplicationFailure) => error);
    const folder = join(state, 'steps', 'd', 'staging.deploy', '1', 'command');
    const files = ['stdout.log', 'stderr.log', 'command.json', 'started.json', 'command-pid.json', 'exit.json'];
    const recorded = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
    const kept = readFileSync(evidenceFile(place, 'staging.deploy/1/command.stdout.log'), 'utf8');
    return { ended, recorded, kept };
  };

  test('leaves none in the evidence, the recorder’s folder, its result or its failure', async () => {
    const token = `printf '%s\\n' "${TOKEN}"`;
    const password = `printf '%s\\n' "$SUREFOOT_TEST_PASSWORD"`;
    const all = `${token}; ${token} >&2; ${password}; ${password} >&2`;
    for (const script of [all, `${all}; exit 3`]) {
      // The script's own text is in the plan: there a secret would be everybody's; it is the output that counts here.
      const { ended, recorded, kept } = await run(
        script.replaceAll(`"${TOKEN}"`, `"$(echo ${btoa(TOKEN)} | base64 -d)"`),
      );
      for (const text of [String((ended as Error).message), JSON.stringify(ended), recorded, kept]) {
        expect(text).not.toContain(TOKEN);
        expect(text).not.toContain(PASSWORD);
        expect(text).not.toContain(JSON.stringify(PASSWORD).slice(1, -1));
      }
      expect(kept).toBe('***\n***\n');
    }
  });

  test('does not get at those of others by its variables', async () => {
    const { kept } = await run('env');
    expect(kept).toContain('SUREFOOT_TEST_PASSWORD=***');
    expect(kept).not.toContain('CANARY_TOKEN');
  });
});

test('a secret that was replaced is still one', async () => {
  await rememberSecrets(['env:CANARY_TOKEN']);
  vi.stubEnv('CANARY_TOKEN', 'xoxb-the-next-token');
  expect(await readSecret('env:CANARY_TOKEN')).toBe('xoxb-the-next-token');
  expect(redact(`${TOKEN} xoxb-the-next-token`, knownSecrets())).toBe('*** ***');
});

test('the keys of payloads and of the cluster are no business of a command, whatever they are called', () => {
  vi.stubEnv('SUREFOOT_PAYLOAD_KEYS', 'k2=env:OUR_SECOND_KEY,k1=file:/run/keys/k1');
  vi.stubEnv('OUR_SECOND_KEY', 'a key');
  vi.stubEnv('TEMPORAL_API_KEY', 'a key');
  const variables = programVariables({
    variables: ['SUREFOOT_PAYLOAD_KEYS', 'OUR_SECOND_KEY', 'TEMPORAL_API_KEY'],
    secrets: ownSecrets(environmentWith()),
  });
  for (const name of ['SUREFOOT_PAYLOAD_KEYS', 'OUR_SECOND_KEY', 'TEMPORAL_API_KEY']) {
    expect(variables).not.toHaveProperty(name);
  }
  expect(variables).toHaveProperty('SUREFOOT_TEST_PASSWORD', PASSWORD);
});

describe('evidence', () => {
  test('holds no secret that the worker knows, as a text or as a stream; a picture stays as it is', async () => {
    await rememberSecrets(['env:CANARY_TOKEN', 'env:SUREFOOT_TEST_PASSWORD']);
    const place = { store: temporaryFolder(), deployment: 'd' };
    mkdirSync(place.store, { recursive: true });
    const text = `{"token": "${TOKEN}", "password": ${JSON.stringify(PASSWORD)}, "url": "${encodeURIComponent(PASSWORD)}"}`;
    const hidden = '{"token": "***", "password": "***", "url": "***"}';
    const stored = async (content: string | Buffer | Readable) => {
      await storeEvidence(place, { title: 't', path: 'a', content });
      return readFileSync(evidenceFile(place, 'a'), 'utf8');
    };
    expect(await stored(text)).toBe(hidden);
    expect(await stored(Readable.from([Buffer.from(text.slice(0, 20)), Buffer.from(text.slice(20))]))).toBe(hidden);
    expect(await stored(Buffer.from(text))).toBe(text);
  });

  test.each(['../a', '/etc/passwd', 'a/../../b', '..'])('does not leave its folder: %s', async (path) => {
    const place = { store: temporaryFolder(), deployment: 'd' };
    writeFileSync(join(place.store, 'x'), '');
    await expect(storeEvidence(place, { title: 't', path, content: '' })).rejects.toThrow('leaves the evidence folder');
  });
});
