/** A deployment that begins at an appointed time: seen at once, called off until then, begun by whichever worker is there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import type { Activities } from '../../src/contract/activities/activities.js';
import { type DeployInput, startAttributes } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import { deployWorkflowId, TASK_QUEUE } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { hasYetToBegin } from '../../src/domain/ledger/beginning.js';
import { renderBoard } from '../../src/domain/ledger/board.js';
import { projectFolder } from '../../src/local/folders.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPolicy, type Policy } from '../../src/policy/policy.js';
import { commandsAsk, surefoot } from '../client/command-line.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { replaceOnce, SHIPPED, shippedText, write } from '../plan/plan-files.js';
import { simulatedActivities } from '../report/simulated.js';

const temporal = workflowServer();
const HOUR = 3_600_000;
let plan: ResolvedPlan;
let count = 0;
/** Services whose repository was looked at: the first thing that a deployment does. */
let begun: string[];
let work: (policy?: Policy) => Promise<() => Promise<void>>;

beforeAll(() => {
  plan = { ...loadWhole(SHIPPED), evidence: join(temporal.folder, 'evidence') };
  const activities = {
    ...simulatedActivities(plan, { failing: new Set(), before: async () => {}, answer: async () => {} }),
    checkRepository: async (asked: Parameters<Activities['checkRepository']>[0]) => {
      begun.push(asked.key.deployment);
      throw ApplicationFailure.nonRetryable('seen');
    },
  };
  const workflowBundle = { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') };
  work = (policy) => {
    const admission = createAdmissionActivities({ runner: TASK_QUEUE, allowVirtualTime: false, policy });
    const all = { ...activities, ...admission };
    return temporal.work({ taskQueue: TASK_QUEUE, workflowBundle, activities: all, shutdownForceTime: '1s' });
  };
});

commandsAsk(temporal);
beforeEach(() => {
  begun = [];
});

async function begin(beginsAt: number, changes: Partial<DeployInput> = {}) {
  const service = `shop-${++count}`;
  const changed = { ...plan, service };
  const input: DeployInput = {
    deployment: `${service}-20251124-120000-ab12`,
    plan: changed,
    digest: digestOf(changed),
    startedBy: 'isabel.reis',
    clock: 'real',
    beginsAt,
    ...changes,
  };
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    taskQueue: TASK_QUEUE,
    workflowId: deployWorkflowId(service),
    args: [input],
    memo: { deployment: input.deployment, beginsAt },
    typedSearchAttributes: startAttributes(input),
  });
  return { handle, input };
}

const admitted = (handle: WorkflowHandle) =>
  vi.waitUntil(
    async () => {
      const ledger = await handle.query(statusQuery);
      return ledger.runner !== undefined && ledger;
    },
    { timeout: 60_000, interval: 100 },
  );

test('until its time it says when it begins and that nothing has run, and can be called off', async () => {
  const stop = await work();
  try {
    const { handle, input } = await begin(Date.now() + 9 * HOUR);
    const ledger = await admitted(handle);
    if (!ledger) throw new Error('not admitted');
    expect(hasYetToBegin(ledger)).toBe(true);
    expect(ledger.steps).toEqual([]);
    expect(renderBoard(ledger, Date.now())).toMatch(
      /\*\*begins at [\d-]+ [\d:]+ UTC \(in [\dhmins ]+\); nothing of it/,
    );
    const { out } = await surefoot('status', input.deployment);
    expect(out).toMatch(/begins at [\d-]+ [\d:]+ \(in [\dhmins ]+\); nothing of it has run/);
    expect(out).toContain('surefoot abort calls it off');
    const { out: listed } = await surefoot('list', '--service', input.plan.service);
    expect(listed).toMatch(/begins at [\d-]+ [\d:]+ \(in [\dhmins ]+\)/);
    const abort = { kind: 'abort', who: 'ana.souza', role: 'tech-lead', why: 'not tonight' } as const;
    await handle.executeUpdate(decideUpdate, { args: [abort] });
    expect(await handle.result()).toMatchObject({ outcome: 'aborted', steps: [] });
    expect(begun).toEqual([]);
  } finally {
    await stop();
  }
}, 120_000);

test('it begins at its time although the worker that admitted it has gone, by another, and not before', async () => {
  const first = await work();
  const beginsAt = Date.now() + 6_000;
  const { handle, input } = await begin(beginsAt);
  await admitted(handle);
  await first();
  const second = await work();
  try {
    await vi.waitUntil(() => begun.length > 0, { timeout: 60_000, interval: 50 });
    expect(Date.now()).toBeGreaterThanOrEqual(beginsAt);
    expect(begun).toEqual([input.deployment]);
    const ledger = await handle.query(statusQuery);
    expect(ledger.startedAt).toBeGreaterThanOrEqual(beginsAt);
    expect(hasYetToBegin(ledger)).toBe(false);
  } finally {
    await handle.terminate('seen');
    await second();
  }
}, 120_000);

