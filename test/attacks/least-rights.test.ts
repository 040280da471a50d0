/** What programs that are started for a deployment get to see of the worker's keys, and of others' secrets. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../src/activities/commands.js';
import { askHeads } from '../../src/activities/migration/revisions.js';
import { checkCommand } from '../../src/activities/own-checks/command.js';
import { createPrerequisiteActivities } from '../../src/activities/prerequisites.js';
import { withPage } from '../../src/adapters/application/browser.js';
import { askHealth } from '../../src/adapters/application/health.js';
import { logIn } from '../../src/adapters/application/login.js';
import { findDumpTools, readDump } from '../../src/adapters/backup/dump.js';
import { listDump } from '../../src/adapters/backup/dump-contents.js';
import { commandLine } from '../../src/adapters/commands/command-line.js';
import { whyNotGiven } from '../../src/adapters/commands/program-variables.js';
import { runShort } from '../../src/adapters/commands/short-command.js';
import { sshSignature } from '../../src/adapters/identity/ssh-signature.js';
import { CommandReader } from '../../src/adapters/metrics/command-metric.js';
import { LogReader } from '../../src/adapters/metrics/log-lines.js';
import { contentAt } from '../../src/adapters/review/git.js';
import type { Command } from '../../src/contract/plan/commands.js';
import type { Environment } from '../../src/contract/plan/environment.js';
import type { Migration } from '../../src/contract/plan/migration.js';
import { projectFolder } from '../../src/local/folders.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../activities/support.js';

/** What a worker may hold, in variables that it was started with. */
const SECRETS = {
  SUREFOOT_PAYLOAD_KEYS: 'one=env:OUR_PAYLOAD_KEY',
  OUR_PAYLOAD_KEY: 'the-payload-key-0',
  TEMPORAL_API_KEY: 'the-api-key-1',
  TEMPORAL_TLS_CLIENT_KEY_DATA: 'the-client-key-2',
  SLACK_TOKEN: 'xoxb-the-slack-token-3',
  GITHUB_TOKEN: 'ghp-the-forge-token-4',
  AWS_SECRET_ACCESS_KEY: 'the-cloud-key-5',
  PGPASSWORD: 'the-database-password-6',
  PRODUCTION_DATABASE_PASSWORD: 'the-other-password-7',
  DATABASE_URL: 'postgresql://app:the-password-in-a-url-8@db/app',
  NODE_OPTIONS_OF_OTHERS: 'whatever-9',
  SSH_AUTH_SOCK: '/run/the-agent-10',
};

/** What belongs to staging, which is what commands here are of, and what its plan lists for them. */
const OWN = { SUREFOOT_TEST_PASSWORD: 'of-staging', SUREFOOT_TEST_LOGIN: 'of-staging' };
const LISTED = { KUBECONFIG: '/etc/kube/staging', AWS_PROFILE: 'staging' };

const USUAL = /^(PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+|PGSSL[A-Z]+)$/;
/** Every shell makes them, also the one that writes them down here. */
const OF_THE_SHELL = ['PWD', 'OLDPWD', 'SHLVL', '_'];

let bin: string;
beforeEach(() => {
  bin = join(temporaryFolder(), 'bin');
  mkdirSync(bin);
  for (const [name, value] of Object.entries({ ...SECRETS, ...OWN, ...LISTED })) vi.stubEnv(name, value);
  vi.stubEnv('PATH', [bin, process.env.PATH].join(delimiter));
});
afterEach(() => vi.unstubAllEnvs());

/** A program that writes down what it was given, and prints something. */
function spy(name: string, prints = '1'): string {
  const file = join(bin, name);
  writeFileSync(file, `#!/bin/sh\nenv > "$0.seen"\necho '${prints}'\n`);
  chmodSync(file, 0o755);
  return file;
}

/** The variables that it was given; it must have been started. */
const seenBy = (name: string): Record<string, string> => {
  const lines = readFileSync(join(bin, `${name}.seen`), 'utf8').split('\n');
  const variables = lines.flatMap((line) => {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined || OF_THE_SHELL.includes(key) ? [] : [[key, value] as const];
  });
  return Object.fromEntries(variables);
};

const staging = (changes: Partial<Environment> = {}): Environment =>
  environmentWith({ variables: Object.keys(LISTED), ...changes });
