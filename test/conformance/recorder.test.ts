/** What is left of a recorded command: records that are lost, spoiled or cut, and processes that are gone. */
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../../src/activities/commands/recorded-commands.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { commandLine } from '../../src/adapters/commands/command-line.js';
import { type HeartbeatContext, runRecorded, stepFolder } from '../../src/adapters/commands/recorder.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../activities/support.js';
import { evidencePlace } from '../helpers/context.js';
import { type Answer, answerOf, conforms } from './reader.js';

process.env.SUREFOOT_TEST_PASSWORD = 'not-to-be-seen-password';
process.env.SUREFOOT_TEST_LOGIN = 'not-to-be-seen-login';
const SECRETS = ['not-to-be-seen-password', 'not-to-be-seen-login'];

const heartbeat: HeartbeatContext = {
  heartbeat: () => undefined,
  signal: new AbortController().signal,
  stops: () => true,
};

/** Runs a command, then spoils its folder, and attends to it again as the next worker would. */
async function recorded(script: string, spoil: (folder: string) => void, timeout = 20_000): Promise<Answer> {
  const folder = join(temporaryFolder(), 'step');
  const step = {
    command: { argv: ['sh', '-c', script], cwd: '/', host: 'local', timeout },
    environment: process.env,
    heartbeat,
  };
  await runRecorded(folder, step);
  spoil(folder);
  const answer = await answerOf(() => runRecorded(folder, step));
  const end = 'known' in answer ? (answer.known as Awaited<ReturnType<typeof runRecorded>>) : undefined;
  if (end === undefined) return answer;
  if (end.kind === 'unknown') return { unknown: end.unreadable ?? 'nobody knows how it ended' };
  return (end.stopReason ?? end.error) ? { unknown: `${end.stopReason ?? end.error}` } : { known: end };
}

conforms('adapters/commands/recorder.ts', {
  value: () => recorded('exit 3', () => {}),
  none: { impossible: 'what was never started is started' },
  // The recorder was killed: its pid stands there still, or has been given to another process.
  hidden: () =>
    recorded('true', (folder) => {
      rmSync(join(folder, 'exit.json'));
      writeFileSync(
        join(folder, 'started.json'),
        JSON.stringify({ pid: process.pid, identity: 'other', startedAt: 0 }),
      );
    }),
  partial: () => recorded('true', (folder) => truncateSync(join(folder, 'exit.json'), 5)),
  error: () => recorded('true', (folder) => truncateSync(join(folder, 'exit.json'), 0)),
  hang: () => recorded('sleep 60 & wait', () => {}, 300),
  nonsense: () =>
    recorded('true', (folder) => {
      rmSync(join(folder, 'exit.json'));
      writeFileSync(join(folder, 'started.json'), 'null');
    }),
  huge: { impossible: 'its records are its own; what the command prints is read in recorded-commands' },
});

/** The log of a deployment, read as its step reads it. */
async function logs(
  script: string,
  more: { spoil?: (folder: string) => void; timeout?: number } = {},
): Promise<Answer> {
  const state = temporaryFolder();
  const key = { deployment: 'd', step: 'staging.logs', generation: 1 };
  const evidence = await evidencePlace();
  const environment = environmentWith();
  const command = commandWith(['sh', '-c', script], { timeout: more.timeout ?? 20_000 });
  const activities = createCommandActivities({ state });
  const check = () =>
    runActivity(() =>
      activities.checkLogs({ key, evidence, environment, command, critical: 'CRITICAL', started: 'up' }),
    );
  if (more.spoil) {
    await check();
    more.spoil(stepFolder(state, key, 'logs'));
  }
  const answer = await answerOf(check);
  if (!('known' in answer)) return answer;
  const fact = (answer.known as Awaited<ReturnType<typeof check>>).facts.find(({ name }) => name === 'logs');
  return fact?.unknown ? { unknown: fact.text } : { known: fact?.text };
}

conforms(
  'activities/commands.ts (logs)',
  {
    value: () => logs('echo up; echo CRITICAL'),
    none: { impossible: 'a log of no line at all tells of no start, and its fact says so' },
    hidden: () => logs('echo up', { spoil: (folder) => rmSync(join(folder, 'stdout.log')) }),
    partial: () => logs('echo up; echo CRITICAL; yes up | head -c 5000000'),
    error: () => logs(`echo "$SUREFOOT_TEST_PASSWORD" >&2; exit 1`),
    hang: () => logs('sleep 60 & wait', { timeout: 300 }),
    nonsense: { impossible: 'every text is a log' },
    huge: () => logs('yes up | head -c 50000000'),
    secrets: () => logs('echo up; echo "CRITICAL $SUREFOOT_TEST_PASSWORD"'),
  },
  { secrets: SECRETS },
);

/** A command over ssh, as the ssh client in front of PATH has it. */
async function overSsh(ssh: string, timeout = 20_000): Promise<Answer> {
  const tools = temporaryFolder();
  writeFileSync(join(tools, 'ssh'), `#!/bin/sh\n${ssh}\n`, { mode: 0o755 });
  const environment = environmentWith({ server: { kind: 'ssh', host: 'web.example.com' } });
  const command = commandWith(['true'], { on: 'server', timeout });
  const line = commandLine({ environment, command, values: {} });
  const variables = { ...line.environment, PATH: `${tools}:${process.env.PATH}` };
  const input = {
    state: temporaryFolder(),
    key: { deployment: 'd', step: 's', generation: 1 },
    name: 'command',
    evidence: await evidencePlace(),
    environment,
    line: { ...line, environment: variables },
    timeout,
  };
  const { failure, milliseconds } = await runActivity(() => runToEnd(input));
  return failure ? { unknown: `${failure.type}: ${failure.message}` } : { known: milliseconds };
}

conforms(
  'adapters/commands/ssh.ts',
  {
    value: () => overSsh('exit 0'),
    none: { impossible: 'a command that prints nothing has still ended' },
    hidden: () => overSsh('echo "Permission denied (publickey)." >&2; exit 255'),
    partial: () => overSsh('echo begun; echo "client_loop: send disconnect: Broken pipe" >&2; exit 255'),
    error: () => overSsh(`echo "$SUREFOOT_TEST_PASSWORD" >&2; exit 1`),
    hang: () => overSsh('sleep 60 & wait', 300),
    nonsense: () => overSsh('kill -KILL $$'),
    huge: () => overSsh('yes | head -c 20000000'),
    secrets: () => overSsh('echo "Permission denied for $SUREFOOT_TEST_PASSWORD" >&2; exit 255'),
  },
  { secrets: SECRETS },
);
