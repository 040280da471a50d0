/** A deploy of production whose recorder is killed: on a real server, with real processes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import { stepFolder } from '../../src/adapters/commands/recorder.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import type { Command } from '../../src/contract/plan/commands.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import { alive, eventually, textOf } from '../activities/support.js';
import { json, serve } from '../helpers/server.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

vi.setConfig({ testTimeout: 90_000 });

const temporal = workflowServer();
let state: string;
beforeAll(async () => {
  state = join(temporal.folder, 'state');
  await temporal.work({
    taskQueue: 'unknown-outcome',
    workflowsPath: fileURLToPath(new URL('./unknown-outcome.ts', import.meta.url)),
    activities: {
      ...createPeopleActivities(),
      ...createHttpActivities(),
      ...createVerificationActivities(),
      ...createCommandActivities({ state }),
      archiveDeployment: async () => ({ untold: [] }),
    },
  });
});

const shipped = loadWhole(SHIPPED);
const { target, previous } = shipped.release;
/** The target's work is done in a session of its own, by nobody's child, until it is let go. */
const DEPLOY = `echo "begin $0" >> log
if [ "$0" = ${target} ]; then
  (setsid sh -c 'echo $$ > child; while [ ! -e go ]; do sleep 0.1; done; printf ${target} > version; echo "end ${target}" >> log' &)
  echo $$ > own; sleep 300
fi
printf '%s' "$0" > version; echo "end $0" >> log`;

/** Begins to deploy, and kills the recorder and the command's own group when it is in the middle of its work. */
async function cutOff({ timeout }: { timeout: number }) {
  const deployment = `d-${timeout}`;
  const place = join(temporal.folder, deployment);
  mkdirSync(place);
  writeFileSync(join(place, 'version'), previous);
  const { url } = await serve((_, response) =>
    json(response, { version: readFileSync(join(place, 'version'), 'utf8') }),
  );
  const command = (...run: string[]): Command => ({ run, on: 'worker', folder: place, timeout });
  const { production, ...others } = shipped.environments;
  const local = { ...production, api: url, server: { kind: 'local' as const }, tools: [], database: undefined };
  const plan: ResolvedPlan = {
    ...shipped,
    evidence: join(temporal.folder, 'evidence'),
    notifications: { ...shipped.notifications, channels: [], events: {} },
    environments: { ...others, production: local },
    commands: { deploy: command('sh', '-c', DEPLOY, '{version}') },
    migration: undefined,
    healthPath: '/health',
    healthWithin: 10_000,
    rollback: { ...shipped.rollback, onStepFailure: 'code', overrideWithin: 0 },
  };
  const input: DeployInput = { deployment, plan, digest: '0'.repeat(64), startedBy: 'ana.souza', clock: 'real' };
  const handle = await temporal.client.workflow.start('deploying', {
    taskQueue: 'unknown-outcome',
    workflowId: deployment,
    args: [input],
  });
  const pidIn = (name: string) => eventually(name, async () => Number(await textOf(join(place, name))));
  const [child, own] = [await pidIn('child'), await pidIn('own')];
  const key = { deployment, step: 'production.deploy', generation: 1 };
  const started = await textOf(join(stepFolder(state, key, 'command'), 'started.json'));
  process.kill((JSON.parse(started) as { pid: number }).pid, 'SIGKILL');
  process.kill(-own, 'SIGKILL');
  return {
    child,
    ended: handle.result() as Promise<Ledger>,
    letGo: () => writeFileSync(join(place, 'go'), ''),
    done: () => readFileSync(join(place, 'log'), 'utf8').trim().split('\n'),
    questions: async () => (await handle.query(statusQuery)).questions,
    say: (decision: Omit<Decision, 'who' | 'role'>) =>
      handle.executeUpdate(decideUpdate, { args: [{ who: 'diego.alves', role: 'devops', ...decision }] }),
  };
}

const ROLLBACK = { kind: 'rollback', why: 'I have looked', option: 'code' } as const;

test('what it left at work is waited for; then people are asked, and nothing is rolled back before they answer', async () => {
  const { child, letGo, ended, done, questions, say } = await cutOff({ timeout: 60_000 });
  await sleep(2_500);
  expect(alive(child)).toBe(true);
  expect(await questions()).toEqual([]);
  letGo();
  const [asked] = await vi.waitUntil(async () => ((await questions()).length > 0 ? questions() : undefined), {
    timeout: 20_000,
  });
  expect(asked).toMatchObject({ kind: 'outcome-unknown', id: 'production.deploy' });
  expect(asked?.text).toContain('its recorder was killed; the command no longer runs');
  expect(done()).toEqual([`begin ${target}`, `end ${target}`]);
  await say(ROLLBACK);
  expect(await ended).toMatchObject({ outcome: 'rolled-back' });
  expect(done()).toEqual([`begin ${target}`, `end ${target}`, `begin ${previous}`, `end ${previous}`]);
});

test('what works on when its time is over is named, and ended before what people choose begins', async () => {
  const { child, letGo, ended, done, questions, say } = await cutOff({ timeout: 8_000 });
  const [asked] = await vi.waitUntil(async () => ((await questions()).length > 0 ? questions() : undefined), {
    timeout: 30_000,
  });
  expect(asked?.text).toMatch(new RegExp(`still runs as processe?s? .*${child} \\(sh\\)`));
  expect(alive(child)).toBe(true);
  await say(ROLLBACK);
  expect(await ended).toMatchObject({ outcome: 'rolled-back' });
  expect(alive(child)).toBe(false);
  letGo();
  expect(done()).toEqual([`begin ${target}`, `begin ${previous}`, `end ${previous}`]);
});