const spied = (changes: Partial<Command> = {}) => commandWith([spy('command')], changes);
const signal = new AbortController().signal;
const migration: Migration = {
  tool: 'alembic',
  revision: 'head',
  upgrade: commandWith(['true']),
  downgrade: commandWith(['true']),
  lockTimeout: 1,
  statementTimeout: 1,
  within: 1,
};
const work = () => {
  const state = temporaryFolder();
  const evidence = { store: join(state, 'evidence'), deployment: 'd', secrets: [] };
  return { state, evidence, key: { deployment: 'd', step: 'staging.deploy', generation: 1 } };
};

interface Kind {
  what: string;
  program: string;
  /** What it gets besides the usual ones. */
  given: string[];
  start(): Promise<unknown>;
}

const OWN_AND_LISTED = [...Object.keys(OWN), ...Object.keys(LISTED)];
/** By which what a command has left running is known. */
const MARK = 'SUREFOOT_COMMAND';

const KINDS: Kind[] = [
  {
    what: 'the deploy',
    program: 'command',
    given: [...OWN_AND_LISTED, MARK],
    start: () => {
      const { state, evidence, key } = work();
      const input = { key, evidence, environment: staging(), command: spied(), values: {} };
      return runActivity(() => createCommandActivities({ state }).runCommand(input));
    },
  },
  {
    what: 'a check of the team’s own',
    program: 'command',
    given: [...OWN_AND_LISTED, MARK],
    start: () => {
      const { state, evidence, key } = work();
      const input = { key, evidence, environment: staging(), command: spied(), values: {}, expect: { exitCodes: [0] } };
      return runActivity(() => checkCommand(state, input));
    },
  },
  {
    what: 'the tool of the migration',
    program: 'command',
    given: OWN_AND_LISTED,
    start: () => askHeads({ environment: staging(), migration }, spied(), signal),
  },
  {
    what: 'a command over ssh, by its client',
    program: 'ssh',
    given: [...OWN_AND_LISTED, 'SSH_AUTH_SOCK'],
    start: () => {
      spy('ssh');
      const environment = staging({ server: { kind: 'ssh', host: 'server' } });
      const { argv, environment: variables } = commandLine({
        environment,
        command: commandWith(['true'], { on: 'server' }),
        values: {},
      });
      return runShort({ argv, environment: variables, limit: 10_000 });
    },
  },
  {
    what: 'the metric `logs`',
    program: 'command',
    given: Object.keys(LISTED),
    start: () => {
      const variables = Object.keys(LISTED);
      const source = { kind: 'logs' as const, environment: 'staging' as const, window: 1, pattern: 'x', variables };
      const context = { clock: 'real' as const, signal };
      return new LogReader().read({ source: { ...source, command: spied() }, unit: 'count' }, context);
    },
  },
  {
    what: 'the metric `command`',
    program: 'command',
    given: Object.keys(LISTED),
    start: () => {
      const variables = Object.keys(LISTED);
      const source = { kind: 'command' as const, environment: 'staging' as const, window: 1, tools: [], variables };
      return new CommandReader().read({ source: { ...source, command: spied() } }, { clock: 'real', signal });
    },
  },
  {
    what: 'a health check',
    program: 'command',
    given: Object.keys(LISTED),
    start: () => {
      const as = { by: { command: spied() }, variables: Object.keys(LISTED) };
      return askHealth({ url: 'http://127.0.0.1:9/', as });
    },
  },
  {
    what: 'a login',
    program: 'command',
    given: Object.keys(LISTED),
    start: () => logIn(staging({ login: { kind: 'command', command: spied() } })),
  },
  {
    what: 'git',
    program: 'git',
    given: [],
    start: () => {
      spy('git');
      return contentAt({ folder: bin }, 'HEAD', 'file');
    },
  },
  {
    what: 'pg_dump, looked for',
    program: 'pg_dump',
    given: [],
    start: () => {
      vi.stubEnv('SUREFOOT_PG_BIN', bin);
      spy('pg_dump', 'pg_dump (PostgreSQL) 99.1');
      return findDumpTools(99, []);
    },
  },
  {
    what: 'pg_restore, listing a dump',
    program: 'pg_restore',
    given: [],
    start: () => listDump({ pgDump: '', pgRestore: spy('pg_restore'), version: '' }, '/dump', signal),
  },
  {
    what: 'pg_restore, reading a dump',
    program: 'pg_restore',
    given: [],
    start: () =>
      readDump({ pgDump: '', pgRestore: spy('pg_restore'), version: '' }, '/dump', async (line) => {
        await runShort({ argv: line.argv, environment: line.environment, limit: 10_000 });
        return { exitCode: 0, errors: '', milliseconds: 1 };
      }),
  },
  {
    what: 'ssh-keygen',
    program: 'ssh-keygen',
    given: [],
    start: () => {
      spy('ssh-keygen');
      return sshSignature.probe();
    },
  },
  {
    what: 'a tool that the plan wants',
    program: 'some-tool',
    given: [],
    start: () => {
      spy('some-tool');
      const { key, evidence } = work();
      const commands = { deploy: commandWith(['true']) };
      const input = { key, evidence, tools: ['some-tool'], scripts: [], commands };
      return runActivity(() => createPrerequisiteActivities().checkTools(input));
    },
  },
  {
    what: 'the browser',
    program: 'chromium',
    given: [],
    start: () => {
      vi.stubEnv('SUREFOOT_BROWSER', spy('chromium'));
      return withPage(signal, async () => undefined).catch(() => undefined);
    },
  },
];