test('what may not be carried out is refused when it is started, not in the night', async () => {
  const stop = await work();
  try {
    const { handle } = await begin(Date.now() + 9 * HOUR, { digest: 'f'.repeat(64) });
    expect(await handle.result()).toMatchObject({ outcome: 'aborted', reason: expect.stringContaining('digest') });
  } finally {
    await stop();
  }
}, 120_000);

describe('started by the command line', () => {
  const day = (days: number) => new Date(Date.now() + days * 24 * HOUR).toISOString().slice(0, 10);
  /** It may not be deployed to before noon of tomorrow. */
  const FROZEN = `timeZone: UTC\n  freeze: [{ title: Fair, from: ${day(-1)} 00:00, to: ${day(1)} 12:00 }]\n`;
  const startOf = (service: string, { frozen = false, options }: { frozen?: boolean; options: string[] }) => {
    const named = replaceOnce(shippedText, ['service: eduautismo\n', `service: ${service}\n`]);
    const text = frozen ? replaceOnce(named, ['timeZone: America/Sao_Paulo\n', FROZEN]) : named;
    return surefoot('start', write('plan.yaml', text), '--as', 'ana.souza', ...options);
  };

  test('for a time and signed for it, it begins then; until then no other is started, and the refusal says when it begins', async () => {
    const [key, other] = [makeKey(temporal.folder, 'ana'), makeKey(temporal.folder, 'bruno')];
    const file = join(temporal.folder, 'policy.yaml');
    const service = `shop-${++count}`;
    const lines = [
      'policy: 1',
      'people:',
      `  ana.souza: { name: Ana, roles: [lead], keys: [{ kind: ssh, key: "${key.publicKey}" }] }`,
      `  bruno.lima: { name: Bruno, roles: [qa], keys: [{ kind: ssh, key: "${other.publicKey}" }] }`,
      `services: { ${service}: { start: [lead], approve: [qa] } }`,
      'decisions: { rollback: [lead], move: [lead] }',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const stop = await work(loadPolicy(file));
    const at = new Date(Date.now() + 8_000).toISOString();
    try {
      const { code, out, err } = await startOf(service, { options: ['--at', at, '--sign', key.file, '--json'] });
      expect({ code, err }).toMatchObject({ code: 0 });
      const { deploymentId, beginsAt } = JSON.parse(out);
      expect(beginsAt).toBe(at);
      const handle = temporal.client.workflow.getHandle(deployWorkflowId(service));
      await admitted(handle);
      const second = await startOf(service, { options: ['--sign', key.file] });
      expect(second).toMatchObject({ code: 2, out: '' });
      expect(second.err).toMatch(
        new RegExp(`${deploymentId} .*begins at [\\d-]+ [\\d:]+ \\(in [\\d ms]+\\); a service has one live deployment`),
      );
      const { deployments } = JSON.parse((await surefoot('list', '--service', service, '--json')).out);
      expect(deployments).toEqual([expect.objectContaining({ deploymentId, outcome: 'running', beginsAt: at })]);
      expect(begun).toEqual([]);
      await vi.waitUntil(() => begun.length > 0, { timeout: 60_000, interval: 50 });
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(at));
      expect(begun).toEqual([deploymentId]);
      await handle.terminate('seen');
    } finally {
      await stop();
    }
  }, 120_000);

  test.each([
    ['a time that is past', ['--at', '2020-01-01T00:00Z'], /is past: nothing was started/],
    ['a time without its zone', ['--at', '2031-01-01T02:00'], /cannot be told from "2031-01-01T02:00".*with its zone/s],
    ['a time too far ahead', ['--at', '2099-01-01T02:00Z'], /more than 14 days ahead/],
    ['two beginnings', ['--at', '02:00', '--when-window-opens'], /cannot be used with/],
    ['a time outside the window', ['--at', `${day(1)}T11:00Z`], /deploy window is closed; it opens .* 12:00 UTC/],
    ['a key that is none', ['--at', `${day(2)}T02:00Z`, '--sign', '/nowhere'], /could not be signed/],
  ])('%s is refused in words, and nothing is started', async (_, options, why) => {
    const service = `shop-${++count}`;
    expect(await startOf(service, { frozen: true, options })).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(why),
    });
    await expect(temporal.client.workflow.getHandle(deployWorkflowId(service)).describe()).rejects.toThrow();
  });

  test('when its window opens: it says when that is, and is called off before it having done nothing', async () => {
    const stop = await work();
    const service = `shop-${++count}`;
    try {
      const { code, out, err } = await startOf(service, { frozen: true, options: ['--when-window-opens'] });
      expect({ code, err }).toMatchObject({ code: 0 });
      expect(out).toMatch(/time +begins .* 12:00 UTC .*, when the plan’s deploy window opens/);
      const handle = temporal.client.workflow.getHandle(deployWorkflowId(service));
      await admitted(handle);
      const abort = [
        'abort',
        '--deployment',
        service,
        '--as',
        'ana.souza',
        '--role',
        'tech-lead',
        '--why',
        'not tonight',
      ];
      expect(await surefoot(...abort)).toMatchObject({ code: 0 });
      expect(await handle.result()).toMatchObject({ outcome: 'aborted', steps: [] });
      expect(begun).toEqual([]);
    } finally {
      await stop();
    }
  }, 120_000);
});
