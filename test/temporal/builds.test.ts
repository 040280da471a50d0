/** Builds on a real server: which one deployments begin on, what stays on which, and what is said where nobody is there. */
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { statusQuery } from '../../src/contract/messages.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { type FirstRelease, nextStep, releaseFirst } from '../../src/temporal/first-release.js';
import { commandsAsk, surefoot } from '../client/command-line.js';
import { begin, newWorld, type World, workOn } from '../helpers/builds.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED, shippedText, write } from '../plan/plan-files.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

describe('what a worker that starts does about its build', () => {
  const builds = [{ id: 'new', state: 'waiting' as const }];
  test('where none is current it becomes it, as soon as the server knows it', () => {
    expect(nextStep({ builds: [] }, { build: 'new', always: false })).toBe('look');
    expect(nextStep({ builds }, { build: 'new', always: false })).toBe('release');
  });
  test('where another one is it stays aside, but on a machine’s own sandbox', () => {
    expect(nextStep({ current: 'old', builds }, { build: 'new', always: false })).toBe('stay');
    expect(nextStep({ current: 'old', builds }, { build: 'new', always: true })).toBe('release');
    expect(nextStep({ current: 'new', builds }, { build: 'new', always: true })).toBe('nothing');
  });
});

describe('on a server', () => {
  const temporal = workflowServer();
  let plan: ResolvedPlan;
  let world: World;
  const namespace = () => ({ connection: temporal.client.connection, namespace: 'default' });

  beforeAll(() => {
    plan = { ...loadWhole(SHIPPED), evidence: join(temporal.folder, 'evidence') };
    world = newWorld(plan);
    world.answers = false;
  });

  commandsAsk(temporal);

  /** What a worker says of its build when it starts. */
  async function releasing(build: string, more: Partial<FirstRelease> = {}): Promise<string[]> {
    const said: string[] = [];
    const { signal } = new AbortController();
    const tell = (level: string, text: string) => said.push(`${level}: ${text}`);
    await releaseFirst(namespace(), { build, always: false, tell, signal, ...more });
    return said;
  }

  const isAsked = (handle: WorkflowHandle) =>
    vi.waitUntil(async () => (await handle.query(statusQuery)).questions.length > 0, { timeout: 30_000 });

  /** Three minutes later, when the server's memory of a worker that has gone counts no more. */
  async function later(...words: string[]) {
    const now = Date.now;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + 180_000);
    return surefoot(...words);
  }

  const versions = async () => JSON.parse((await surefoot('versions', '--json')).out);

  test('what began before there were builds keeps its worker: no build is made current over it', async () => {
    const stopOld = await workOn(temporal, world, {});
    const old = await begin(temporal, plan, 'real');
    await isAsked(old.handle);
    expect((await surefoot('status', old.deployment)).out).toContain('began under a Surefoot without builds');
    const stop = await workOn(temporal, world, { build: 'b1' });
    expect(await releasing('b1')).toEqual([
      expect.stringMatching(
        `^warn: build b1 is not made current: ${old.deployment} began under a Surefoot without builds`,
      ),
    ]);
    const refused = await surefoot('release', 'b1');
    expect(refused).toMatchObject({ code: 4, err: expect.stringContaining(old.deployment) });
    expect(await versions()).toMatchObject({ current: null, withoutBuild: [old.deployment] });
    const report = await old.handle.query(statusQuery);
    expect(report.proposal?.build).toBeUndefined();
    await old.handle.terminate();
    await Promise.all([stopOld(), stop()]);
  }, 90_000);

  test('the first build is current by itself, takes what waits for a worker, and a second one stays aside', async () => {
    const early = await begin(temporal, plan, 'real');
    const stop = await workOn(temporal, world, { build: 'b1' });
    await vi.waitUntil(async () => (await versions()).withoutBuild.length === 0, { timeout: 20_000 });
    expect(await releasing('b1')).toEqual(['info: build b1 is current from now on: deployments begin on it']);
    await isAsked(early.handle);
    expect(new Set(world.done.slice(-3).map(({ build }) => build))).toEqual(new Set(['b1']));
    const stopSecond = await workOn(temporal, world, { build: 'b2' });
    expect(await releasing('b2')).toEqual([
      'info: build b2 carries out what is pinned to it; deployments begin on b1 until `surefoot release b2`',
    ]);
    expect((await surefoot('status', early.deployment)).out).toContain('; build b1');
    const { code, out } = await surefoot('drain', 'b1', '--json');
    expect({ code, error: JSON.parse(out).error.message }).toEqual({
      code: 2,
      error: 'b1 is current: deployments begin on it',
    });

    const released = await surefoot('release', 'b2');
    expect(released.code, released.err).toBe(0);
    expect(released.out).toContain(`stays on b1: ${early.deployment}`);
    await vi.waitUntil(async () => (await versions()).builds.length === 2, { timeout: 20_000 });
    expect(await versions()).toMatchObject({
      current: 'b2',
      builds: [
        { id: 'b2', state: 'current', deployments: [], workers: 1 },
        { id: 'b1', state: 'draining', deployments: [early.deployment], workers: 1 },
      ],
    });
    const started = await surefoot('start', write('shipped.yaml', shippedText), '--as', 'ana.souza', '--json');
    expect(started.code, started.err).toBe(0);
    expect(JSON.parse(started.out)).toMatchObject({ build: 'b2', workers: 1 });
    await temporal.client.workflow.getHandle(JSON.parse(started.out).workflowId).terminate();

    await stop();
    const missed = await later('versions');
    expect(missed).toMatchObject({ code: 3, err: expect.stringContaining('Start `surefoot worker --build-id b1`') });
    expect(await later('drain', 'b1', '--wait')).toMatchObject({ code: 3 });
    const doctor = await later('doctor', write('shipped.yaml', shippedText));
    expect(doctor.out).toContain('Build b1 has no worker');
    await early.handle.terminate();
    const drained = await surefoot('drain', 'b1', '--wait');
    expect(drained).toMatchObject({ code: 0, out: expect.stringContaining('its worker may be stopped') });
    await stopSecond();
  }, 120_000);

  test('a build without a worker is named: nothing is started on it, and it is not released', async () => {
    // Of a service that has had no deployment.
    const file = write('other.yaml', shippedText.replace(/^service: .*$/m, 'service: other'));
    const refused = await later('start', file, '--as', 'ana.souza');
    expect(refused.code).toBe(3);
    expect(refused.err).toMatch(/^error: Build b2 has no worker .*\nStart `surefoot worker --build-id b2`/);
    expect(refused.err).not.toContain('API key');
    const unknown = await surefoot('release', 'b3', '--within', '1s');
    expect(unknown).toMatchObject({ code: 3, err: expect.stringMatching('Build b3 has no worker .*waited 1 s') });
    expect(await surefoot('drain', 'b3')).toMatchObject({ code: 2 });
    expect(await versions()).toMatchObject({ current: 'b2' });
  }, 60_000);
});