describe.each(KINDS)('$what', ({ program, given, start }) => {
  test('gets to see what it needs, and no key, token or password of others', async () => {
    await start();
    const seen = seenBy(program);
    const more = Object.keys(seen).filter((name) => !USUAL.test(name) && !given.includes(name));
    // git and PostgreSQL's programs are told things by variables that are no worker's.
    expect(more.filter((name) => name in process.env || !/^(GIT|PG)/.test(name))).toEqual([]);
    expect(Object.keys(seen)).toEqual(expect.arrayContaining(['PATH', ...given]));
    const told = JSON.stringify(seen);
    for (const [name, value] of Object.entries(SECRETS)) if (!given.includes(name)) expect(told).not.toContain(value);
  });
});

test('what a plan lists by mistake or ill will of the worker’s own is given to no command, and is told', () => {
  const environment = staging({
    variables: ['OUR_PAYLOAD_KEY', 'TEMPORAL_API_KEY', 'NOT_SET_ANYWHERE', 'AWS_PROFILE'],
  });
  const line = commandLine({ environment, command: commandWith(['true']), values: {} });
  expect(Object.keys(line.environment).filter((name) => environment.variables?.includes(name))).toEqual([
    'AWS_PROFILE',
  ]);
  expect(environment.variables?.map(whyNotGiven)).toEqual([
    'OUR_PAYLOAD_KEY is what the worker proves itself by, and is given to no command',
    'TEMPORAL_API_KEY is what the worker proves itself by, and is given to no command',
    'NOT_SET_ANYWHERE is not set for the worker',
    undefined,
  ]);
});

test('a script that reads the worker’s own environment finds what came by variables, and nothing that came by files', () => {
  const folder = temporaryFolder();
  const written = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return `file:${join(folder, name)}`;
  };
  const key = Buffer.alloc(32, 'payload-key').toString('base64');
  const printed = join(folder, 'printed');
  const module = (path: string) => JSON.stringify(join(projectFolder(), 'dist', 'src', ...path.split('/')));
  // As a worker does it: it has read its secrets, and runs the command of a metric.
  const worker = `
    const { readKeyring } = await import(${module('encryption/keys.js')});
    const { readSecret } = await import(${module('adapters/evidence/secrets.js')});
    const { LogReader } = await import(${module('adapters/metrics/log-lines.js')});
    if (readKeyring()?.active !== 'one') throw new Error('no key');
    const read = [process.argv[1], 'env:BY_VARIABLE'].map(readSecret);
    if ((await Promise.all(read)).some((secret) => !secret.startsWith('the-password'))) throw new Error('no secret');
    const run = ['sh', '-c', '{ env; ps eww -p $PPID; } > ' + process.argv[2]];
    const command = { run, on: 'worker', folder: '/', timeout: 10_000 };
    const source = { kind: 'logs', command, environment: 'staging', window: 1, pattern: 'x' };
    await new LogReader().read({ source, unit: 'count' }, { clock: 'real', signal: new AbortController().signal });`;
  const words = ['--input-type=module', '-e', worker, written('password', 'the-password-of-a-file'), printed];
  execFileSync(process.execPath, words, {
    env: {
      PATH: process.env.PATH,
      SUREFOOT_PAYLOAD_KEYS: `one=${written('key', key)}`,
      BY_VARIABLE: 'the-password-of-a-variable',
    },
  });
  const found = readFileSync(printed, 'utf8');
  // Once: in the worker's own variables, not in those of the command.
  expect(found.split('BY_VARIABLE=the-password-of-a-variable')).toHaveLength(2);
  expect(found).not.toContain(key);
  expect(found).not.toContain('the-password-of-a-file');
});
